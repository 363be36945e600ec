"""A session from the first frame to the manifest, and every command on the way."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from PIL import Image

from forensics.desktop import layout
from forensics.desktop.interface import Phase, Step, Terminal
from forensics.errors import InvalidSpec, WrongState
from tests.forensics.evidence import response
from tests.forensics.session.conftest import Keep
from tests.forensics.session.judging import require_sound
from tests.forensics.session.keeping import CLEAN, Kept
from tests.forensics.slowness import Stalls
from tests.forensics.xvnc import XServer
from timestamping.authority.pki import Pki


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    return Pki.open(folder, passphrase=None, base_url="https://x.example", organisation="x")


def attest(kept: Kept, pki: Pki, head: str) -> str:
    token = base64.b64encode(response(pki.authority(), head)).decode()
    return str(kept.ask("attest", head=head, token_b64=token)["file"])


def send(kept: Kept, name: str, data: bytes, piece: int = 700) -> dict[str, Any]:
    key = kept.ask("upload_begin", name=name, size=len(data))["id"]
    for at in range(0, len(data), piece):
        part = base64.b64encode(data[at : at + piece]).decode()
        kept.ask("upload_piece", id=key, offset=at, data_b64=part)
    return kept.ask("upload_end", id=key, sha256=hashlib.sha256(data).hexdigest())


def test_a_session_from_start_to_seal(
    screen: XServer, keep: Keep, pki: Pki, stalls: Stalls
) -> None:
    kept = keep(screen.display, wait_final_token_seconds=20)
    kept.until(lambda seen: seen.recording)
    assert not kept.gate()
    with pytest.raises(WrongState):
        kept.ask("mark", note="too early")
    with pytest.raises(WrongState):
        kept.ask("input", on=True)
    kept.go_live()
    assert [step.step for step in kept.status().steps] == [
        *(Step.RECORDER, Step.CLEANLINESS, Step.INPUT)
    ]
    kept.until(lambda _: kept.gate())

    first = kept.status().head
    assert attest(kept, pki, first) == layout.token(1)
    assert attest(kept, pki, first) == layout.token(1)
    still = kept.ask("still")
    with Image.open(kept.folder.evidence / still["file"]) as picture:
        assert picture.size == (1280, 800)
    assert kept.ask("mark", note="看这里")["n"] > 5
    assert kept.ask("paste", text="秘密 secret") == {"characters": 9}
    assert send(kept, "../合同:1.txt", b"x" * 2000) == {
        "name": "_合同_1.txt",
        "file": "uploads/_合同_1.txt",
    }
    assert send(kept, "合同:1.txt", b"y")["name"] == "合同_1.txt"
    assert (kept.folder.box_in / "_合同_1.txt").read_bytes() == b"x" * 2000
    kept.ask("viewer", joined=True, role="owner")
    kept.ask("activity")
    lines = kept.ask("events", after=0)["lines"]
    assert [line["n"] for line in lines] == list(range(1, len(lines) + 1))
    assert kept.ask("events", after=lines[-1]["n"])["lines"] == []

    kept.ask("finish")
    kept.until(lambda seen: seen.final)
    assert not kept.gate()
    assert attest(kept, pki, kept.status().head) == layout.token(2)
    manifest = kept.ended()
    assert manifest["terminal"] == "complete"
    assert manifest["recording"]["final_token"]
    assert manifest["subject"] == {"case": "测试"}
    listed = {each["path"]: each for each in manifest["files"]}
    assert listed["uploads/_合同_1.txt"]["name"] == "../合同:1.txt"
    assert listed[still["file"]]["sha256"] == still["sha256"]
    seen = kept.status()
    assert (seen.phase, seen.terminal) == (Phase.ENDED, Terminal.COMPLETE)
    # A gap for each time the machine stood still.
    gaps = manifest["recording"]["gaps"]
    assert gaps == [] or stalls.lost > 0.5
    assert seen.counts == {
        "stills": 1, "pages": 0, "downloads": 0, "uploads": 2, "marks": 1, "gaps": len(gaps),
    }  # fmt: skip
    log = (kept.folder.evidence / layout.EVENTS).read_text()
    assert "秘密" not in log
    assert hashlib.sha256("秘密 secret".encode()).hexdigest() in log
    require_sound(kept.folder.evidence, pki.trust())


def test_what_a_live_session_refuses(screen: XServer, keep: Keep, pki: Pki) -> None:
    kept = keep(screen.display)
    kept.go_live()
    wrong = base64.b64encode(response(pki.authority(), "ab" * 32)).decode()
    head = kept.status().head
    refused: list[tuple[str, dict[str, Any], type[Exception], str]] = [
        ("attest", {"head": head, "token_b64": wrong}, InvalidSpec, "not over this head"),
        ("attest", {"head": "ab" * 32, "token_b64": wrong}, InvalidSpec, "no head of"),
        ("attest", {"head": head, "token_b64": "!"}, InvalidSpec, "base64"),
        ("attest", {"head": head, "token_b64": "AAAA"}, InvalidSpec, "no time-stamp"),
        ("environment", {"results": CLEAN}, WrongState, "already"),
        ("upload_begin", {"name": "x", "size": 1 << 40}, InvalidSpec, "at most"),
        ("upload_piece", {"id": "x", "offset": 0, "data_b64": ""}, InvalidSpec, "no such upload"),
        ("upload_end", {"id": "x", "sha256": ""}, InvalidSpec, "no such upload"),
        ("mark", {"note": "x" * 2001}, InvalidSpec, "at most"),
        ("mark", {}, InvalidSpec, "needs note"),
        ("paste", {"text": ""}, InvalidSpec, "characters"),
        ("note", {"kind": "input_on"}, InvalidSpec, "no note is"),
        ("note", {"kind": "discard", "prev": "x"}, InvalidSpec, "reserved"),
        ("navigate", {"url": "file:///etc/passwd"}, InvalidSpec, "http"),
        ("page", {}, WrongState, "browser"),
        ("dance", {}, InvalidSpec, "no command"),
    ]
    for name, arguments, kind, sentence in refused:
        with pytest.raises(kind, match=sentence):
            kept.ask(name, **arguments)
    key = kept.ask("upload_begin", name="a", size=3)["id"]
    kept.ask("upload_piece", id=key, offset=0, data_b64="YWI=")
    assert kept.ask("upload_piece", id=key, offset=0, data_b64="YWI=") == {"size": 2}
    with pytest.raises(InvalidSpec, match="goes on at byte 2 of 3"):
        kept.ask("upload_piece", id=key, offset=1, data_b64="YWI=")
    with pytest.raises(InvalidSpec, match="did not arrive"):
        kept.ask("upload_end", id=key, sha256="00" * 32)
    assert kept.finish()["terminal"] == "complete"
    assert list((kept.folder.evidence / "uploads").iterdir()) == []


def test_nobody_there_ends_it_after_a_warning(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display, idle_seconds=12, warn_seconds=8)
    kept.go_live()
    manifest = kept.ended()
    assert (manifest["terminal"], manifest["reason"]) == (
        "complete",
        "nobody used it for a while",
    )
    assert manifest["events"]["kinds"]["warning"] == 1
    require_sound(kept.folder.evidence)


def test_the_limit_ends_it(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display, limits={"seconds": 12})
    kept.go_live()
    manifest = kept.ended()
    assert (manifest["terminal"], manifest["reason"]) == (
        "complete",
        "the time limit was reached",
    )
    require_sound(kept.folder.evidence)


def test_frozen_is_never_complete(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display)
    kept.go_live()
    kept.ask("freeze", reason="an operator stopped it")
    assert not kept.gate()
    with pytest.raises(WrongState, match="operator"):
        kept.ask("input", on=True)
    manifest = kept.finish()
    assert (manifest["terminal"], manifest["reason"]) == ("interrupted", "an operator stopped it")
    require_sound(kept.folder.evidence)


def test_asked_to_end_by_a_signal(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display)
    kept.go_live()
    kept.process.terminate()
    assert kept.ended()["terminal"] == "interrupted"
    require_sound(kept.folder.evidence)


def test_input_off_and_on_again(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display)
    kept.go_live()
    kept.until(lambda _: kept.gate())
    assert kept.ask("input", on=False) == {"on": False}
    assert not kept.gate()
    assert kept.ask("input", on=True) == {"on": True}
    kept.until(lambda _: kept.gate())
    manifest = kept.finish()
    assert manifest["events"]["kinds"]["input_on"] == 2
    require_sound(kept.folder.evidence)


def test_logs_of_the_desktop_service_come_along(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display)
    kept.folder.dns_log.write_text('{"name":"example.org"}\n')
    kept.folder.egress_log.symlink_to("/etc/passwd")
    kept.go_live()
    manifest = kept.finish()
    assert manifest["logs"] == {"dns": layout.DNS}
    # Not followed; and because something is missing, it is not complete.
    assert manifest["terminal"] == "interrupted"
    assert layout.EGRESS in manifest["lacking"][0]
