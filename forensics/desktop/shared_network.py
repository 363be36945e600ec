"""The degraded desktop, without root: files and processes of its own, the host's network.

The browser is in a sandbox of its own user namespace, but nothing limits what it reaches, its
memory or its processes; the evidence says so.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from forensics.desktop import browser, components, sandbox
from forensics.desktop.interface import Isolation
from forensics.desktop.making import Making
from forensics.desktop.processes import Place
from forensics.desktop.sandbox import Sandbox
from forensics.environment import Mount


class SharedNetwork(Making):
    """Made by any user who may make user namespaces."""

    isolation = Isolation.SHARED_NETWORK

    def network(self) -> None:
        """The desktop's /etc; the network is the host's."""
        files = browser.etc_files(self.cdp_port, os.geteuid(), None)
        self._etc = browser.lay_etc(self.folder.etc, files)
        self.policies = {k: v for k, v in self._etc.items() if k.startswith("/etc/chromium/")}
        self.folder.downloads.mkdir(exist_ok=True)
        (self.folder.home / "Uploads").mkdir(exist_ok=True)
        self.write_spec()

    def _screen_command(self, words: list[str]) -> tuple[list[str], Place]:
        return words, Place()

    def _keeper_place(self) -> Place:
        return Place()

    def _browser_command(self, words: list[str]) -> tuple[list[str], Place]:
        return self._sandbox().argv(words, self.environment), Place()

    def _sandbox(self) -> Sandbox:
        socket = self._x_socket()
        resolver = Path("/etc/resolv.conf").resolve()
        return Sandbox(
            read_only={
                **sandbox.etc_binds(self.folder.etc, list(self._etc)),
                **({"/etc/resolv.conf": resolver} if resolver.exists() else {}),
                str(socket): socket,
                browser.XAUTHORITY_INSIDE: self.folder.xauthority,
            },
            writable={"/home/user": self.folder.home},
            over={"/home/user/Uploads": self.folder.box_in},
        )

    def _facts(self) -> dict[str, Any]:
        return {"home": "folder", "network": {"closed": "nothing: it is the host's network"}}

    def _describe(self, target: dict[str, Any]) -> dict[str, Any]:
        mounts = self._sandbox().mounts()
        return target | {
            "uid": None,
            "helpers": (),
            "shared": ("ipc", "net"),
            "profile": browser.PROFILE_INSIDE,
            "home": "/home/user",
            "root_store": sandbox.root_store(),
            "host_names": ("localhost",),
            "mounts": tuple(Mount(point, writable) for point, writable in mounts.items()),
        }


def what_is_missing() -> list[str]:
    """Why this machine cannot run even these, a sentence each."""
    absent = components.missing(Isolation.SHARED_NETWORK)
    if absent:
        return [components.how_to_get(absent)]
    words = [str(components.program("bwrap")), "--unshare-user", "--ro-bind", "/", "/", "true"]
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"bubblewrap cannot be run: {error}"]
    if done.returncode != 0:
        return [f"this machine lets nobody make user namespaces: {done.stderr.strip()[:200]}"]
    return []
