"""What a desktop sees of the machine, in bubblewrap's words.

Programs and fonts of the system, read-only, without /usr/local; its own /etc, home, /tmp and /dev;
nothing else of the host. Started as the session's own user, so that bubblewrap has no more rights
than that user, and Chromium still can make its own sandbox inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from forensics.desktop import components

_ROOT_STORE: Final = Path("/etc/ssl/certs/ca-certificates.crt")
#: Read-only from the host: what is the same on every Debian and says nothing of this one.
_SYSTEM_ETC: Final = ("/etc/fonts", "/etc/ssl/certs", "/etc/localtime", "/etc/ld.so.cache")
_TMP_BYTES: Final = 256 << 20
HOST_NAME: Final = "desktop"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """``read_only``, ``writable`` and, mounted over these last and read-only, ``over``: path inside
    → path of the host."""

    read_only: Mapping[str, Path] = field(default_factory=dict)
    writable: Mapping[str, Path] = field(default_factory=dict)
    over: Mapping[str, Path] = field(default_factory=dict)
    own_ipc: bool = False

    def mounts(self) -> dict[str, bool]:
        """Every mount beside /proc and /dev: where → whether the desktop may write there."""
        system = {"/usr": False, "/usr/local": False, "/tmp": True, "/run": False}  # noqa: S108
        system |= dict.fromkeys(_present(), False)
        closed = dict.fromkeys((*self.read_only, *self.over), False)
        return system | closed | dict.fromkeys(self.writable, True)

    def argv(self, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """The sandbox around ``command``, which has ``environment`` and no other variables."""
        words = [str(components.program("bwrap")), "--die-with-parent", "--new-session"]
        words += ["--unshare-user", "--unshare-pid", "--unshare-uts", "--hostname", HOST_NAME]
        words += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
        words += ["--unshare-ipc"] if self.own_ipc else []
        words += [
            "--ro-bind",
            "/usr",
            "/usr",
            "--tmpfs",
            "/usr/local",
            "--remount-ro",
            "/usr/local",
        ]
        for name in ("bin", "sbin", "lib", "lib64"):
            words += ["--symlink", f"usr/{name}", f"/{name}"]
        words += ["--proc", "/proc", "--dev", "/dev"]
        words += ["--size", str(_TMP_BYTES), "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
        words += ["--dir", "/etc", "--tmpfs", "/run"]
        for own in _present():
            words += ["--ro-bind", own, own]
        for inside, path in self.read_only.items():
            words += ["--ro-bind", str(path), inside]
        for inside, path in self.writable.items():
            words += ["--bind", str(path), inside]
        for inside, path in self.over.items():
            words += ["--ro-bind", str(path), inside]
        words += ["--remount-ro", "/run", "--remount-ro", "/", "--clearenv"]
        for name, value in environment.items():
            words += ["--setenv", name, value]
        return [*words, "--", *command]


def etc_binds(folder: Path, inside: Sequence[str]) -> dict[str, Path]:
    """Where the files of the session's own /etc are bound."""
    return {path: folder / Path(path).relative_to("/etc") for path in inside}


def root_store() -> dict[str, str]:
    """The system's certificate bundle → SHA-256."""
    return {str(_ROOT_STORE): components.digest(_ROOT_STORE)} if _ROOT_STORE.exists() else {}


def _present() -> list[str]:
    return [path for path in _SYSTEM_ETC if Path(path).exists()]
