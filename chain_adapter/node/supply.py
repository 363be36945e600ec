"""Fetching from a log what a node lacks: entries (c2sp.org/tlog-tiles) and what stands beside them.

Nothing that comes from there is believed; sizes are bounded before anything is parsed.
"""

from __future__ import annotations

import json
import time
from typing import Final

from chain_adapter.entry import MAX_ENTRY
from chain_adapter.errors import InvalidEntry
from chain_adapter.node.fetch import MAX_ANSWER, TooMuch, Unreachable, Web
from chain_adapter.node.routes import Rejection
from chain_adapter.supplement import Supplement
from chain_adapter.tlog.layout import TilePath

#: Seconds for one answer of the log.
PATIENCE: Final = 10.0


class LogSource:
    """A log behind ``url``, its address without a slash at the end."""

    def __init__(self, url: str, web: Web, patience: float = PATIENCE) -> None:
        self._url, self._web, self._patience = url, web, patience

    def bundle(self, number: int, width: int) -> list[bytes]:
        """The first ``width`` entries of bundle ``number``.

        Raises:
            Rejection: 503 when the log does not answer, 422 when that is no bundle.
        """
        path = TilePath(None, number, width)
        data = self._get(str(path), width * (MAX_ENTRY + 2), "bundle")
        entries: list[bytes] = []
        place = 0
        while place < len(data) and len(entries) < width:
            end = place + 2 + int.from_bytes(data[place : place + 2], "big")
            entries.append(data[place + 2 : end])
            place = end
        if place != len(data) or len(entries) != width:
            raise Rejection(422, "bundle", f"the log's {path} is no bundle of {width} entries")
        return entries

    def supplements(self, first: int, last: int) -> list[Supplement | None]:
        """What stands beside the entries at positions ``first`` to ``last``, at most 256.

        Raises:
            Rejection: as :meth:`bundle`.
        """
        try:
            data = self._get(f"supplement/{first}-{last}", MAX_ANSWER, "supplement")
        except _TooLong as error:
            if first == last:
                raise
            middle = (first + last) // 2  # large tokens: fewer at a time
            del error
            return self.supplements(first, middle) + self.supplements(middle + 1, last)
        try:
            value = json.loads(data)
            if value["first"] != first or len(value["items"]) != last - first + 1:
                raise ValueError("another range than the one asked for")
            return [
                None if each is None else Supplement.from_object(each) for each in value["items"]
            ]
        except (ValueError, KeyError, TypeError, RecursionError, InvalidEntry) as error:
            sentence = f"what the log gives beside {first} to {last} cannot be read: {error}"
            raise Rejection(422, "supplement", sentence) from error

    def _get(self, path: str, limit: int, code: str) -> bytes:
        start = time.monotonic()
        try:
            answer = self._web.get(f"{self._url}/{path}", seconds=self._patience, limit=limit)
        except TooMuch as error:
            raise _TooLong(422, code, f"the log lies: {error}") from error
        except Unreachable as error:
            raise Rejection(503, "log_unreachable", str(error)) from error
        if answer.status != 200:
            taken = time.monotonic() - start
            sentence = f"the log answers {answer.status} for {path} after {taken:.1f} s"
            raise Rejection(503, "log_unreachable", sentence)
        return answer.body


class _TooLong(Rejection):
    """The answer was longer than allowed."""
