"""The layer before the application that answers everybody's polls."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client
from werkzeug.wrappers import Response

from portal.accounts.models import User
from portal.draws.live import KEY, LiveLayer, Snapshots
from portal.problems import NotFound
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.draws.hall import perform, show

DRAW = "0d3f5a52-6f7a-4c39-9b5e-0f3f7a0b1c2d"
PATH = f"/draws/{DRAW}/live.json"


class Source:
    """A service whose answer the test chooses; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked, self.body, self.problem = 0, b"{}", None

    def __call__(self, draw_id: str) -> tuple[bytes, str]:
        self.asked += 1
        if self.problem:
            raise self.problem
        return self.body, f"v{len(self.body)}"

    body: bytes
    problem: Exception | None


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def snapshots(source: Source, clock: Clock) -> Snapshots:
    return Snapshots(source, clock)


@pytest.fixture
def web(snapshots: Snapshots) -> Client:
    def behind(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("418 The application", [])
        return [b""]

    return Client(LiveLayer(behind, snapshots), Response)


def test_a_thousand_polls_are_one_look_at_the_database(
    web: Client, snapshots: Snapshots, source: Source, clock: Clock
) -> None:
    snapshots.of(DRAW)
    answers = {web.get(PATH).status_code for _ in range(1000)}
    assert (answers, source.asked) == ({200}, 1)
    clock.now += 0.6
    assert web.get(PATH).status_code == 200
    assert source.asked == 2


def test_what_is_unchanged_is_not_sent_again(web: Client, snapshots: Snapshots) -> None:
    snapshots.of(DRAW)
    first = web.get(PATH)
    assert (first.headers["Cache-Control"], first.data) == ("public, max-age=1", b"{}")
    for tag in (first.headers["ETag"], f'"x", W/{first.headers["ETag"]}', "*"):
        again = web.get(PATH, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
    assert web.get(PATH, headers={"If-None-Match": '"x"'}).status_code == 200
    head = web.head(PATH)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", "2")


def test_a_change_is_seen_within_a_second(
    web: Client, snapshots: Snapshots, source: Source, clock: Clock
) -> None:
    snapshots.of(DRAW)
    old = web.get(PATH).headers["ETag"]
    source.body, clock.now = b'{"phase":"final"}', clock.now + 1
    answer = web.get(PATH, headers={"If-None-Match": old})
    assert (answer.status_code, answer.data) == (200, source.body)


def test_what_is_not_known_goes_on_to_the_application(web: Client, source: Source) -> None:
    for path in (PATH, f"/draws/{DRAW}/live", "/draws/../live.json", "/draws/x/live.json"):
        assert web.get(path).status_code == 418, path
    assert source.asked == 0


def test_other_methods_go_on_to_the_application(web: Client, snapshots: Snapshots) -> None:
    snapshots.of(DRAW)
    assert web.post(PATH).status_code == 418


def test_a_busy_database_leaves_what_there_was(
    web: Client, snapshots: Snapshots, source: Source, clock: Clock
) -> None:
    snapshots.of(DRAW)
    source.problem, clock.now = OSError("locked"), clock.now + 5
    assert web.get(PATH).data == b"{}"


def test_what_is_no_longer_public_is_forgotten(
    web: Client, snapshots: Snapshots, source: Source, clock: Clock
) -> None:
    snapshots.of(DRAW)
    source.problem, clock.now = NotFound("draw", "There is no such draw."), clock.now + 5
    assert web.get(PATH).status_code == 418


def test_while_one_thread_reads_the_others_do_not_wait(clock: Clock) -> None:
    reading, go_on = threading.Event(), threading.Event()

    def slow(draw_id: str) -> tuple[bytes, str]:
        if clock.now > 100:
            reading.set()
            assert go_on.wait(10)
            return b"new", "2"
        return b"old", "1"

    snapshots = Snapshots(slow, clock)
    snapshots.of(DRAW)
    clock.now += 1
    reader = threading.Thread(target=snapshots.known, args=(DRAW,))
    reader.start()
    assert reading.wait(10)
    kept = snapshots.known(DRAW)
    assert kept is not None
    assert kept.body == b"old"
    go_on.set()
    reader.join()
    fresh = snapshots.known(DRAW)
    assert fresh is not None
    assert fresh.body == b"new"


def test_only_so_many_draws_are_kept(snapshots: Snapshots, source: Source) -> None:
    for n in range(70):
        snapshots.of(f"{n:08x}{DRAW[8:]}")
    assert snapshots.known(f"{0:08x}{DRAW[8:]}") is None
    assert snapshots.known(f"{69:08x}{DRAW[8:]}") is not None


def test_in_the_portal_the_second_poll_asks_neither_flask_nor_the_database(
    app: Flask, services: Services, user: User, client: PortalClient
) -> None:
    one = perform(services.settings.path("draws"))
    show(services, user, one)
    address = f"/draws/{one.id}/live.json"
    first = client.get(address)
    assert first.json["phase"] == "commit"
    assert "Set-Cookie" not in first.headers
    assert "X-Request-Id" in first.headers
    second = client.get(address)
    assert second.data == first.data
    assert "X-Request-Id" not in second.headers  # the application was not asked
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert app.extensions[KEY].known(one.id) is not None


def test_an_unknown_draw_is_counted_and_not_found(client: PortalClient) -> None:
    answer = client.get(PATH)
    assert answer.status_code == 404
    assert "X-RateLimit-Remaining" in answer.headers
