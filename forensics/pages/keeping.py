"""Writing exchanges down: bodies fetched, certificates noted, the archive closed and packed."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import rfc8785

from forensics.pages import body, bounds, tls
from forensics.pages.body import Body
from forensics.pages.cdp import Connection, answer
from forensics.pages.errors import BrowserGone, PageRefused
from forensics.pages.exchange import Exchange
from forensics.pages.files import MODE
from forensics.pages.wacz import Visit, pack
from forensics.pages.warc import Archive

WACZ: Final = "web/capture.wacz"
WARC: Final = "web/capture.warc.gz"
TLS: Final = "web/tls.jsonl"
VISITED: Final = "web/pages.jsonl"
#: Seconds a body or a certificate chain may take; seconds exact headers may come later.
_BODY: Final = 15.0
_HEADERS: Final = 0.5
#: Bytes of bodies that were asked for and are not written yet.
_AHEAD: Final = 64 << 20


@dataclass(slots=True)
class Tally:
    """What was written, and what was not."""

    exchanges: int = 0
    missing: int = 0
    left_out: int = 0


class Keeping:
    """A thread that writes what the events' thread hands it.

    The body is asked for at once, while the browser still has it; writing waits for it in turn.
    """

    def __init__(self, evidence: Path, software: Mapping[str, str]) -> None:
        self.tally = Tally()
        self.trouble = ""
        self._evidence, self._software = evidence, software
        self._archive = Archive(evidence / WARC, software)
        self._jobs: queue.SimpleQueue[tuple[Exchange, Connection | None] | None]
        self._jobs = queue.SimpleQueue()
        self._taken = 0
        self._ahead, self._room = 0, threading.Condition()
        self._chains: set[tuple[str, ...]] = set()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._work, name="pages-writer", daemon=True)
        self._thread.start()

    def take(self, exchange: Exchange, connection: Connection | None) -> None:
        """Called in the events' thread; waits while too much is asked for and not yet written."""
        if self._taken >= bounds.MAX_EXCHANGES or self._archive.full:
            self.tally.left_out += 1
            return
        self._taken += 1
        answered = exchange.response and exchange.ended in ("finished", "failed")
        if connection and answered and exchange.received <= bounds.MAX_BODY:
            with self._room:
                self._room.wait_for(lambda: self._ahead < _AHEAD, _BODY)
                self._ahead += exchange.received
            exchange.body = connection.ask(
                "Network.getResponseBody", {"requestId": exchange.request}, exchange.session
            )
        self._jobs.put((exchange, connection))

    def close(self, visits: list[Visit], seconds: float) -> None:
        """Write what is left for at most ``seconds``, then pack. Raises OSError."""
        self._deadline = time.monotonic() + seconds
        self._jobs.put(None)
        self._thread.join(seconds + 5)
        self._archive.close()
        self._visited(visits)
        warc_path = self._evidence / WARC
        software = " ".join(f"{name} {value}" for name, value in self._software.items())
        wacz = self._evidence / WACZ
        pack(wacz, warc_path, list(self._archive.entries), visits, software)
        wacz.chmod(MODE)
        warc_path.unlink()

    def _visited(self, visits: list[Visit]) -> None:
        with (self._evidence / VISITED).open("wb") as file:
            for each in visits:
                file.write(rfc8785.dumps(each.to_json()) + b"\n")

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            exchange, connection = job
            ahead = exchange.received if exchange.body else 0
            try:
                if time.monotonic() < self._deadline:
                    self._write(exchange, connection)
                else:
                    self.tally.left_out += 1
            except OSError as error:  # no space: the recorder says so too, and ends the session
                self.trouble = self.trouble or f"the archive cannot be written: {error}"
                self.tally.left_out += 1
            except (ValueError, KeyError, TypeError) as error:
                self.tally.left_out += 1
                self.trouble = self.trouble or f"an exchange could not be written: {error}"
            finally:
                exchange.body = None
                with self._room:
                    self._ahead -= ahead
                    self._room.notify_all()

    def _write(self, exchange: Exchange, connection: Connection | None) -> None:
        until = min(time.monotonic() + _HEADERS, self._deadline)
        while exchange.waits_for_headers and time.monotonic() < until:
            time.sleep(0.01)
        found = self._body(exchange)
        self._archive.exchange(exchange, found)
        self.tally.exchanges += 1
        self.tally.missing += found.state == "missing"
        if connection is not None:
            self._certificates(exchange, connection)

    def _body(self, exchange: Exchange) -> Body:
        if exchange.ended == "redirected" or not exchange.response:
            return Body(b"", "empty")
        if exchange.body is None:
            large = exchange.received > bounds.MAX_BODY
            return Body(b"", "missing", "too large" if large else "it had not ended")
        try:
            told = self._answer(exchange.body, "the body")
        except (BrowserGone, PageRefused) as error:
            if not exchange.received and (
                exchange.method == "HEAD" or exchange.status in (204, 304)
            ):
                return Body(b"", "empty")
            return Body(b"", "missing", bounds.line(error, 200))
        found = body.decode(told, exchange.received)
        if found.state == "whole" and exchange.ended == "failed":
            return replace(found, state="differs", reason=exchange.failure)
        return found

    def _certificates(self, exchange: Exchange, connection: Connection) -> None:
        shown = tls.shown(exchange)
        if not shown or shown in self._chains or len(self._chains) >= bounds.MAX_ORIGINS:
            return
        self._chains.add(shown)
        asked = connection.ask("Network.getCertificate", {"origin": shown[0]}, exchange.session)
        chain: list[bytes] = []
        with suppress(BrowserGone, PageRefused, ValueError):
            chain = tls.chain(self._answer(asked, "the certificates"))
        at = datetime.now(UTC)
        tls.append(self._evidence / TLS, tls.describe(exchange, chain, at))
        if chain:
            self._archive.resource(
                f"urn:certificates:{shown[0]}", tls.pem(chain), "application/x-pem-file", at
            )

    def _answer(self, future: Future[dict[str, Any]], what: str) -> dict[str, Any]:
        left = self._deadline - time.monotonic()
        return answer(future, what, max(0.05, min(_BODY, left)))
