"""The protocol's client against a browser that misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from forensics.pages.cdp import Connection
from forensics.pages.errors import BrowserGone, PageRefused
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_for

Handler = Callable[[ServerConnection], None]


@contextmanager
def browser(handler: Handler) -> Iterator[int]:
    """Something that opens like a browser and then does as ``handler`` does."""

    def version(connection: ServerConnection, request: Request) -> Response | None:
        if request.path != "/json/version":
            return None
        # Points elsewhere on purpose: only the path may be believed.
        value = {"webSocketDebuggerUrl": "ws://203.0.113.1:1/devtools/browser/x"}
        return connection.respond(HTTPStatus.OK, json.dumps(value))

    with serve(handler, "127.0.0.1", 0, process_request=version) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join()


def echo(connection: ServerConnection) -> None:
    for text in connection:
        asked = json.loads(text)
        connection.send(json.dumps({"method": "Some.event", "params": {"n": asked["id"]}}))
        if asked["method"] == "Refuse":
            answer = {"id": asked["id"], "error": {"message": "no\nway"}}
        else:
            answer = {"id": asked["id"], "result": {"session": asked.get("sessionId", "")}}
        connection.send(json.dumps(answer))


def test_answers_and_events() -> None:
    with browser(echo) as port:
        connection = Connection(port)
        assert connection.call("Do", session="s1") == {"session": "s1"}
        with pytest.raises(PageRefused, match="no"):
            connection.call("Refuse")
        first = connection.events.get(timeout=PATIENCE)
        assert first is not None
        assert (first.method, first.params) == ("Some.event", {"n": 1})
        connection.close()
        with pytest.raises(BrowserGone):
            connection.call("Do")


def test_nonsense_is_counted_and_passed_over() -> None:
    def nonsense(connection: ServerConnection) -> None:
        for text in connection:
            for said in (
                "{",
                "[1]",
                '"x"',
                '{"id": "?"}',
                '{"id": 99}',
                '{"method": 5}',
                "[" * 9999,
            ):
                connection.send(said)
            connection.send(json.dumps({"id": json.loads(text)["id"], "result": "no object"}))

    with browser(nonsense) as port:
        connection = Connection(port)
        assert connection.call("Do") == {}
        assert connection.lost == 2
        connection.close()


def test_who_waits_is_told_when_the_browser_goes() -> None:
    with browser(lambda connection: connection.close()) as port:
        connection = Connection(port)
        with pytest.raises(BrowserGone):
            connection.call("Do")
        wait_for(lambda: connection.closed)
        assert connection.events.get(timeout=PATIENCE) is None
        connection.close()


def test_silence_is_an_answer_too() -> None:
    def silent(connection: ServerConnection) -> None:
        for _ in connection:
            pass

    with browser(silent) as port:
        connection = Connection(port)
        with pytest.raises(PageRefused, match="no answer within"):
            connection.call("Do", timeout=0.1)
        connection.close()


def test_no_browser() -> None:
    with pytest.raises(BrowserGone, match="no DevTools"):
        Connection(free_port())
