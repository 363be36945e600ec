"""The page for those who write a ledger shows nothing but pieces of what the tests install."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chain_adapter import conformance, errors
from chain_adapter.conformance.__main__ import judged

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/writing-a-ledger.md").read_text()
TOY = ROOT / "tests/contract/toy_ledger"
SOURCES = {
    "python": [path.read_text() for path in sorted(TOY.rglob("*.py"))]
    + [conformance.__doc__ or ""],
    "toml": [(TOY / "pyproject.toml").read_text()],
}
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def without_margin(text: str) -> str:
    """Each line without the white space before and after it, and no empty ones: a docstring indents
    what it shows, and methods stand closer in their class than alone on a page."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_every_sample_is_a_piece_of_the_toy(number: int) -> None:
    language, sample = BLOCKS[number]
    if language == "console":
        return  # judged below
    wanted = without_margin(sample)
    assert any(wanted in without_margin(source) for source in SOURCES[language]), sample


def test_the_page_shows_all_pieces() -> None:
    languages = [language for language, _ in BLOCKS]
    assert languages.count("python") >= 9
    assert set(languages) == {"python", "toml", "console"}


def test_what_the_command_prints_is_as_shown() -> None:
    (shown,) = (sample for language, sample in BLOCKS if language == "console")
    printed = [f"kept   {name}" for name, outcome in judged("tlog:ledger") if outcome is None]
    lines = [line for line in shown.splitlines() if line.startswith("kept")]
    assert lines == printed[: len(lines)]
    assert "python -m chain_adapter.conformance toy:ledger" in shown


def test_every_error_and_result_that_counts_is_explained() -> None:
    for name in ("Retryable", "Unknown", "Conflict", "Denied", "QuorumNotReached", "Fatal"):
        assert f"| `{name}` |" in PAGE
        assert hasattr(errors, name)
    for method in ("_append", "_lookup", "_refresh", "_prove", "_events", "_health", "awaited"):
        assert method in PAGE
