"""One look at a desktop, shared by its checks."""

from __future__ import annotations

import errno
import json
from contextlib import suppress
from functools import cached_property
from typing import Any

from chain_adapter.verdict import Outcome
from forensics.environment import proc
from forensics.environment.result import NOTHING, Result, short
from forensics.environment.rooted import Rooted
from forensics.environment.target import Target

#: Bytes of a text file in the desktop that are looked at, of a JSON file, of a data base.
TEXT = 64 << 10
JSON = 4 << 20
DATABASE = 16 << 20


class Undecided(Exception):
    """A check cannot be decided; the argument is the reason's code."""


class View:
    """A target with what was read of it."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._digests: dict[tuple[int, int], str] = {}

    @cached_property
    def root(self) -> Rooted:
        """The desktop's files. Raises OSError, Undecided."""
        try:
            return Rooted(proc.PROC / str(self.target.pid) / "root")
        except (FileNotFoundError, ProcessLookupError) as error:
            # Not to be taken for a file of the desktop that is not there.
            raise Undecided("gone") from error

    @cached_property
    def processes(self) -> list[proc.Process]:
        target = self.target
        return proc.belonging(target.pid, target.uid, target.cgroup, target.helpers)

    @cached_property
    def programs(self) -> dict[str, list[str]]:
        """Path → SHA-256 of everything that runs under it; what ends meanwhile is left out."""
        found: dict[str, set[str]] = {}
        for each in self.processes:
            with suppress(FileNotFoundError, ProcessLookupError):
                found.setdefault(each.exe, set()).add(self.digest(each.pid))
        return {path: sorted(digests) for path, digests in sorted(found.items())}

    def digest(self, pid: int) -> str:
        """SHA-256 of the program that ``pid`` runs, computed once for each file. Raises OSError."""
        info = (proc.PROC / str(pid) / "exe").stat()
        key = (info.st_dev, info.st_ino)
        if key not in self._digests:
            self._digests[key] = proc.digest_of_program(pid)
        return self._digests[key]

    def text(self, path: str) -> str:
        """A text file of the desktop; empty when there is none. Raises OSError."""
        try:
            return self.root.read(path, TEXT).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def json(self, path: str) -> dict[str, Any]:
        """A JSON object of the desktop; empty when there is none. Raises OSError, Undecided."""
        try:
            value = json.loads(self.root.read(path, JSON))
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError) as error:
            raise Undecided("unreadable") from error
        return value if isinstance(value, dict) else {}

    def policies(self) -> dict[str, Any]:
        """All managed and recommended policies that the desktop's browser reads, merged."""
        merged: dict[str, Any] = {}
        for path in self.policy_files():
            merged |= self.json(path)
        return merged

    def policy_files(self) -> list[str]:
        """Chromium reads every ``.json`` of these folders."""
        found = []
        for kind in ("managed", "recommended"):
            for base in ("/etc/chromium", "/etc/opt/chrome"):
                folder = f"{base}/policies/{kind}"
                found += [f"{folder}/{name}" for name in self.root.names(folder)]
        return found


def judge(name: str, good: bool, reason: str, **fields: Any) -> Result:
    """``reason`` is the code's stem: the sentence is ``<stem>.pass`` or ``<stem>.fail``."""
    outcome = Outcome.PASS if good else Outcome.FAIL
    for each in ("found", "expected"):
        fields[each] = short(str(fields.get(each, "")))
    return Result(name=name, outcome=outcome, reason=f"{reason}.{outcome.value}", **fields)


def undecided(name: str, reason: str, **fields: Any) -> Result:
    for each in ("found", "expected"):
        fields[each] = short(str(fields.get(each, "")))
    return Result(name=name, outcome=Outcome.UNKNOWN, reason=reason, **fields)


def why(error: OSError) -> str:
    """The reason's code for what could not be read."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return "not-permitted"
    return "too-large" if error.errno == errno.EFBIG else "unreadable"


def listed(values: Any) -> str:
    """Values for people, in one line."""
    return ", ".join(str(each) for each in values) or NOTHING
