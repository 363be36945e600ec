"""Evidence on its way into the vault: whole, compared, and unharmed by whoever dies."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.audit.actor import Actor
from portal.captures.hosts import Hosts
from portal.captures.models import Capture, CaptureState
from portal.captures.service import CaptureService, Said
from portal.deposits.captured import Kept, read_captured
from portal.services import Services
from portal.storage import VaultUnavailable
from portal.storage.files import FileVault
from tests.effort import some
from tests.portal.captures.conftest import Clock, Drive, with_hosts
from tests.portal.captures.evidence import SEGMENT
from tests.portal.captures.fake import FakeDesktop


class Killed(BaseException):
    """No handler sees it, as none sees SIGKILL."""


@pytest.fixture
def ended(captures: CaptureService, actor: Actor, live: Capture, desk: FakeDesktop) -> Capture:
    """A session whose evidence waits on its host."""
    captures.live.finish(actor, live.id)
    desk.finish(live.session)
    desk.observe(live.session)
    return live


def collect(captures: CaptureService, clock: Clock, rounds: int = 8) -> None:
    for _ in range(rounds):
        captures.collect()
        clock.forward(minutes=1)


@pytest.mark.parametrize("seed", some(range(6), (0, 3)))
def test_killed_anywhere_it_goes_on_and_keeps_each_file_once(
    services: Services,
    captures: CaptureService,
    actor: Actor,
    ended: Capture,
    desk: FakeDesktop,
    drive: Drive,
    reload: Callable[[Capture], Capture],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    deadly = random.Random(seed)  # noqa: S311 (no secret)

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def act(*arguments: object, **more: object) -> object:
            if deadly.random() < 0.08:
                raise Killed
            found = real(*arguments, **more)
            if deadly.random() < 0.08:
                raise Killed
            return found

        return act

    with monkeypatch.context() as patched:
        for name in ("intake", "put"):
            patched.setattr(FileVault, name, dying(getattr(FileVault, name)))
        for name in ("read", "files", "destroy"):
            patched.setattr(FakeDesktop, name, dying(getattr(FakeDesktop, name)))
        for _ in range(60):
            try:
                captures.collect()
            except Killed:
                # A new process knows only what the rows say.
                captures = with_hosts(services, Hosts({"fake:": desk})).captures
    drive()
    kept = reload(ended)
    assert kept.state == CaptureState.REVIEW
    files = captures.shelves.files(kept)
    assert len(files) == kept.file_count
    for file in files:
        assert services.vault.content(file.vault_key or "").sha256.hex == file.sha256
    captures.seal(actor, kept.id, Said("", ""))
    assert not desk.there


@pytest.mark.parametrize(
    ("damage", "culprit"),
    [
        (lambda d: (d / "stills/0001.png").write_bytes(b"x"), "stills/0001.png"),
        (lambda d: (d / "log/events.jsonl").unlink(), "log/events.jsonl"),
        (lambda d: (d / "downloads/more.exe").write_bytes(b"x"), "downloads/more.exe"),
        (lambda d: _flip(d / "recording/segment-000002.mp4"), "recording/segment-000002.mp4"),
        (lambda d: (d / "manifest.json").write_text("{}"), "manifest"),
        (lambda d: _other_session(d / "manifest.json"), "another session"),
    ],
)
def test_what_is_not_what_the_manifest_says_is_refused_by_name(
    captures: CaptureService,
    ended: Capture,
    desk: FakeDesktop,
    clock: Clock,
    reload: Callable[[Capture], Capture],
    damage: Callable[[Path], object],
    culprit: str,
) -> None:
    damage(desk.evidence(ended.session))
    collect(captures, clock)
    found = reload(ended)
    assert found.state == CaptureState.FAILED
    assert culprit in found.reason


def test_a_fault_that_passes_costs_nothing(
    captures: CaptureService,
    ended: Capture,
    clock: Clock,
    reload: Callable[[Capture], Capture],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise VaultUnavailable("the vault cannot write: no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(FileVault, "intake", full)
        collect(captures, clock, rounds=12)
    waiting = reload(ended)
    assert waiting.state == CaptureState.FINISHING
    assert "no space left" in (waiting.wait_detail or "")
    clock.forward(minutes=2)
    collect(captures, clock)
    assert reload(ended).state == CaptureState.REVIEW


def test_a_recording_that_never_closes_is_given_up(
    captures: CaptureService, actor: Actor, live: Capture, desk: FakeDesktop, clock: Clock, reload
) -> None:  # type: ignore[no-untyped-def]
    desk.ends = False
    captures.live.finish(actor, live.id)
    collect(captures, clock, rounds=12)
    assert reload(live).state == CaptureState.FAILED


def test_a_restarted_portal_finds_the_session_going_on(
    services: Services, actor: Actor, live: Capture, desk: FakeDesktop, reload
) -> None:  # type: ignore[no-untyped-def]
    restarted = with_hosts(services, Hosts({"fake:": desk})).captures
    restarted.drive()
    assert reload(live).state == CaptureState.LIVE
    assert ("create", live.session) in desk.calls
    assert desk.calls.count(("create", live.session)) == 1
    restarted.live.finish(actor, live.id)
    for _ in range(4):
        restarted.collect()
    assert reload(live).state == CaptureState.REVIEW


def test_what_stands_in_the_evidence_is_read_for_people(
    captures: CaptureService, actor: Actor, reviewed: Capture
) -> None:
    _, found = captures.shelves.look(actor, reviewed.id)
    assert [each.number for each in found.segments] == [1, 2, 3]
    assert found.segments[1].start == pytest.approx(SEGMENT)
    assert found.seconds == pytest.approx(3 * SEGMENT, abs=0.3)
    kinds = [each.kind for each in found.moments]
    assert kinds.count("navigation") == kinds.count("page") == 1
    assert found.moments[1].fields["title"] == "商店"
    assert [number for number, _ in found.stills] == [1]
    assert set(found.pages[0].files) == {"png", "mhtml", "pdf", "json"}
    assert [each.name for each in found.results][:2] == ["hosts", "proxy"]


def test_logs_that_make_no_sense_are_passed_over() -> None:
    strange = {
        "recording/chain.jsonl": b'{"type":"segment"}\nnot json\n[1]\n{"type":"gap","from":true}\n',
        "log/events.jsonl": b'{"at":"never"}\n{"at":"2026-11-21T02:00:00Z","kind":7}\n\xff\n',
        "environment.json": b'{"results":[{"name":1}]}',
    }
    files = [Kept(at, path, 1, "00" * 32, path) for at, path in enumerate(strange)]

    def opener(file: Kept):  # type: ignore[no-untyped-def]
        return io.BytesIO(strange[file.path])

    found = read_captured(files, opener)
    assert not found.segments
    assert not found.results
    assert found.seconds == 0.0


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _other_session(path: Path) -> None:
    value = json.loads(path.read_text())
    path.write_text(json.dumps(value | {"session": "0" * 32}))
