"""``python -m lottery.entries survey|commit``: a list is read in a process of its own.

Its task is one JSON line on standard input, so that no key stands in the process list::

    {"path", "layout": {…}|null, "rules": {…}}                                       survey
    {"path", "layout": {…}, "rules": {…}, "keys": {"organiser", "notary", "salt",
     "lookup"} (hex), "draw", "folder"}                                              commit

It answers in JSON lines: ``{"progress": {"done", "total", "stage"}}`` and at last one of
``{"result": {…}}`` (a survey's document, the list document) and ``{"error": {"code", "text"}}``
(for bad entries ``problems`` and ``count``, for duplicates ``count``). Exit status 0, 1.
It runs with little priority, and killed at any moment it leaves nothing half.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from lottery.entries import (
    BadEntries,
    HasDuplicates,
    Layout,
    ListError,
    ListKeys,
    Rules,
    commit,
    survey,
)

_NICE: Final = 10
#: Seconds between two lines of progress.
_PAUSE: Final = 0.25


def main(arguments: list[str]) -> int:
    """Do the task that stands on standard input."""
    tasks: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
        "survey": _survey,
        "commit": _commit,
    }
    if len(arguments) != 1 or arguments[0] not in tasks:
        print("usage: python -m lottery.entries survey|commit < TASK", file=sys.stderr)
        return 2
    os.nice(_NICE)
    try:
        result = tasks[arguments[0]](json.loads(sys.stdin.readline()))
    except ListError as error:
        _say({"error": _told(error)})
        return 1
    except OSError as error:
        _say(
            {
                "error": {
                    "code": "unreadable",
                    "text": f"the list cannot be read or kept: {error.strerror}",
                }
            }
        )
        return 1
    except MemoryError:
        _say({"error": {"code": "memory", "text": "the list does not fit into memory"}})
        return 1
    _say({"result": result})
    return 0


def _survey(task: Mapping[str, Any]) -> dict[str, Any]:
    layout = None if task.get("layout") is None else Layout.of(task["layout"])
    return survey(Path(task["path"]), layout, Rules.of(task["rules"]), _Progress()).document()


def _commit(task: Mapping[str, Any]) -> dict[str, Any]:
    keys = {name: bytes.fromhex(key) for name, key in task["keys"].items()}
    return commit(
        Path(task["path"]),
        Layout.of(task["layout"]),
        Rules.of(task["rules"]),
        ListKeys(**keys),
        task["draw"],
        Path(task["folder"]),
        _Progress(),
    )


class _Progress:
    """Progress lines, a few a second."""

    def __init__(self) -> None:
        self._stage = ""
        self._next = 0.0

    def __call__(self, done: int, total: int, stage: str) -> None:
        now = time.monotonic()
        if stage != self._stage or now >= self._next:
            self._stage, self._next = stage, now + _PAUSE
            _say({"progress": {"done": done, "total": total, "stage": stage}})


def _told(error: ListError) -> dict[str, Any]:
    told: dict[str, Any] = {"code": error.code, "text": str(error)}
    if isinstance(error, BadEntries):
        told |= {"count": error.count, "problems": [asdict(one) for one in error.problems]}
    if isinstance(error, HasDuplicates):
        told["count"] = error.count
    return told


def _say(line: Mapping[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
