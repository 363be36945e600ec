"""A thousand people look at one draw: what their polls cost, and what they cost everybody else.

A real gunicorn as it is deployed, asked over loopback. The viewers are a process of their own with
a thousand kept-alive connections, each of which polls once a second as the page's script does. All
the while the draw goes on: twice a second somebody writes a step's new snapshot, and somebody opens
another page of the portal. The same is measured before, without viewers.
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

import migrations.tables  # noqa: F401 - all tables know each other
from benchmarks._figures import figure
from benchmarks.portal import environment, prepare
from portal.accounts.models import User
from portal.database import Database
from portal.draws.models import Draw, DrawSnapshot

_VIEWERS = 1000
_SECONDS = 15.0
_WARM = 3.0
_PAGE = "/verify"
_ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        settings = environment(Path(name))
        prepare(settings)
        database = Database(f"sqlite:///{Path(name) / 'var' / 'portal.db'}")
        stack.callback(database.close)
        draw_id = _announce(database)
        port = stack.enter_context(_portal(settings))
        _measure(port, _PAGE, 10)  # templates and catalogues are loaded at the first page
        alone = _beside(port, database, draw_id)
        with _viewers(port, draw_id) as viewers:
            time.sleep(_WARM)
            crowded = _beside(port, database, draw_id)
        polls = json.loads(viewers())
    _report(alone, crowded, polls)


def _report(
    alone: dict[str, list[float]], crowded: dict[str, list[float]], polls: dict[str, float]
) -> None:
    figure("viewers polling each second", polls["viewers"], "connections", floor=_VIEWERS)
    figure("polls answered", polls["per_second"], "polls/s", floor=0.95 * _VIEWERS)
    figure("polls not answered", polls["failed"], "polls", floor=0, at_most=True)
    figure("polls that brought news", polls["fresh"], "polls", floor=_VIEWERS)
    figure("poll, p50", polls["p50"], "ms", floor=100, at_most=True)
    figure("poll, p95", polls["p95"], "ms", floor=1000, at_most=True)
    for what in ("another page", "a step is written"):
        figure(f"{what}, p95, nobody looking on", _p95(alone[what]), "ms", 300, at_most=True)
        figure(f"{what}, p50, viewers looking on", _p50(crowded[what]), "ms", 300, at_most=True)
        figure(f"{what}, p95, viewers looking on", _p95(crowded[what]), "ms", 300, at_most=True)


def _beside(port: int, database: Database, draw_id: str) -> dict[str, list[float]]:
    """Milliseconds of what else goes on meanwhile."""
    writing: list[float] = []
    end = time.monotonic() + _SECONDS

    def write() -> None:
        while time.monotonic() < end:
            writing.append(_timed(lambda: _snapshot(database, draw_id)))
            time.sleep(0.5)

    thread = threading.Thread(target=write)
    thread.start()
    pages = _measure(port, _PAGE, until=end)
    thread.join()
    return {"another page": pages, "a step is written": writing}


def _measure(port: int, path: str, times: int = 1_000_000, until: float = 1e12) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask() -> None:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answers {answer.status}")

    found: list[float] = []
    while len(found) < times and time.monotonic() < until:
        found.append(_timed(ask))
        time.sleep(0.05)
    connection.close()
    return found


def _timed(act: Callable[[], None]) -> float:
    begin = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - begin)


def _p50(values: list[float]) -> float:
    return statistics.median(values)


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


# -- The portal --------------------------------------------------------------------------------


def _announce(database: Database) -> str:
    """A draw that everybody may see, with a snapshot as large as that of five parties."""
    draw_id, now = str(uuid.uuid4()), datetime.now(UTC)
    with database.transaction() as session:
        owner = session.scalars(select(User.id)).first()
        session.add(
            Draw(
                id=draw_id,
                owner_id=owner,
                actor="{}",
                plan="{}",
                title_zh="抽签",
                title_en="Draw",
                state="running",
                phase="reveal",
                created_at=now,
                changed_at=now,
                announced_at=now,
                draw_at=now,
                next_attempt_at=now + timedelta(days=1),
            )
        )
    _snapshot(database, draw_id)
    return draw_id


def _snapshot(database: Database, draw_id: str) -> None:
    now = datetime.now(UTC)
    steps = [
        {"n": n, "type": "commit", "attempt": 1, "at": now.isoformat(), "sealed": True}
        | {"sha256": hashlib.sha256(b"%d" % n).hexdigest()}
        for n in range(24)
    ]
    body = json.dumps({"draw": draw_id, "phase": "reveal", "now": now.isoformat(), "steps": steps})
    with database.transaction() as session:
        session.merge(
            DrawSnapshot(
                draw_id=draw_id,
                body=body,
                etag=hashlib.sha256(body.encode()).hexdigest()[:32],
                seen="",
                made_at=now,
            )
        )


@contextmanager
def _portal(settings: dict[str, str]) -> Iterator[int]:
    """gunicorn with the configuration it is deployed with; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = settings | {"BIND": f"127.0.0.1:{port}", "BASE_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "wsgi:app"]
    process = subprocess.Popen(command, env=settings, cwd=_ROOT, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            _measure(port, "/healthz", 1)
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
    raise SystemExit("the server did not start")


# -- The viewers -------------------------------------------------------------------------------


@contextmanager
def _viewers(port: int, draw_id: str) -> Iterator[Callable[[], str]]:
    """A process full of them, polling while the block runs; what it printed afterwards."""
    command = [sys.executable, "-m", "benchmarks.draw_viewers", str(port), draw_id]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    found: list[str] = []
    try:
        yield lambda: found[0]
    finally:
        found.append(process.communicate(timeout=120)[0])


async def _look_on(port: int, draw_id: str) -> None:
    """All viewers at once; prints what they saw as one line of JSON."""
    seen: dict[str, list[float]] = {"times": [], "fresh": [], "failed": []}
    path = f"/draws/{draw_id}/live.json"
    end = time.monotonic() + _WARM + _SECONDS
    measured = time.monotonic() + _WARM
    await asyncio.gather(
        *(_viewer(port, path, n / _VIEWERS, measured, end, seen) for n in range(_VIEWERS))
    )
    times = sorted(seen["times"])
    print(
        json.dumps(
            {
                "viewers": _VIEWERS,
                "per_second": len(times) / _SECONDS,
                "failed": len(seen["failed"]),
                "fresh": len(seen["fresh"]),
                "p50": _p50(times),
                "p95": _p95(times),
            }
        )
    )


async def _viewer(
    port: int, path: str, late: float, measured: float, end: float, seen: dict[str, list[float]]
) -> None:
    """One connection: a poll a second, with the tag of the last answer."""
    await asyncio.sleep(late)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    tag, next_at = "", time.monotonic()
    while (begin := time.monotonic()) < end:
        more = f"If-None-Match: {tag}\r\n" if tag else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}\r\n".encode())
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status = int(head.split(" ", 2)[1])
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            length = 0 if status == 304 else int(fields["Content-Length"])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError, KeyError):
            seen["failed"].append(begin)
            return
        tag = fields.get("ETag", "")
        if begin >= measured:
            seen["times"].append(1000 * (time.monotonic() - begin))
            if status == 200:
                seen["fresh"].append(begin)
            elif status != 304:
                seen["failed"].append(begin)
        next_at += 1.0
        await asyncio.sleep(max(0.0, next_at - time.monotonic()))
    writer.close()


def _many_files() -> None:
    """As many open connections as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _many_files()
        asyncio.run(_look_on(int(sys.argv[1]), sys.argv[2]))
    else:
        os.environ.setdefault("LOG_LEVEL", "ERROR")
        main()
