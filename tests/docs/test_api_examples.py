"""Every block of ``docs/api.md`` is run, in order, against a portal of its own on 127.0.0.1."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.server import ROOT, LivePortal, live_portal
from tests.ports import free_port

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PERSON = "you@example.com"
_PATIENCE = 120


def _blocks(language: str) -> list[str]:
    text = (ROOT / "docs/api.md").read_text()
    return [body for name, body in _BLOCK.findall(text) if name == language]


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    folder = tmp_path_factory.mktemp("api")
    with live_portal(folder, WEBHOOK_ALLOW_PRIVATE="127.0.0.0/8") as live:
        person = ("create-user", _PERSON, "--name", "Li Ming", "--password-stdin")
        live.flask(*person, entered="correct horse battery staple\n")
        yield live


@pytest.fixture(scope="module")
def environment(portal: LivePortal) -> dict[str, str]:
    tools = Path(sys.executable).parent
    return portal.environment | {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PORTAL": portal.url,
        "HOOK": f"http://127.0.0.1:{free_port()}/hooks/notary",
    }


def _run(command: list[str], script: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        input=script,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_calls_of_curl(environment: dict[str, str], tmp_path: Path) -> None:
    blocks = _blocks("sh")
    assert len(blocks) >= 10
    script = "set -euo pipefail\n" + "\n".join(blocks)
    said = _run(["bash"], script, tmp_path, environment)
    assert json.loads((tmp_path / "deposit.json").read_text())["title"].startswith("Lease")
    assert "99 1\n" in said, "of a hundred digests one was none"
    assert (tmp_path / "letter").read_bytes().startswith(b"%PDF-")
    assert (tmp_path / "package").read_bytes().startswith(b"PK")
    for name in ("by-digest.json", "by-package.json"):
        report = json.loads((tmp_path / name).read_text())
        assert report["answer"] in {"matches", "unknown"}, report
        assert not [tick for tick in report["ticks"] if tick["outcome"] == "fail"]
    assert "422\n" in said
    assert json.loads((tmp_path / "error.json").read_text())["error"]["code"] == "digest_missing"
    assert json.loads((tmp_path / "webhook.json").read_text())["secret"].startswith("whsec_")


def test_the_calls_of_python(
    portal: LivePortal, environment: dict[str, str], tmp_path: Path
) -> None:
    blocks = _blocks("python")
    assert len(blocks) >= 10
    own = environment | {"KEY": portal.flask("api-key", _PERSON).strip().splitlines()[-1]}
    lines = _run([sys.executable, "-"], "\n".join(blocks), tmp_path, own).splitlines()
    assert "['read', 'write']" in lines
    assert "digest True" in lines
    assert "100 []" in lines
    assert any(line.startswith("b'%PDF-' ") for line in lines)
    assert any(line.startswith("matches ") for line in lines)
    assert "True" in lines, "the path led to the root"
    assert "204 webhook.test" in lines
    assert lines[-1] == "422 digest_missing sha256 None"
