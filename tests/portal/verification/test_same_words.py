"""Offline and online, by command, API and page: the same verdicts, word for word."""

from __future__ import annotations

import html
import io
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portal.verification.offline import main, plain
from tests.portal.client import PortalClient
from tests.portal.verification.samples import Samples
from tests.timestamping.evidence import House

GOOD = ("package", "package-without", "letter", "capture", "draw", "certificate")
#: what becomes of what was not issued: the answer, and the check that says why
BAD = {
    "file-swapped": ("differs", "12"),
    "manifest-not-remade": ("differs", "3"),
    "letter-byte": ("differs", None),
    "letter-cut": (None, None),
    "segment-changed": ("differs", None),
    "certificate-byte": ("differs", None),
    "other-ledger": ("differs", "11"),
    "imitation": ("differs", "18"),
    "imitation-certificate": ("differs", None),
    "seal-picture": ("differs", "13"),
    "plain-pdf": ("unknown", "1"),
    "password": ("unknown", "1"),
    "draft": ("differs", "13"),
    "text": ("unknown", "1"),
    "traversal": ("differs", "1"),
    "absolute": ("differs", "1"),
    "duplicate": ("differs", None),
    "twice": ("differs", "1"),
    "symlink": ("differs", "1"),
    "many": ("differs", "1"),
    "bomb": ("differs", "1"),
    "nested": ("unknown", "1"),
    "empty-zip": ("unknown", "1"),
    "cut": ("unknown", "1"),
    "some-zip": ("unknown", "1"),
    "markup": ("differs", "1"),
}
_SAID = ("answer", "subject", "sentence", "detail", "ticks")
_TAGS = re.compile(r"<[^>]+>")


@pytest.fixture
def anchors(house: House, tmp_path: Path) -> Path:
    """What the office publishes, for ``--trust``."""
    folder = tmp_path / "trust"
    folder.mkdir()
    for name, data in house.trust().files().items():
        (folder / name).write_bytes(data)
    return folder


class Asking:
    """One sample, asked about in every way."""

    def __init__(self, sample: tuple[str, bytes], folder: Path, anchors: Path, capsys: Any) -> None:
        self.name, self.data = sample
        self.path = folder / self.name
        self.path.write_bytes(self.data)
        self._anchors, self._capsys = anchors, capsys
        # An address of its own: so many uploads from one are too many.
        self._from = {"REMOTE_ADDR": f"203.0.113.{zlib.crc32(self.data) % 250}"}

    def command(self, *options: str) -> tuple[int, str]:
        status = main([str(self.path), "--trust", str(self._anchors), *options])
        return status, self._capsys.readouterr().out

    def page(self, reader: PortalClient) -> str:
        upload = {"evidence": (io.BytesIO(self.data), self.name)}
        answer = reader.post(
            "/verify/examine", data=upload, headers={"X-Fragment": "1"}, environ_base=self._from
        )
        assert answer.status_code == 200
        return str(answer.text)

    def api(self, reader: PortalClient) -> dict[str, Any]:
        upload = {"evidence": (io.BytesIO(self.data), self.name)}
        answer = reader.post("/api/v1/verification/package", data=upload, environ_base=self._from)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return dict(answer.json)


def shown(page: str, pattern: str) -> list[str]:
    """The text of every element of the page that ``pattern`` finds."""
    found = re.findall(pattern, page, re.DOTALL)
    return [" ".join(html.unescape(_TAGS.sub("", each)).split()) for each in found]


def checks_of(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [check for tick in said["ticks"] for check in tick["checks"]]


def squeezed(text: str) -> str:
    return " ".join(text.split())


ARCHIVES = ("traversal", "absolute", "duplicate", "twice", "symlink", "many", "bomb", "nested")
ARCHIVES += ("empty-zip", "cut", "some-zip", "markup")
GROUPS = {
    "issued": GOOD,
    "changed": [name for name in BAD if name not in ARCHIVES],
    "archives": ARCHIVES,
}


@pytest.mark.parametrize("group", GROUPS)
def test_the_same_everywhere(
    group: str,
    samples: Samples,
    anchors: Path,
    reader: Callable[[str], PortalClient],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    readers = {language: reader(language) for language in ("zh", "en")}
    for name in GROUPS[group]:
        asking = Asking(samples[name], tmp_path, anchors, capsys)
        status, output = asking.command("--json")
        said = json.loads(output)
        expect(name, status, said)
        same_api(said, asking.api(readers["en"]))
        for language, stranger in readers.items():
            same_page(said, asking.page(stranger), language)
        same_lines(said, asking.command()[1].splitlines())


def expect(name: str, status: int, said: dict[str, Any]) -> None:
    """What was issued matches, and nothing else does: the check that says why is named."""
    assert status == {"matches": 0, "differs": 1, "unknown": 2}[said["answer"]]
    if name in GOOD:
        assert said["answer"] == "matches", name
        return
    answer, number = BAD[name]
    assert said["answer"] in ({answer} if answer else {"differs", "unknown"}), name
    culprits = [each for each in checks_of(said) if each["outcome"] in ("fail", "unknown")]
    assert culprits, name
    assert number is None or number in {each["label"] for each in culprits}, name


def same_api(said: dict[str, Any], api: dict[str, Any]) -> None:
    for key in (*_SAID, "summary", "software"):
        assert api[key] == said[key]


def same_page(said: dict[str, Any], page: str, language: str) -> None:
    assert shown(page, r'<p class="verdict-sentence">(.*?)</p>') == [said["sentence"][language]]
    detail = shown(page, r'<p class="verdict-detail">(.*?)(?:<br>|</p>)')
    assert detail == [said["detail"][language]]
    if said["answer"] != "matches":
        summary = shown(page, r'<span class="verdict-summary">(.*?)</span>')
        assert summary == [squeezed(said["summary"][language])]
    reasons = shown(page, r'<span class="tick-why">(.*?)</span>')[: len(said["ticks"])]
    assert reasons == [tick["reason"][language] for tick in said["ticks"]]
    titles = shown(page, r'<b class="check-number">(.*?)<span class="visually-hidden">')
    wanted = [f"{each['label']} {each['titles'][language]}" for each in checks_of(said)]
    assert titles == wanted
    details = shown(page, r'<small lang="en"><bdi>(.*?)</bdi></small>')
    assert details == [squeezed(each["detail"]) for each in checks_of(said) if each["detail"]]


def same_lines(said: dict[str, Any], lines: list[str]) -> None:
    assert lines[:2] == [said["sentence"]["zh"], said["sentence"]["en"]]
    assert lines[2:4] == [plain(said["summary"]["zh"]), plain(said["summary"]["en"])]
    for tick in said["ticks"]:
        for language in ("zh", "en"):
            assert f"  {tick['reason'][language]}" in lines
    for check in checks_of(said):
        line = f"{check['label']:>2} {check['titles']['zh']} {check['titles']['en']}"
        line += f": {plain(check['detail'])}" if check["detail"] else ""
        assert any(each.endswith(line) for each in lines), line


def test_the_samples_are_all_looked_at(samples: Samples) -> None:
    assert set(samples) == {*GOOD, *BAD}


def test_a_password_is_told_as_such(
    samples: Samples, anchors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, text = Asking(samples["password"], tmp_path, anchors, capsys).command("--lang", "en")
    assert text.startswith("This cannot be checked now.\n")
    assert "password" in text.splitlines()[1]
