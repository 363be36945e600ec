"""A JSON-RPC endpoint that is not what it seems: it stands before a real node and lies as told."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

#: Gets the parameters and the node's own answer (a whole JSON-RPC response); gives what is said.
Lie = Callable[[list[Any], dict[str, Any]], dict[str, Any]]


class Proxy:
    """``lies``: method → what becomes of its answer. ``swallow``: methods whose answer is lost on
    the way, though the node did what was asked. ``bulk``: methods answered with so many bytes.
    ``asked`` counts the calls of each method."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.lies: dict[str, Lie] = {}
        self.swallow: set[str] = set()
        self.bulk: dict[str, int] = {}
        self.asked: dict[str, int] = {}
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = proxy._answer(json.loads(body), body)
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                try:
                    self.wfile.write(answer)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def freeze(self, height: int) -> None:
        """Know nothing of blocks above ``height``, as one does that lags behind."""

        def block(params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
            if params[0] == "latest":
                return self._ask("eth_getBlockByNumber", [hex(height), *params[1:]])
            return answer if int(params[0], 16) <= height else {**answer, "result": None}

        def then(params: list[Any], _: dict[str, Any]) -> dict[str, Any]:
            return self._ask("eth_call", [params[0], hex(height)])

        self.lies["eth_blockNumber"] = lambda _, answer: {**answer, "result": hex(height)}
        self.lies["eth_getBlockByNumber"] = block
        self.lies["eth_call"] = then

    def _answer(self, request: dict[str, Any], body: bytes) -> bytes | None:
        method = request["method"]
        self.asked[method] = self.asked.get(method, 0) + 1
        if method in self.bulk:
            head = json.dumps({"jsonrpc": "2.0", "id": request["id"]}).encode()[:-1]
            return head + b', "result": "' + bytes(self.bulk[method]) + b'"}'
        answer = self._forward(body)
        if method in self.swallow:
            return None
        value = json.loads(answer)
        if method in self.lies:
            value = {**self.lies[method](request["params"], value), "id": request["id"]}
        return json.dumps(value).encode()

    def _ask(self, method: str, params: list[Any]) -> dict[str, Any]:
        call = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
        answer: dict[str, Any] = json.loads(self._forward(json.dumps(call).encode()))
        return answer

    def _forward(self, body: bytes) -> bytes:
        request = urllib.request.Request(self.target, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            data: bytes = answer.read()
        return data
