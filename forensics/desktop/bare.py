"""No isolation at all: for tests and development, never for evidence that is meant seriously.

X and browser run as whoever started the service. Root's are given to the slot's user all the same,
because Chromium keeps its sandbox only for users without privileges.
"""

from __future__ import annotations

import os
from typing import Any

from forensics.desktop import components, processes
from forensics.desktop.interface import Isolation
from forensics.desktop.making import Making
from forensics.desktop.options import CODE
from forensics.desktop.processes import Place


class Bare(Making):
    """The browser's own policy cannot be set without writing to the machine's /etc: it has none."""

    isolation = Isolation.BARE

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        home = str(self.folder.home)
        profile = f"{home}/.profile"
        self.argv = tuple(
            f"--user-data-dir={profile}" if word.startswith("--user-data-dir=") else word
            for word in self.argv
        )
        self.environment |= {"HOME": home, "XAUTHORITY": str(self.folder.xauthority)}

    @property
    def uid(self) -> int | None:
        return self.slot.uid if os.geteuid() == 0 else None

    def network(self) -> None:
        """Only the folders: network and limits are the host's."""
        self.folder.downloads.mkdir(exist_ok=True)
        if self.uid is not None:
            os.chown(self.folder.downloads, self.uid, self.uid)
        self.write_spec()

    def _screen_command(self, words: list[str]) -> tuple[list[str], Place]:
        folder = self._x_socket().parent
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(0o1777)
        return words, self._place()

    def _keeper_place(self) -> Place:
        return Place()

    def _browser_command(self, words: list[str]) -> tuple[list[str], Place]:
        # The window manager's own file is not there: its defaults will do.
        plain = [word.replace(" --config-file /etc/openbox.xml", "") for word in words]
        return plain, self._place()

    def _place(self) -> Place:
        return Place(uid=self.uid, gid=self.uid, needs=(CODE, self.folder.path))

    def stragglers(self) -> list[int]:
        found = set(super().stragglers())
        if self.uid is not None:
            found |= set(processes.of_uids([self.uid]))
        return sorted(found)

    def _describe(self, target: dict[str, Any]) -> dict[str, Any]:
        return target | {
            "shared": ("ipc", "mnt", "net", "pid", "user", "uts"),
            "policies": {},
            "profile": f"{self.folder.home}/.profile",
            "home": str(self.folder.home),
        }


def what_is_missing() -> list[str]:
    """Why this machine cannot run even these, a sentence each."""
    absent = components.missing(Isolation.BARE)
    return [components.how_to_get(absent)] if absent else []
