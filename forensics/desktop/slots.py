"""Places on this machine: one number a session, from which accounts, addresses and ports follow.

Several desktop services may run on one machine, so a place is claimed by a file that only one of
them can make. What follows from the number is fixed: no two sessions ever share any of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forensics.desktop.layout import SessionFolder, session_folder
from forensics.errors import NoCapacity

#: Places of a machine. 198.18.0.0/15 (RFC 2544: never routed) has a /30 for each.
SLOTS: Final = 64
_DESKTOP_UID: Final = 61000
_KEEPER_UID: Final = 62000
_RESOLVER_UID: Final = 63000


@dataclass(frozen=True, slots=True)
class Slot:
    """What belongs to one place. ``uid`` runs X and the browser, ``keeper_uid`` what records,
    ``resolver_uid`` the name server; each has a group of the same number."""

    number: int

    @property
    def uid(self) -> int:
        return _DESKTOP_UID + self.number

    @property
    def keeper_uid(self) -> int:
        return _KEEPER_UID + self.number

    @property
    def resolver_uid(self) -> int:
        return _RESOLVER_UID + self.number

    @property
    def display(self) -> int:
        return 100 + self.number

    @property
    def name(self) -> str:
        """Of the network namespace, the tables and the control groups."""
        return f"notary-desk-{self.number}"

    @property
    def link(self) -> str:
        """The host's end of the pair of interfaces; at most 15 characters."""
        return f"ndesk{self.number}"

    @property
    def host_address(self) -> str:
        return f"198.18.{self.number}.1"

    @property
    def address(self) -> str:
        return f"198.18.{self.number}.2"

    @property
    def network(self) -> str:
        return f"198.18.{self.number}.0/30"

    @property
    def log_group(self) -> int:
        """Where netfilter reports this desktop's connections."""
        return 6100 + self.number

    def cdp_port(self, own_network: bool) -> int:
        return 9222 if own_network else 9222 + self.number

    def page_port(self, own_network: bool) -> int:
        # Apart from the DevTools ports of all places, which follow 9222.
        return 9333 if own_network else 9333 + self.number


def claims_folder() -> Path:
    """Where this machine's claims lie: root's are everybody's, others have their own."""
    if os.geteuid() == 0:
        return Path("/run/notary-desks")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime or tempfile.gettempdir()) / f"notary-desks-{os.geteuid()}"


class Claims:
    """The claims of one machine. Safe between threads and between processes."""

    def __init__(self, folder: Path | None = None, first: int | None = None) -> None:
        self._folder = folder or claims_folder()
        # A user without privileges must not meet root's displays and ports.
        self._first = first if first is not None else (0 if os.geteuid() == 0 else SLOTS // 2)

    def take(self, root: Path, session: str) -> Slot:
        """A place for ``session`` of the service at ``root``; the same one when it has one.

        The session's folder must exist already: a claim without one counts as left behind.

        Raises:
            NoCapacity: every place of the machine is taken.
        """
        with self.locked():
            taken = self._taken()
            for number, (owner, name) in taken.items():
                if owner == root and name == session:
                    return Slot(number)
            for number in range(self._first, SLOTS):
                if number not in taken:
                    claim = json.dumps({"root": str(root), "session": session})
                    self._file(number).write_text(claim)
                    self._link(number).unlink(missing_ok=True)
                    self._link(number).symlink_to(session_folder(root, session).path)
                    return Slot(number)
        raise NoCapacity("every place of this machine is taken")

    def give_back(self, slot: Slot) -> None:
        """Repeatable. Only when nothing of the session runs any more."""
        with self.locked():
            self._forget(slot.number)

    def near(self, slot: Slot) -> SessionFolder:
        """The session's folder by a short path, which is what a socket's address has room for
        (unix(7): 107 bytes). Good for as long as the place is claimed."""
        return SessionFolder(self._link(slot.number))

    def count(self) -> int:
        """Claims of all services of this machine."""
        with self.locked():
            return len(self._taken())

    @contextlib.contextmanager
    def locked(self) -> Iterator[Path]:
        """Nobody else of this machine changes claims meanwhile; gives the folder."""
        self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        if self._folder.is_symlink() or self._folder.stat().st_uid != os.geteuid():
            raise NoCapacity(f"{self._folder} belongs to somebody else")
        self._folder.chmod(0o711)  # others pass through the links
        with (self._folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield self._folder

    def _file(self, number: int) -> Path:
        return self._folder / f"slot-{number}"

    def _link(self, number: int) -> Path:
        return self._folder / str(number)

    def _forget(self, number: int) -> None:
        self._link(number).unlink(missing_ok=True)
        self._file(number).unlink(missing_ok=True)

    def _taken(self) -> dict[int, tuple[Path, str]]:
        """Claims that hold. One whose session's folder is gone is nobody's: its service removes the
        folder last."""
        found: dict[int, tuple[Path, str]] = {}
        for file in self._folder.glob("slot-*"):
            try:
                claim = json.loads(file.read_text())
                root, session = Path(claim["root"]), str(claim["session"])
            except (OSError, ValueError, KeyError, TypeError):
                root, session = Path("/nonexistent"), "-"
            number = int(file.name.removeprefix("slot-"))
            if session_folder(root, session).path.is_dir():
                found[number] = (root, session)
            else:
                self._forget(number)
        return found
