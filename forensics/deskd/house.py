"""Every session of one desktop service."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from forensics.deskd.evidence import list_files, open_file
from forensics.deskd.session import Session
from forensics.deskd.state import State, load
from forensics.desktop import bare, components, local, shared_network
from forensics.desktop.bare import Bare
from forensics.desktop.folders import remove
from forensics.desktop.interface import DesktopSpec, Endpoints, Isolation, Observation, Phase, Probe
from forensics.desktop.layout import SESSIONS, SessionFolder, session_folder
from forensics.desktop.local import Isolated
from forensics.desktop.making import Making
from forensics.desktop.options import Options
from forensics.desktop.shared_network import SharedNetwork
from forensics.desktop.slots import Claims, Slot
from forensics.errors import (
    CaptureSwitchedOff,
    ForensicsError,
    InvalidEvidence,
    InvalidSpec,
    NoCapacity,
    UnknownSession,
    WrongState,
)
from forensics.session.spec import read_spec

KINDS: Final[Mapping[Isolation, type[Making]]] = {
    Isolation.ISOLATED: Isolated,
    Isolation.SHARED_NETWORK: SharedNetwork,
    Isolation.BARE: Bare,
}
_SESSION: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MEMORY: Final = 1 << 30
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ability:
    """The best this machine can do. Not ``available``: nothing; ``reasons`` say why, or why not
    more."""

    available: bool
    isolation: Isolation
    reasons: tuple[str, ...] = ()


def find_ability(mode: str) -> Ability:
    """``mode``: ``auto``, or one of the kinds by name."""
    if mode == Isolation.BARE:
        return _judged(Isolation.BARE, bare.what_is_missing())
    lacking = local.what_is_missing() if mode in {"auto", Isolation.ISOLATED} else []
    root = os.geteuid() == 0
    if mode == Isolation.ISOLATED or (mode == "auto" and (root or not lacking)):
        return _judged(Isolation.ISOLATED, lacking)
    if root:
        return _judged(Isolation.SHARED_NETWORK, ["shared-network desktops are not made by root"])
    absent = shared_network.what_is_missing()
    ability = _judged(Isolation.SHARED_NETWORK, absent)
    return replace(ability, reasons=tuple(dict.fromkeys((*absent, *lacking))))


def _judged(isolation: Isolation, reasons: list[str]) -> Ability:
    return Ability(not reasons, isolation, tuple(reasons))


def default_capacity() -> int:
    """Two desktops a core were recorded without a gap, and each wants a gigabyte."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(2 * (os.cpu_count() or 1), memory // _MEMORY))


