"""What a session of thirty minutes costs at its end: into the vault, sealed, and its letter.

The desktop is scripted; its evidence has the size of a real session's (180 segments of a busy
screen, a web archive, stills) and random bytes, which neither the vault nor the ledger can tell
apart.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import migrations
from benchmarks._figures import figure
from forensics.desktop import layout
from forensics.desktop.interface import Phase, Terminal
from forensics.manifest import About, Ending, build_manifest
from portal.accounts.service import create_user
from portal.audit.actor import Actor
from portal.captures.hosts import Hosts
from portal.captures.service import CaptureService, Said, Wish
from portal.cases.filing import Filing
from portal.deposits.models import State
from portal.services import Services, build_services
from portal.settings import Environment, Settings
from tests.portal.captures.evidence import write_evidence
from tests.portal.captures.fake import FakeDesktop

_SEGMENTS, _SEGMENT, _ARCHIVE, _STILLS, _STILL = 180, 800_000, 30_000_000, 20, 300_000
_PASSWORD = "correct horse battery staple"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            environment=Environment.TEST,
            data_dir=folder / "var",
            desktops="",
        )
        services = build_services(settings)
        migrations.upgrade(services.database)
        try:
            _measure(services, FakeDesktop(folder / "desk"))
        finally:
            services.close()


def _measure(services: Services, desk: FakeDesktop) -> None:
    tools = services.deposits.tools
    captures = CaptureService(tools, Filing(tools), Hosts({"fake:": desk}), b"s" * 32)
    process = Actor.process("benchmark")
    user = create_user(
        services.database, services.settings, process, "a@example.com", "A", _PASSWORD
    )
    actor = Actor(user.id, user.name, user.role_names)
    capture = captures.ask(actor, Wish(start_url="https://example.com/"))
    _until(captures, lambda: captures.live.standing(actor, capture.id).capture.state == "live")
    desk.ends = False  # its evidence is laid here
    captures.live.finish(actor, capture.id)
    size = _lay(desk, capture.session)
    begin = time.monotonic()
    desk.set(capture.session, phase=Phase.ENDED, terminal=Terminal.COMPLETE)
    _until(captures, lambda: captures.live.standing(actor, capture.id).capture.state == "review")
    kept = time.monotonic()
    deposit = captures.seal(actor, capture.id, Said("thirty minutes", ""))
    sealed = time.monotonic()
    while services.deposits.get(actor, deposit).state != State.ISSUED:
        services.deposits.advance()
    issued = time.monotonic()
    figure("evidence of a session of 30 minutes", size / 1e6, "MB", 0)
    figure("from its end into the vault", kept - begin, "s", 10, at_most=True)
    figure("from the click on Seal to the deposit", sealed - kept, "s", 10, at_most=True)
    figure("from the click on Seal to the letter", issued - kept, "s", 10, at_most=True)


def _until(captures: CaptureService, reached: Callable[[], bool]) -> None:
    while not reached():
        captures.drive()
        captures.collect()


def _lay(desk: FakeDesktop, session: str) -> int:
    """The evidence of half an hour; its bytes."""
    folder = desk.evidence(session)
    ending = Ending(Terminal.COMPLETE.value, "finished")
    write_evidence(folder, session, ending, subject={})
    for number in range(10, 10 + _SEGMENTS):
        (folder / layout.segment(number)).write_bytes(os.urandom(_SEGMENT))
    for number in range(10, 10 + _STILLS):
        (folder / layout.still(number)).write_bytes(os.urandom(_STILL))
    (folder / layout.WACZ).write_bytes(os.urandom(_ARCHIVE))
    (folder / layout.MANIFEST).unlink()
    about = About(session, {}, {"width": 1280, "height": 800}, {"isolation": "isolated"})
    (folder / layout.MANIFEST).write_bytes(build_manifest(folder, about, ending))
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
