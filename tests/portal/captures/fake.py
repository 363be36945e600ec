"""A desktop host in memory: does what tests tell it, and leaves real evidence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensics.desktop.interface import (
    Desktop,
    DesktopSpec,
    Endpoints,
    Isolation,
    Observation,
    Phase,
    Probe,
    Step,
    StepReport,
    Terminal,
)
from forensics.errors import NoCapacity, UnknownSession, WrongState
from forensics.manifest import Ending
from forensics.session.tokens import token_over
from tests.portal.captures.evidence import write_evidence


@dataclass
class Session:
    """``attested`` are the heads that came back time-stamped."""

    spec: DesktopSpec
    folder: Path
    seen: Observation
    attested: list[str] = field(default_factory=list)
    commands: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


class FakeDesktop(Desktop):
    """``errors``: method → what it raises from now on. ``goes_live``: a launched session is live
    when it is next observed; ``ends``: a finished one has ended then. ``terminal`` and ``gap`` are
    of the evidence that is left."""

    def __init__(self, folder: Path, capacity: int = 2) -> None:
        self.folder, self.capacity = folder, capacity
        self.there: dict[str, Session] = {}
        self.calls: list[tuple[str, str]] = []
        self.errors: dict[str, Exception] = {}
        self.goes_live, self.ends = True, True
        self.terminal, self.reason, self.gap = Terminal.COMPLETE, "", False
        self.available, self.reasons = True, ()

    # -- What tests say -----------------------------------------------------------------------

    def set(self, session: str, **changes: Any) -> None:
        """How the session stands from now on."""
        one = self._session("set", session)
        one.seen = replace(one.seen, **changes)

    def evidence(self, session: str) -> Path:
        return self.there[session].folder

    # -- What hosts do ------------------------------------------------------------------------

    def probe(self) -> Probe:
        self._called("probe", "")
        running = sum(each.seen.phase is not Phase.ENDED for each in self.there.values())
        versions = {"chromium": "150.0", "xvnc": "1.15"}
        reasons = self.reasons
        return Probe(self.available, Isolation.ISOLATED, self.capacity, running, reasons, versions)

    def create(self, spec: DesktopSpec) -> None:
        self._called("create", spec.session)
        if spec.session in self.there:
            assert self.there[spec.session].spec == spec
            return
        if self.probe().running >= self.capacity:
            raise NoCapacity("every desktop is taken")
        steps = tuple(StepReport(step, "waiting") for step in Step)
        seen = Observation(spec.session, Phase.PREPARING, steps=steps)
        self.there[spec.session] = Session(spec, self.folder / spec.session, seen)

    def launch(self, session: str) -> None:
        one = self._session("launch", session)
        now = datetime.now(UTC)
        done = {Step.NETWORK: "done", Step.SCREEN: "done", Step.RECORDER: "doing"}
        steps = tuple(StepReport(step, done.get(step, "waiting"), now) for step in Step)
        one.seen = replace(one.seen, steps=steps, recording=True, head="0a" * 32)

    def observe(self, session: str) -> Observation:
        one = self._session("observe", session)
        seen = one.seen
        if self.goes_live and seen.phase is Phase.PREPARING and seen.recording:
            done = tuple(StepReport(step, "done", datetime.now(UTC)) for step in Step)
            checks, counts = {"pass": 3, "fail": 1, "unknown": 2}, {"stills": 1, "pages": 1}
            one.seen = replace(
                *(seen,),
                phase=Phase.LIVE,
                steps=done,
                input_on=True,
                seconds=9.0,
                checks=checks,
                counts=counts,
            )
        if seen.phase is Phase.ENDING and self.ends:
            self._end(one)
        return one.seen

    def endpoints(self, session: str) -> Endpoints:
        one = self._session("endpoints", session)
        return Endpoints(one.folder / "rfb.sock", one.folder / "gate")

    def command(self, session: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        one = self._session("command", session)
        if one.seen.phase is Phase.ENDED:
            raise WrongState("the session is over")
        one.commands.append((name, dict(arguments)))
        if name == "attest":
            token_over(arguments["head"], arguments["token_b64"])
            one.attested.append(arguments["head"])
            one.seen = replace(one.seen, attested=arguments["head"])
        answers: dict[str, dict[str, Any]] = {
            "still": {"number": 1, "file": "stills/0001.png", "sha256": "00" * 32},
            "page": {"number": 1},
            "mark": {"n": 7},
            "upload_begin": {"id": "u1"},
            "upload_end": {"name": "x.txt", "file": "uploads/x.txt"},
            "events": {"lines": [], "last": 0},
        }
        if name == "paste":
            return {"characters": len(arguments["text"])}
        return answers.get(name, {})

    def freeze(self, session: str, reason: str) -> None:
        one = self._session("freeze", session)
        one.seen = replace(one.seen, input_on=False, reason=reason)

    def finish(self, session: str) -> None:
        one = self._session("finish", session)
        if one.seen.phase is not Phase.ENDED:
            one.seen = replace(one.seen, phase=Phase.ENDING, input_on=False, final=True)

    def files(self, session: str) -> list[tuple[str, int]]:
        folder = self._session("files", session).folder
        return [
            (path.relative_to(folder).as_posix(), path.stat().st_size)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]

    def read(self, session: str, path: str) -> Iterator[bytes]:
        data = (self._session("read", session).folder / path).read_bytes()
        yield from (data[at : at + 65536] for at in range(0, len(data), 65536))

    def destroy(self, session: str) -> None:
        self._called("destroy", session)
        one = self.there.pop(session, None)
        if one is not None:
            shutil.rmtree(one.folder, ignore_errors=True)

    def sessions(self) -> list[str]:
        self._called("sessions", "")
        return list(self.there)

    def _end(self, one: Session) -> None:
        if self.terminal is not Terminal.FAILED:
            ending = Ending(self.terminal.value, self.reason)
            one.folder.mkdir(parents=True, exist_ok=True)
            subject = one.spec.subject
            write_evidence(one.folder, one.spec.session, ending, subject=subject, gap=self.gap)
        ended = {"phase": Phase.ENDED, "terminal": self.terminal, "reason": self.reason}
        one.seen = replace(one.seen, **ended)

    def _session(self, method: str, session: str) -> Session:
        self._called(method, session)
        if session not in self.there:
            raise UnknownSession(f"there is no session {session}")
        return self.there[session]

    def _called(self, method: str, session: str) -> None:
        self.calls.append((method, session))
        if method in self.errors:
            raise self.errors[method]
