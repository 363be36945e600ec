"""Programs of a session: started where they belong, found again, and ended to the last one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

_ENTER: Final = Path(__file__).with_name("enter.py")
_CORE: Final = {"CORE": 0}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program runs. ``uid`` None: as whoever starts it. ``join``: namespace files.
    ``binds``: (what, where) in a mount namespace of its own. ``needs``: folders it must be able to
    reach, though they lie in somebody's closed home. ``limits`` by rlimit name."""

    uid: int | None = None
    gid: int | None = None
    cgroups: tuple[Path, ...] = ()
    join: tuple[Path, ...] = ()
    binds: tuple[tuple[Path, Path], ...] = ()
    needs: tuple[Path, ...] = ()
    new_ipc: bool = False
    oom: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)

    def to_json(self, environment: Mapping[str, str]) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "cgroups": [str(each) for each in self.cgroups],
            "join": [str(each) for each in self.join],
            "binds": [[str(what), str(where)] for what, where in self.binds],
            "closed": closed(self.needs),
            "new_ipc": self.new_ipc,
            "limits": {**_CORE, **self.limits},
            "environment": dict(environment),
        }
        if self.uid is not None:
            wanted |= {"uid": self.uid, "gid": self.gid if self.gid is not None else self.uid}
        if self.oom is not None:
            wanted["oom"] = self.oom
        return wanted


def program_folders(code: Path) -> tuple[Path, ...]:
    """What one of our own programs needs to be started with this interpreter."""
    found = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]}
    return (*sorted(found), code)


def program_variables(code: Path) -> dict[str, str]:
    """The environment of one of our own programs; modules come from where they come for us."""
    path = [str(code), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(path),
    }


def closed(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Of ``paths`` those that not everybody can reach, by the first folder on the way that is
    closed to others."""
    found: dict[str, list[str]] = {}
    taken: list[Path] = []
    for path in sorted({each.resolve() for each in paths}):
        if any(path.is_relative_to(other) for other in taken):
            continue
        for ancestor in reversed(path.parents):
            if not ancestor.stat().st_mode & 0o001:
                found.setdefault(str(ancestor), []).append(str(path))
                taken.append(path)
                break
    return found


def start(
    argv: Sequence[str],
    environment: Mapping[str, str],
    place: Place,
    log: Path,
    *,
    cwd: Path = Path("/"),
    pass_fds: Sequence[int] = (),
    stdin: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start ``argv`` (an absolute path first) there, its words going to ``log``.

    Raises:
        OSError: the launcher cannot be started. What goes wrong later stands in ``log``.
    """
    wanted = json.dumps(place.to_json(environment))
    # -I: neither the environment nor the working folder decides what the launcher imports.
    launcher = [sys.executable, "-I", str(_ENTER), wanted]
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        return subprocess.Popen(
            [*launcher, *argv],
            stdin=stdin,
            stdout=descriptor,
            stderr=descriptor,
            cwd=cwd,
            env=dict(environment),
            pass_fds=tuple(pass_fds),
        )
    finally:
        os.close(descriptor)


def of_uids(uids: Iterable[int]) -> list[int]:
    """Processes that run as one of ``uids``, those that ended unseen (zombies) left out."""
    wanted, found = set(uids), []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            status = Path(entry.path, "status").read_text(errors="replace")
        except OSError:
            continue
        lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        if lines.get("State", "Z").startswith(("Z", "X")):
            continue
        if wanted & {int(each) for each in lines.get("Uid", "").split()}:
            found.append(int(entry.name))
    return found


def end_all(find: Any, seconds: float) -> list[int]:
    """SIGKILL whatever ``find()`` gives until it gives nothing; what is left after ``seconds``.

    Repeated because a fork bomb makes new ones while the old are being ended; stopped first so
    that it cannot.
    """
    deadline = time.monotonic() + seconds
    while left := find():
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in left:
                _signal(pid, number)
        if time.monotonic() > deadline:
            return list(find())
        time.sleep(0.02)
    return []


def started_at(pid: int) -> int:
    """The process's start time in clock ticks since boot; 0 when there is no such process.

    A number and its start time together name one process for ever, a number alone does not.
    """
    try:
        text = Path("/proc", str(pid), "stat").read_text(errors="replace")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[19])


def is_running(pid: int, start_time: int) -> bool:
    """Whether that very process still runs (a zombie does not)."""
    try:
        text = Path("/proc", str(pid), "stat").read_text(errors="replace")
    except OSError:
        return False
    rest = text.rpartition(")")[2].split()
    return int(rest[19]) == start_time and rest[0] not in {"Z", "X"}


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    try:
        text = Path("/proc", str(pid), "task", str(pid), "children").read_text()
    except OSError:
        return []
    return [int(each) for each in text.split()]


def descendants(pid: int) -> list[int]:
    """All below a process, parents first."""
    found = [pid]
    for each in found:
        found.extend(children(each))
    return found[1:]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
