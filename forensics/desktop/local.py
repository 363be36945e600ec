"""The isolated desktop: network, user, processes, files and limits of its own. Needs root."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import Any

from forensics.desktop import (
    browser,
    cgroups,
    components,
    disk,
    dns,
    network,
    processes,
    sandbox,
    trial,
)
from forensics.desktop.cgroups import Groups, Usage
from forensics.desktop.egress import EgressLog
from forensics.desktop.interface import Isolation
from forensics.desktop.making import Making
from forensics.desktop.options import CODE, StepFailed
from forensics.desktop.processes import Place
from forensics.desktop.sandbox import Sandbox
from forensics.environment import Mount

_X_SOCKETS = Path("/tmp/.X11-unix")  # noqa: S108
#: When memory is short X goes last: Chromium gives its pages 200 and more itself. (To lower the
#: score of X instead would need a capability that containers do not have.)
_OOM_BROWSER = 100
_FILES = {"NOFILE": 8192}
_NAME_SERVER = "127.0.0.1"


class Isolated(Making):
    """Made by root for users of the slot's own."""

    isolation = Isolation.ISOLATED
    own_network = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._groups = Groups(self.slot.name, cgroups.find_trees())
        self._egress: EgressLog | None = None
        self._home_kind = ""

    @property
    def uid(self) -> int | None:
        return self.slot.uid

    @property
    def keeper_uid(self) -> int | None:
        return self.slot.keeper_uid

    def network(self) -> None:
        """Groups and limits, home folder, network, its logs and its name server.

        Raises:
            StepFailed
        """
        try:
            self._groups.create(self.spec.limits)
            self._mount_home()
            self._egress = EgressLog(self.slot.log_group, self.folder.egress_log)
            os.chown(self.folder.egress_log, 0, self.slot.keeper_uid)
            network.create(self.slot, self.options.reach, self.claims)
            self._name_server()
        except OSError as error:
            raise StepFailed(f"the network could not be made: {error}") from error
        files = browser.etc_files(self.cdp_port, self.slot.uid, _NAME_SERVER)
        self._etc = browser.lay_etc(self.folder.etc, files)
        self.policies = {k: v for k, v in self._etc.items() if k.startswith("/etc/chromium/")}
        self.write_spec()

    def _mount_home(self) -> None:
        if not disk.is_mounted(self.folder.home):
            size = self.spec.limits.disk_bytes
            kind = disk.mount_home(self.folder.disk_image, self.folder.home, size, self.slot.uid)
            self._home_kind = kind
        # The keeper may pass through to the downloads, whose group it is; nothing else is open.
        os.chown(self.folder.home, self.slot.uid, self.slot.keeper_uid)
        self.folder.home.chmod(0o710)
        downloads = self.folder.downloads
        downloads.mkdir(exist_ok=True)
        os.chown(downloads, self.slot.uid, self.slot.keeper_uid)
        downloads.chmod(0o2750)
        (self.folder.home / "Uploads").mkdir(exist_ok=True)
        os.chown(self.folder.home / "Uploads", self.slot.uid, self.slot.uid)

    def _name_server(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        log = os.open(self.folder.dns_log, flags, 0o640)
        os.fchown(log, 0, self.slot.keeper_uid)
        datagrams, stream = network.name_server_sockets(self.slot)
        with os.fdopen(log, "wb"), datagrams, stream:
            inherited = (datagrams.fileno(), stream.fileno(), log)
            words = [sys.executable, "-m", "forensics.desktop.dns"]
            for name, number in zip(("udp", "tcp", "log"), inherited, strict=True):
                words += [f"--{name}", str(number)]
            for each in self.options.resolvers or dns.host_servers():
                words += ["--upstream", each]
            place = Place(
                uid=self.slot.resolver_uid,
                gid=self.slot.resolver_uid,
                cgroups=self._groups.members(cgroups.KEEPER),
                needs=processes.program_folders(CODE),
            )
            variables = processes.program_variables(CODE)
            self._start("name server", words, variables, place, cwd=CODE, pass_fds=inherited)

    def _screen_command(self, words: list[str]) -> tuple[list[str], Place]:
        inside = Sandbox(
            read_only={browser.XAUTHORITY_INSIDE: self.folder.xauthority},
            writable={str(_X_SOCKETS): self.folder.x_sockets},
        )
        place = self._desktop_place(new_ipc=True)
        return inside.argv(words, {"PATH": "/usr/bin", "LANG": "C.UTF-8"}), place

    def _keeper_place(self) -> Place:
        if not _X_SOCKETS.exists():
            _X_SOCKETS.mkdir(exist_ok=True)
            _X_SOCKETS.chmod(0o1777)  # as X itself makes it; the umask would have spoilt it
        if _X_SOCKETS.is_symlink() or _X_SOCKETS.stat().st_uid != 0:
            raise StepFailed(f"{_X_SOCKETS} belongs to somebody else")
        return Place(
            uid=self.slot.keeper_uid,
            gid=self.slot.keeper_uid,
            cgroups=self._groups.members(cgroups.KEEPER),
            join=self._existing(network.namespace(self.slot)),
            binds=((self.folder.x_sockets, _X_SOCKETS),),
            needs=(*processes.program_folders(CODE), self.folder.path),
            limits=_FILES,
        )

    def _existing(self, path: Path) -> tuple[Path, ...]:
        """After the end there is no network any more, and salvaging needs none."""
        return (path,) if path.exists() else ()

    def _browser_command(self, words: list[str]) -> tuple[list[str], Place]:
        ipc = Path("/proc", str(self.children["screen"].pid), "ns", "ipc")
        place = self._desktop_place(join=(network.namespace(self.slot), ipc), oom=_OOM_BROWSER)
        return self._sandbox().argv(words, self.environment), place

    def _sandbox(self) -> Sandbox:
        display = f"/tmp/.X11-unix/X{self.slot.display}"  # noqa: S108
        read_only = {
            **sandbox.etc_binds(self.folder.etc, list(self._etc)),
            display: self.folder.x_socket(self.slot.display),
            browser.XAUTHORITY_INSIDE: self.folder.xauthority,
        }
        # In this order: the uploads are mounted over a folder of the home.
        writable = {"/home/user": self.folder.home}
        return Sandbox(
            read_only=read_only, writable=writable, over={"/home/user/Uploads": self.folder.box_in}
        )

    def _desktop_place(self, **more: Any) -> Place:
        members = self._groups.members(cgroups.DESKTOP)
        joined = {"join": (network.namespace(self.slot),), **more}
        return Place(
            uid=self.slot.uid,
            gid=self.slot.uid,
            cgroups=members,
            needs=(self.folder.path,),
            limits=_FILES,
            **joined,
        )

    def _facts(self) -> dict[str, Any]:
        reach = self.options.reach
        return {
            "home": self._home_kind,
            "network": {
                "address": self.slot.address,
                "closed": "host, private, special and other desktops' addresses; IPv6",
                "allow": list(reach.allow),
                "deny": list(reach.deny),
                "resolvers": list(self.options.resolvers or dns.host_servers()),
            },
        }

    def _describe(self, target: dict[str, Any]) -> dict[str, Any]:
        mounts = self._sandbox().mounts()
        return target | {
            "cgroup": self._groups.folder(),
            "profile": browser.PROFILE_INSIDE,
            "home": "/home/user",
            "root_store": sandbox.root_store(),
            "host_names": ("localhost",),
            "nameservers": (_NAME_SERVER,),
            "routes": network.routes(self.slot),
            "listeners": (*target["listeners"], f"{_NAME_SERVER}:53"),
            "mounts": tuple(Mount(point, writable) for point, writable in mounts.items()),
        }

    def usage(self) -> Usage:
        return self._groups.usage()

    def _x_socket(self) -> Path:
        return self.near.x_socket(self.slot.display)

    def _rfb_for_x(self) -> str:
        return str(_X_SOCKETS / self.folder.rfb.name)

    def _cookie_for_x(self) -> str:
        return browser.XAUTHORITY_INSIDE

    def open_downloads(self) -> None:
        """Finished downloads become readable for the keeper's group; links are passed over, and
        whatever else lies there too."""
        with contextlib.suppress(OSError), os.scandir(self.folder.downloads) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    _let_group_read(entry.path, self.slot.keeper_uid)

    def stragglers(self) -> list[int]:
        uids = (self.slot.uid, self.slot.keeper_uid, self.slot.resolver_uid)
        found = {*self._groups.processes(), *processes.of_uids(uids)}
        return sorted({each for each in found | set(super().stragglers()) if each != os.getpid()})

    def end(self) -> list[str]:
        self._groups.kill()
        return super().end()

    def _clear(self) -> list[str]:
        left = []
        if self._egress:
            self._egress.close()
            self._egress = None
        try:
            network.remove(self.slot, self.claims)
        except OSError as error:
            left.append(str(error))
        if not disk.unmount(self.folder.home):
            left.append(f"mount {self.folder.home}")
        self.folder.disk_image.unlink(missing_ok=True)
        return left + self._groups.remove()


def _let_group_read(path: str, group: int) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with contextlib.suppress(OSError):
        descriptor = os.open(path, flags)
        try:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and not found.st_mode & stat.S_IRGRP:
                os.fchown(descriptor, -1, group)
                os.fchmod(descriptor, 0o640)
        finally:
            os.close(descriptor)


def what_is_missing() -> list[str]:
    """Why this machine cannot run isolated desktops, a sentence each."""
    reasons = []
    if os.geteuid() != 0:
        reasons.append("isolated desktops need the desktop service to run as root")
    absent = components.missing(Isolation.ISOLATED)
    if absent:
        reasons.append(components.how_to_get(absent))
    if groups := cgroups.find_trees().missing():
        reasons.append(f"the kernel offers no control groups for: {', '.join(groups)}")
    return reasons or trial.what_fails()
