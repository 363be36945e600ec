"""With REDIS_URL several machines share the queue and the counts: on a real Redis."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask import Request
from limits import parse
from werkzeug.test import EnvironBuilder

from portal.jobs.queue import Queue, advance_task, open_huey
from portal.limits import Counter, Rule
from portal.settings import Settings
from tests.waiting import wait_for

ASKED = Request(EnvironBuilder().get_environ())


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own on a socket file, without a port and without a disk."""
    socket = tmp_path_factory.mktemp("redis") / "s"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(socket.exists, "the server listens")
        yield f"unix://{socket}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Iterator[Settings]:
    yield Settings(environment="test", data_dir=tmp_path, redis_url=redis_url)
    redis.Redis.from_url(redis_url).flushall()


def test_a_nudge_of_one_machine_is_found_by_another(settings: Settings) -> None:
    queue = Queue(settings)
    queue.nudge()
    queue.close()
    elsewhere, done = open_huey(settings), []
    advance_task(elsewhere, lambda: done.append(1))
    assert elsewhere.pending_count() == 1
    elsewhere.execute(elsewhere.dequeue())
    assert done == [1]


def test_processes_share_one_count(settings: Settings) -> None:
    rule = Rule("all", parse("3 per minute"), lambda _: True, lambda: "somebody")
    counters = [Counter([rule], settings.redis_url) for _ in range(2)]
    remaining = [counters[turn % 2].count(ASKED) for turn in range(4)]
    assert [each.remaining for each in remaining if each] == [2, 1, 0, -1]
    assert all(0 < each.wait <= 60 for each in remaining if each)
