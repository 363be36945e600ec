"""Control groups of a session: what it may use, what it used, and its end in one stroke.

Version 1 (one tree a controller), version 2, and both at once, as this machine has them. Groups are
made below the service's own, so that a container or a systemd unit keeps its hold on them. X and
browser share the limits in ``desktop``; what records stands in ``keeper``, counted but not limited,
because evidence must not suffer from what a page does.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forensics.desktop.interface import Limits

_ROOT: Final = Path("/sys/fs/cgroup")
_NEEDED: Final = ("memory", "pids")
_WANTED: Final = ("memory", "pids", "cpu", "cpuacct")
#: The kernel counts threads where people count processes; Chromium has about a dozen in each.
THREADS_PER_PROCESS: Final = 4
_PERIOD: Final = 100_000
DESKTOP: Final = "desktop"
KEEPER: Final = "keeper"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a session uses, and how often it met its limits: processes refused, killed for
    memory."""

    memory_bytes: int = 0
    cpu_seconds: float = 0.0
    refused: int = 0
    killed: int = 0


@dataclass(frozen=True, slots=True)
class Trees:
    """Where groups can be made: controller → the service's own group there (version 1), and the
    same of version 2 with the controllers it can hand on."""

    v1: dict[str, Path]
    v2: Path | None = None
    v2_controllers: frozenset[str] = frozenset()

    def missing(self) -> list[str]:
        """Controllers a desktop needs and this machine does not offer."""
        return [each for each in _NEEDED if each not in self.v1 and each not in self.v2_controllers]


def find_trees(membership: str | None = None, root: Path = _ROOT) -> Trees:
    """This process's place in every tree. ``membership`` is the text of /proc/self/cgroup."""
    if membership is None:
        membership = Path("/proc/self/cgroup").read_text()
    v1: dict[str, Path] = {}
    v2: Path | None = None
    for line in membership.splitlines():
        _, names, path = line.split(":", 2)
        relative = path.lstrip("/")
        if not names:
            tree = root if (root / "cgroup.controllers").exists() else root / "unified"
            v2 = _first_folder(tree / relative, tree)
            continue
        for name in names.split(","):
            if name in _WANTED and (found := _first_folder(root / names / relative, root / names)):
                v1[name] = found
    controllers = _words(v2 / "cgroup.controllers") if v2 else set()
    return Trees(v1, v2, frozenset(controllers) & {*_WANTED})


def _first_folder(*candidates: Path) -> Path | None:
    """In a container the own group's path may be one that is not mounted there."""
    return next((each for each in candidates if (each / "cgroup.procs").exists()), None)


