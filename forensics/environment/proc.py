"""What the kernel says of processes, read from outside: nothing here asks the process itself."""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
NAMESPACES: Final = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
#: Bytes read of any one file of /proc, processes looked at.
LIMIT: Final = 4 << 20
MAX_PROCESSES: Final = 20_000
_LISTENING: Final = "0A"


@dataclass(frozen=True, slots=True)
class Process:
    """``exe`` is the path as the process's mounts have it, ``""`` when it may not be read."""

    pid: int
    parent: int
    uid: int
    exe: str


def read(pid: int | str, name: str) -> bytes:
    """A file of ``/proc/<pid>``, at most LIMIT bytes of it. Raises OSError."""
    with (PROC / str(pid) / name).open("rb") as file:
        return file.read(LIMIT)


def namespaces(pid: int | str) -> dict[str, str]:
    """Kind → identity, such as ``net:[4026531840]``. Raises OSError."""
    return {kind: str((PROC / str(pid) / "ns" / kind).readlink()) for kind in NAMESPACES}


def processes() -> list[Process]:
    """Every process there is now; those that end meanwhile are left out."""
    found: list[Process | None] = []
    for entry in sorted(each.name for each in PROC.iterdir()):
        if entry.isdigit() and len(found) < MAX_PROCESSES:
            with suppress(FileNotFoundError, ProcessLookupError):
                found.append(_process(int(entry)))
    return [each for each in found if each is not None]


def _process(pid: int) -> Process | None:
    fields = dict(
        line.split(":\t", 1)
        for line in read(pid, "status").decode("utf-8", "replace").splitlines()
        if ":\t" in line
    )
    if fields.get("State", "").startswith("Z") or "VmSize" not in fields:
        return None  # dead, or a thread of the kernel: neither runs a program
    try:
        exe = str((PROC / str(pid) / "exe").readlink())
    except PermissionError:
        exe = ""
    return Process(pid, int(fields["PPid"]), int(fields["Uid"].split()[0]), exe)


def belonging(
    pid: int, uid: int | None, cgroup: Path | None, helpers: Iterable[int] = ()
) -> list[Process]:
    """The desktop's processes: descendants of ``pid``, all in its PID namespace (when that is not
    the reader's), in ``cgroup``, or of ``uid``; without ``helpers``."""
    everything = processes()
    mine = {pid} | _members(cgroup)
    own, host = _pid_namespace(pid), _pid_namespace("self")
    for each in everything:
        same = own and own != host and _pid_namespace(each.pid) == own
        if same or (uid is not None and each.uid == uid):
            mine.add(each.pid)
    children: dict[int, list[int]] = {}
    for each in everything:
        children.setdefault(each.parent, []).append(each.pid)
    pending = list(mine)
    while pending:
        for child in children.get(pending.pop(), ()):
            if child not in mine:
                mine.add(child)
                pending.append(child)
    return [each for each in everything if each.pid in mine - set(helpers)]


def _members(cgroup: Path | None) -> set[int]:
    if cgroup is None:
        return set()
    with suppress(OSError):
        return {int(line) for line in (cgroup / "cgroup.procs").read_text().split()}
    return set()


def _pid_namespace(pid: int | str) -> str:
    with suppress(OSError):
        return str((PROC / str(pid) / "ns" / "pid").readlink())
    return ""


def digest_of_program(pid: int) -> str:
    """SHA-256 in hexadecimal of what the process runs: the inode itself, whatever the path says
    now. Raises OSError."""
    with (PROC / str(pid) / "exe").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def words(pid: int, name: str) -> list[str]:
    """``cmdline`` or ``environ`` in words. Raises OSError."""
    return [word.decode("utf-8", "replace") for word in read(pid, name).split(b"\0") if word]


def listeners(pid: int) -> list[tuple[str, str]]:
    """TCP sockets that listen in the network namespace of ``pid``: ``"127.0.0.1:9222"`` and the
    socket's inode. Raises OSError."""
    found = []
    lines = read(pid, "net/tcp").decode().splitlines()[1:]
    with suppress(FileNotFoundError):  # a kernel without IPv6
        lines += read(pid, "net/tcp6").decode().splitlines()[1:]
    for line in lines:
        fields = line.split()
        if fields[3] == _LISTENING:
            found.append((_endpoint(fields[1]), fields[9]))
    return found


def sockets(pids: Iterable[int]) -> set[str]:
    """Inodes of the sockets these processes hold."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            for each in (PROC / str(pid) / "fd").iterdir():
                with suppress(OSError):
                    target = str(each.readlink())
                    if target.startswith("socket:["):
                        found.add(target[8:-1])
    return found


def _endpoint(field: str) -> str:
    address, port = field.split(":")
    raw = bytes.fromhex(address)
    # Each 32-bit word is written in the machine's own order.
    raw = b"".join(
        struct.pack(">I", *struct.unpack("=I", raw[i : i + 4])) for i in range(0, len(raw), 4)
    )
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    host = socket.inet_ntop(family, raw)
    return f"{host}:{int(port, 16)}" if family == socket.AF_INET else f"[{host}]:{int(port, 16)}"
