"""The documents agree with the code they describe."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from portal.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def _table_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_setting_is_described_and_none_that_does_not_exist() -> None:
    section = (ROOT / "docs/operations.md").read_text().split("## Settings")[1].split("###")[0]
    described = {
        name for row in _table_rows(section) for name in re.findall(r"`([A-Z0-9_]+)`", row[0])
    }
    assert described == {name.upper() for name in Settings.model_fields}


def test_every_direct_dependency_has_its_line_of_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for group in project["optional-dependencies"].values() for name in group]
    declared = {re.split(r"[\[><=~!]", name)[0] for name in project["dependencies"] + extras}
    text = (ROOT / "docs/dependencies.md").read_text().split("## In the browser")[0]
    rows = [row for row in _table_rows(text) if row[0] not in {"package", "---"}]
    assert {row[0] for row in rows} == declared
    assert all(len(row[-1]) >= 5 for row in rows)


def test_lock_files_carry_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pinned = re.findall(r"^[a-z0-9].*==.*$", text, re.MULTILINE)
        assert pinned
        assert all(line.endswith("\\") for line in pinned), "every pin is followed by its hashes"


def test_the_two_locks_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        found = re.findall(r"^(\S+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)
        return dict(found)

    serving, developing = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: developing.get(name) for name in serving} == serving


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_resolve(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_make_targets_named_in_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"`make ([a-z-]+)", document.read_text())
    }
    assert named <= targets
