"""``python -m tests.site --bind ADDRESS [--port N] [--tls] [--name NAME …]``

Serves until it is ended. One line of JSON says when it is ready: ``{"url", "bind", "port",
"scheme", "authority"}``; ``authority`` is the path of the root certificate (PEM), or null without
TLS. With ``--both``, plain HTTP is served on ``--port`` (default 80) and TLS on ``--tls-port``
(default 443), and ``tls_url`` is said too.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from tests.site.certificates import make
from tests.site.server import Site, serving


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.site")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--both", action="store_true")
    parser.add_argument("--tls-port", type=int, default=443)
    parser.add_argument("--name", action="append", default=[], help="names in the certificate")
    parser.add_argument("--folder", type=Path, help="where the certificates go")
    options = parser.parse_args()
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        names = [*options.name, options.bind, "localhost"]
        certificates = make(folder, names) if options.tls or options.both else None
        site: Site
        if options.both:
            plain = 80 if options.port is None else options.port
            site = stack.enter_context(serving(options.bind, plain))
            secure = stack.enter_context(serving(options.bind, options.tls_port, certificates))
            more = {"tls_url": secure.url}
        else:
            site = stack.enter_context(serving(options.bind, options.port or 0, certificates))
            more = {}
        print(
            json.dumps(_ready(site, options.bind, certificates and certificates.authority, more)),
            flush=True,
        )
        ended.wait()


def _ready(
    site: Site, bind: str, authority: Path | None, more: dict[str, str]
) -> dict[str, object]:
    return {
        "url": site.url,
        "bind": bind,
        "port": site.server_address[1],
        "scheme": site.scheme,
        "authority": str(authority) if authority else None,
        **more,
    }


if __name__ == "__main__":
    main()
