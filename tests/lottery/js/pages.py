"""Static files and a few pages on 127.0.0.1, under the portal's content security policy."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from portal.headers import policy
from tests.lottery.js.node import HERE, STATIC

#: A page to which tests add what they need.
BLANK = (
    b'<!doctype html><html lang="en"><title>Draw</title><link rel="icon" href="data:,">'
    b"<body></body></html>"
)


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, pages: Mapping[str, bytes], **options: Any) -> None:
        self.pages = pages
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        if page is None:
            return super().do_GET()
        self.send_response(200)
        kind = "text/html; charset=utf-8" if page.startswith(b"<") else "application/octet-stream"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        return None

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", policy(connect="").replace("  ", " "))
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Quiet."""


@contextmanager
def served(pages: Mapping[str, bytes]) -> Iterator[str]:
    """The address of a server of ``portal/ui/static`` with ``pages`` (path → content) beside."""
    handler = partial(_Handler, pages={"/": BLANK, **pages}, directory=str(STATIC))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def made_in_node(script: str, folder: Path) -> bytes:
    """What ``script`` (a module that may import from "DRAW") writes to stdout."""
    path = folder / "make.mjs"
    path.write_text(script.replace("DRAW", (HERE / "draw.mjs").as_uri()))
    done = subprocess.run(["node", str(path)], capture_output=True, check=True, timeout=120)
    return done.stdout