class Groups:
    """The groups of one session, named ``name``."""

    def __init__(self, name: str, trees: Trees) -> None:
        self._trees = trees
        tops = [*trees.v1.values(), *([trees.v2] if trees.v2 else [])]
        self._tops = list(dict.fromkeys(top / name for top in tops))
        self._v1 = {controller: top / name for controller, top in trees.v1.items()}
        self._v2 = trees.v2 / name if trees.v2 else None

    def create(self, limits: Limits) -> None:
        """Make the groups and set the limits. Repeatable.

        Raises:
            OSError: the kernel refuses.
        """
        if self._trees.v2 and self._trees.v2_controllers:
            self._hand_on(self._trees.v2)
        for top in self._tops:
            top.mkdir(exist_ok=True)
            if top == self._v2 and self._trees.v2_controllers:
                self._enable(top)
            for part in (DESKTOP, KEEPER):
                (top / part).mkdir(exist_ok=True)
        self._limit(limits)

    def members(self, part: str) -> tuple[Path, ...]:
        """The folders a process joins to be counted as ``part``."""
        return tuple(top / part for top in self._tops)

    def folder(self) -> Path | None:
        """One group that holds exactly X and browser."""
        return self._tops[0] / DESKTOP if self._tops else None

    def usage(self) -> Usage:
        """Of X and browser; what cannot be read counts as nothing."""
        return Usage(
            memory_bytes=self._number("memory", "memory.usage_in_bytes", "memory.current"),
            cpu_seconds=self._cpu_seconds(),
            refused=self._event("pids", "pids.events", "max"),
            killed=self._event("memory", "memory.oom_control", "oom_kill", "memory.events"),
        )

    def processes(self) -> list[int]:
        """Every process of the session that is in any of its groups."""
        found: set[int] = set()
        for top in self._tops:
            for part in (DESKTOP, KEEPER):
                with contextlib.suppress(OSError):
                    found |= {
                        int(each) for each in (top / part / "cgroup.procs").read_text().split()
                    }
        return sorted(found - {0})

    def kill(self, part: str | None = None) -> None:
        """End all members at once where the kernel can (version 2); harmless where it cannot."""
        if self._v2:
            for name in (part,) if part else (DESKTOP, KEEPER):
                with contextlib.suppress(OSError):
                    (self._v2 / name / "cgroup.kill").write_text("1")

    def remove(self, seconds: float = 1.0) -> list[str]:
        """Remove the groups; what is still there after ``seconds``. A group may stay busy for a
        moment after its last process has ended."""
        deadline = time.monotonic() + seconds
        while True:
            for top in self._tops:
                for folder in (top / DESKTOP, top / KEEPER, top):
                    with contextlib.suppress(OSError):
                        folder.rmdir()
            left = [str(top) for top in self._tops if top.exists()]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.02)

    def _limit(self, limits: Limits) -> None:
        tasks = limits.processes * THREADS_PER_PROCESS
        quota = int(limits.cores * _PERIOD)
        if memory := self._v1.get("memory"):
            _write(memory / DESKTOP / "memory.limit_in_bytes", limits.memory_bytes)
            # Absent where the kernel does not count swap; without swap the line above is all.
            with contextlib.suppress(OSError):
                _write(memory / DESKTOP / "memory.memsw.limit_in_bytes", limits.memory_bytes)
        if pids := self._v1.get("pids"):
            _write(pids / DESKTOP / "pids.max", tasks)
        if cpu := self._v1.get("cpu"):
            _write(cpu / DESKTOP / "cpu.cfs_period_us", _PERIOD)
            _write(cpu / DESKTOP / "cpu.cfs_quota_us", quota)
        if self._v2 and "memory" in self._trees.v2_controllers:
            _write(self._v2 / DESKTOP / "memory.max", limits.memory_bytes)
            with contextlib.suppress(OSError):
                _write(self._v2 / DESKTOP / "memory.swap.max", 0)
        if self._v2 and "pids" in self._trees.v2_controllers:
            _write(self._v2 / DESKTOP / "pids.max", tasks)
        if self._v2 and "cpu" in self._trees.v2_controllers:
            _write(self._v2 / DESKTOP / "cpu.max", f"{quota} {_PERIOD}")

    def _hand_on(self, own: Path) -> None:
        """Version 2 allows controllers only in groups without processes of their own
        (cgroup-v2.rst, "No Internal Process Constraint"): the service moves into a leaf."""
        if self._trees.v2_controllers <= _words(own / "cgroup.subtree_control"):
            return
        leaf = own / "notary-desk-service"
        leaf.mkdir(exist_ok=True)
        for pid in (own / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                _write(leaf / "cgroup.procs", pid)
        self._enable(own)

    def _enable(self, folder: Path) -> None:
        wanted = sorted(self._trees.v2_controllers)
        _write(folder / "cgroup.subtree_control", " ".join(f"+{each}" for each in wanted))

    def _path(self, controller: str, v1: str, v2: str) -> Path | None:
        if controller in self._v1:
            return self._v1[controller] / DESKTOP / v1
        if self._v2 and controller in self._trees.v2_controllers:
            return self._v2 / DESKTOP / v2
        return None

    def _number(self, controller: str, v1: str, v2: str) -> int:
        path = self._path(controller, v1, v2)
        try:
            return int(path.read_text()) if path else 0
        except (OSError, ValueError):
            return 0

    def _event(self, controller: str, v1: str, word: str, v2: str = "") -> int:
        path = self._path(controller, v1, v2 or v1)
        try:
            lines = path.read_text().splitlines() if path else []
        except OSError:
            return 0
        return sum(int(line.split()[1]) for line in lines if line.split()[0] == word)

    def _cpu_seconds(self) -> float:
        if "cpuacct" in self._v1:
            return self._number("cpuacct", "cpuacct.usage", "") / 1e9
        if self._v2:
            with contextlib.suppress(OSError, ValueError, IndexError):
                words = (self._v2 / DESKTOP / "cpu.stat").read_text().split()
                return int(words[words.index("usage_usec") + 1]) / 1e6
        return 0.0


def _words(file: Path) -> set[str]:
    try:
        return set(file.read_text().split())
    except OSError:
        return set()


def _write(file: Path, value: object) -> None:
    file.write_text(str(value))
