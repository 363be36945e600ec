"""Digests by the thousand over real HTTP: from the request to the last issued proof.

One web process (gunicorn) and one worker process, as ``make run`` starts them. A digest counts once
its deposit has token, ledger record, receipt and proof.
CPU seconds of both processes are told beside the clock, for they do not depend on what else the
machine is doing.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import secrets
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from benchmarks._figures import figure
from benchmarks.portal import environment, prepare, server, worker

_CALLS = 4
_ITEMS = 10_000
_SAMPLE = 50
_PATH = "/api/v1/deposits"


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        settings = environment(Path(name))
        key = prepare(settings)
        port = stack.enter_context(server("wsgi:app", settings))
        stack.enter_context(worker(settings))
        client = _Client(port, key)
        client.deposit(100)  # waits for the worker to have started
        client.wait_for(100)
        before, begin = _cpu_seconds(), time.monotonic()
        ids: list[str] = []
        for _ in range(_CALLS):
            ids += client.deposit(_ITEMS)
        accepted = time.monotonic() - begin
        client.wait_for(100 + len(ids))
        client.check([*ids[999::1000], *random.sample(ids, _SAMPLE)])
        elapsed, cpu = time.monotonic() - begin, _cpu_seconds() - before
        figure("batch, durably accepted", len(ids) / accepted, "digests/s", floor=0)
        figure("batch, digests to issued proof", len(ids) / elapsed, "digests/s", floor=5000)
        figure("batch, CPU of web and worker", cpu / len(ids) * 1e6, "us/digest", floor=0)


class _Client:
    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._headers = {"Authorization": f"Bearer {key}"}

    def deposit(self, count: int) -> list[str]:
        """The ids of ``count`` new deposits, in one call."""
        items = [{"digests": {"sha256": secrets.token_hex(32)}} for _ in range(count)]
        answer = self._ask("POST", f"{_PATH}/batch", {"items": items})
        if answer["accepted"] != count:
            raise SystemExit(f"accepted {answer['accepted']} of {count}")
        return [each["deposit"]["id"] for each in answer["results"]]

    def wait_for(self, size: int) -> None:
        """Until the ledger holds ``size`` entries."""
        end = time.monotonic() + 600
        while self._ask("GET", "/api/v1/ledger/checkpoint")["size"] < size:
            if time.monotonic() > end:
                raise SystemExit("the deposits did not reach the ledger")
            time.sleep(0.05)

    def check(self, ids: list[str]) -> None:
        """Each of these is issued and has its proof; the last step follows the ledger's."""
        for deposit in ids:
            while self._ask("GET", f"{_PATH}/{deposit}")["state"] != "issued":
                time.sleep(0.02)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body)
        headers = self._headers | ({"Content-Type": "application/json"} if body else {})
        self._connection.request(method, path, data, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)


def _cpu_seconds() -> float:
    """User and system time of all the processes this one started, and of those they started."""
    parents: dict[int, tuple[int, float]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()  # proc(5): from field 3 on
            spent = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            parents[int(path.parent.name)] = int(fields[1]), spent
    ours, found = {os.getpid()}, 0.0
    for pid in sorted(parents):  # a child's number is greater, unless the numbers began anew
        parent, spent = parents[pid]
        if parent in ours and pid != os.getpid():
            ours.add(pid)
            found += spent
    return found


if __name__ == "__main__":
    main()
