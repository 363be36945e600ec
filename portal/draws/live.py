"""What every screen polls once a second, answered before Flask is asked.

A thousand visitors who look at one draw ask a thousand times a second for the same few kilobytes.
:class:`Snapshots` keeps them in memory and reads them anew at most twice a second, by one thread at
a time; :class:`LiveLayer` answers from there: no session, no rate limit, no database. It answers
only for draws that the application has shown before: whatever else is asked goes on to Flask,
whose limits hold for people who try ids.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from flask.sansio.app import App

from portal.problems import NotFound

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = structlog.get_logger(__name__)
#: Gives a draw's document and its entity tag; raises NotFound for what is not public.
Read = Callable[[str], tuple[bytes, str]]

#: seconds for which a snapshot is not read again
_FRESH: Final = 0.5
#: draws kept in memory; the one longest not asked for goes first
_KEPT: Final = 64
_PATH: Final = re.compile(
    r"/draws/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/live\.json"
)
#: What proxies and browsers may do with it: keep it for the second in which it holds.
CACHE: Final = "public, max-age=1"
KEY: Final = "draws_live"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``etag`` is quoted as HTTP wants it; ``at`` is when it was read, on the monotonic clock."""

    body: bytes
    etag: str
    at: float


class Snapshots:
    """The newest document of each draw that is looked at. Safe for threads."""

    def __init__(self, read: Read, clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._reading: set[str] = set()
        self._lock = threading.Lock()

    def of(self, draw_id: str) -> Snapshot:
        """Read when need be. Raises what reading raises: NotFound for what is not public."""
        return self.known(draw_id) or self._fill(draw_id)

    def known(self, draw_id: str) -> Snapshot | None:
        """What is at hand, None when this draw has not been read before. While one thread reads
        it anew the others get what there was, and when reading fails everybody does."""
        with self._lock:
            kept = self._kept.get(draw_id)
            if kept is None:
                return None
            self._kept.move_to_end(draw_id)
            if self._clock() - kept.at < _FRESH or draw_id in self._reading:
                return kept
            self._reading.add(draw_id)
        try:
            return self._fill(draw_id)
        except NotFound:
            self._forget(draw_id)  # no longer public, or never again: Flask says so
            return None
        except Exception:  # noqa: BLE001 - a busy database must not darken the screens
            _log.exception("live_stale", draw=draw_id)
            return kept
        finally:
            with self._lock:
                self._reading.discard(draw_id)

    def _fill(self, draw_id: str) -> Snapshot:
        begun = self._clock()
        body, tag = self._read(draw_id)
        fresh = Snapshot(body, f'"{tag.strip(chr(34))}"', begun)
        with self._lock:
            self._kept[draw_id] = fresh
            self._kept.move_to_end(draw_id)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return fresh

    def _forget(self, draw_id: str) -> None:
        with self._lock:
            self._kept.pop(draw_id, None)


class LiveLayer:
    """WSGI in front of the application: ``GET /draws/<id>/live.json`` of a known draw."""

    def __init__(
        self, app: WSGIApplication, snapshots: Snapshots, extra: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self._app, self._snapshots, self._extra = app, snapshots, extra

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        method = environ.get("REQUEST_METHOD")
        match = _PATH.fullmatch(path) if path.endswith("/live.json") else None
        snapshot = self._snapshots.known(match[1]) if match and method in _READING else None
        if snapshot is None:
            return self._app(environ, start_response)
        headers = [*fixed_headers(snapshot), *self._extra]
        if same(environ.get("HTTP_IF_NONE_MATCH", ""), snapshot):
            start_response("304 Not Modified", headers)
            return ()
        headers.append(("Content-Length", str(len(snapshot.body))))
        start_response("200 OK", headers)
        return () if method == "HEAD" else (snapshot.body,)


_READING: Final = frozenset({"GET", "HEAD"})


def fixed_headers(snapshot: Snapshot) -> list[tuple[str, str]]:
    """What the answer says beside its length, whoever gives it."""
    return [
        ("Content-Type", "application/json"),
        ("ETag", snapshot.etag),
        ("Cache-Control", CACHE),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
    ]


def same(asked: str, snapshot: Snapshot) -> bool:
    """Whether ``If-None-Match`` names this snapshot (RFC 9110 §13.1.2, weak comparison)."""
    tags = (part.strip().removeprefix("W/") for part in asked.split(","))
    return asked.strip() == "*" or snapshot.etag in tags


def install(app: App, read: Read, *, https: bool) -> None:
    """Put the layer in front of ``app``; its views find the snapshots under :data:`KEY`."""
    snapshots = Snapshots(read)
    app.extensions[KEY] = snapshots
    extra = (("Strict-Transport-Security", "max-age=31536000"),) if https else ()
    app.wsgi_app = LiveLayer(app.wsgi_app, snapshots, extra)  # type: ignore[attr-defined]