@dataclass(slots=True)
class House:
    """``root`` is the service's folder. Methods are safe between threads."""

    root: Path
    options: Options
    ability: Ability
    capacity: int
    claims: Claims = field(default_factory=Claims)
    _sessions: dict[str, Session] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def recover(self) -> None:
        """Take up what an earlier service left: live sessions are ended, ended ones kept."""
        folder = self.root / SESSIONS
        folder.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711)
        folder.chmod(0o711)
        for path in sorted(folder.iterdir()):
            if _SESSION.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                self._take_up(SessionFolder(path))

    def warm(self) -> None:
        """What every start needs and takes long to compute, once."""
        if self.ability.available:
            threading.Thread(target=components.warm, name="warm", daemon=True).start()

    def probe(self) -> Probe:
        ability, running = self.ability, self._running()
        versions = components.versions() if ability.available else {}
        capacity = self.capacity if ability.available else 0
        return Probe(
            ability.available, ability.isolation, capacity, running, ability.reasons, versions
        )

    def create(self, spec: DesktopSpec) -> None:
        if not self.ability.available:
            raise CaptureSwitchedOff("; ".join(self.ability.reasons) or "this machine cannot")
        with self._lock:
            known = self._sessions.get(spec.session)
            if known is not None:
                if known.making.spec != spec:
                    raise InvalidSpec("there is another session of this name")
                return
            if self._running() >= self.capacity:
                raise NoCapacity("every desktop of this host is taken")
            self._sessions[spec.session] = self._make(spec)

    def launch(self, session: str) -> None:
        self._get(session).launch()

    def observe(self, session: str) -> Observation:
        return self._get(session).observe()

    def endpoints(self, session: str) -> Endpoints:
        folder = self._get(session).making.near
        return Endpoints(folder.rfb, folder.gate)

    def command(self, session: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return self._get(session).command(name, arguments)

    def freeze(self, session: str, reason: str) -> None:
        self._get(session).freeze(reason)

    def finish(self, session: str) -> None:
        self._get(session).finish()

    def files(self, session: str) -> list[tuple[str, int]]:
        found = self._get(session)
        if found.observe().phase is not Phase.ENDED:
            raise WrongState("the session has not ended")
        return list_files(found.making.folder.evidence)

    def open(self, session: str, path: str) -> tuple[BinaryIO, int]:
        return open_file(self._get(session).making.folder.evidence, path)

    def destroy(self, session: str) -> None:
        """A session that is not there is destroyed already."""
        _check_name(session)
        with self._lock:
            found = self._sessions.get(session)
        if found is None:
            return
        left = found.destroy()
        with self._lock:
            self._sessions.pop(session, None)
        if left:
            raise ForensicsError(f"left behind: {'; '.join(left)}"[:500])

    def sessions(self) -> list[str]:
        with self._lock:
            return sorted(self._sessions)

    def end_all(self, seconds: float = 45.0) -> None:
        """The service ends: so do its sessions, as interrupted, with what evidence they have."""
        with self._lock:
            sessions = [each for each in self._sessions.values() if each.runs]
        for each in sessions:
            each.interrupt("the desktop service was ended")
        deadline = time.monotonic() + seconds
        for each in sessions:
            each.wait(max(0.0, deadline - time.monotonic()))

    def _get(self, session: str) -> Session:
        _check_name(session)
        with self._lock:
            if session not in self._sessions:
                raise UnknownSession("there is no such session")
            return self._sessions[session]

    def _running(self) -> int:
        with self._lock:
            return sum(each.runs for each in self._sessions.values())

    def _make(self, spec: DesktopSpec) -> Session:
        folder = session_folder(self.root, spec.session)
        folder.path.mkdir(mode=0o711)
        try:
            slot = self.claims.take(self.root, spec.session)
        except ForensicsError:
            folder.path.rmdir()
            raise
        state = State(slot.number, self.ability.isolation)
        session = self._session(spec, slot, folder, state)
        try:
            session.making.folders()
            state.save(folder.state)
        except OSError as error:
            self.claims.give_back(slot)
            with contextlib.suppress(OSError):
                session.making.remove_files()
            raise NoCapacity(f"the session's folders cannot be laid: {error}") from error
        return session

    def _session(
        self, spec: DesktopSpec, slot: Slot, folder: SessionFolder, state: State
    ) -> Session:
        making = KINDS[state.isolation](spec, slot, folder, self.options, self.claims)
        session = Session(making, state, lambda: self.claims.give_back(slot))
        making.started = session.started
        return session

    def _take_up(self, folder: SessionFolder) -> None:
        """What cannot be read was never begun: it has no state, so nothing of it runs."""
        try:
            state = load(folder.state)
            spec = read_spec(folder.spec).desktop
        except (InvalidEvidence, InvalidSpec) as error:
            _log.warning("%s is removed: %s", folder.path.name, error)
            remove(folder)
            return
        session = self._session(spec, Slot(state.slot), folder, state)
        session.making.known = dict(state.processes)
        self._sessions[spec.session] = session
        session.recover()


def _check_name(session: str) -> None:
    if not _SESSION.fullmatch(session):
        raise UnknownSession("there is no such session")
