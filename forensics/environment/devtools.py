"""Asking the browser's DevTools inside of the desktop's network namespace.

What it answers is the browser's own word: it may speak against the desktop, hardly for it.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import threading
from typing import Any, Final, TypeVar

from forensics.environment import proc
from forensics.environment.view import Undecided, View

_CLONE_NEWNET: Final = 0x40000000
_SECONDS: Final = 0.9
_LIMIT: Final = 1 << 20
T = TypeVar("T")


def ask(view: View, path: str, kind: type[T]) -> T:
    """The JSON answer to ``GET path``, of type ``kind``.

    Raises:
        Undecided: no answer, or another one.
    """
    answers: list[Any] = []
    # A thread of its own: a network namespace is entered by thread, and it never comes back.
    thread = threading.Thread(target=_ask, args=(view, path, answers), daemon=True)
    thread.start()
    thread.join(2 * _SECONDS)
    if not answers or not isinstance(answers[0], kind):
        raise Undecided("no-answer")
    return answers[0]


def _ask(view: View, path: str, answers: list[Any]) -> None:
    target = view.target
    connection = http.client.HTTPConnection("127.0.0.1", target.cdp_port, timeout=_SECONDS)
    try:
        _enter(target.pid)
        connection.request("GET", path)
        answers.append(json.loads(connection.getresponse().read(_LIMIT)))
    except (OSError, ValueError, RecursionError, http.client.HTTPException):
        return
    finally:
        connection.close()


def _enter(pid: int) -> None:
    """Raises OSError."""
    own, theirs = (
        str((proc.PROC / each / "ns/net").readlink()) for each in ("thread-self", str(pid))
    )
    if own == theirs:
        return
    handle = os.open(proc.PROC / str(pid) / "ns/net", os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(handle, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(handle)
