"""A mail server for tests: RFC 5321 as far as a client of ours speaks it, on a port of 127.0.0.1,
with STARTTLS, TLS from the start, passwords and refusals."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


@dataclass
class Mailbox:
    """What the server was told to do, and what reached it."""

    port: int = 0
    tls: ssl.SSLContext | None = None
    starttls: bool = False
    password: str = ""
    refuse: dict[str, str] = field(default_factory=dict)  # command → reply
    received: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    logins: list[tuple[str, bool]] = field(default_factory=list)  # (user:password, over TLS)
    commands: list[str] = field(default_factory=list)


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box: Mailbox = self.server.box  # type: ignore[attr-defined]
        self._box, self._safe = box, False
        if box.tls is not None and not box.starttls:
            self._secure()
        self._say("220 mail.test ready")
        sender, recipients = "", []
        while line := self.rfile.readline():
            text = line.decode().rstrip("\r\n")
            command = text.partition(" ")[0].upper()
            box.commands.append(command)
            if command in box.refuse:
                self._say(box.refuse[command])
            elif command == "EHLO":
                self._say(*self._offers())
            elif command == "STARTTLS":
                self._say("220 go ahead")
                self._secure()
            elif command == "AUTH":
                self._login(text)
            elif command == "MAIL":
                sender = text[10:].partition(" ")[0].strip("<>")
                self._say("250 ok")
            elif command == "RCPT":
                recipients.append(text[8:].strip("<>"))
                self._say("250 ok")
            elif command == "DATA":
                self._say("354 go on")
                box.received.append((sender, recipients, self._message()))
                self._say("250 taken")
            elif command == "QUIT":
                self._say("221 bye")
                break
            else:
                self._say("250 ok")
        self.connection.close()

    def _offers(self) -> list[str]:
        offers = ["250-mail.test", "250-8BITMIME", "250-SMTPUTF8"]
        if self._box.starttls and not self._safe:
            offers.append("250-STARTTLS")
        if self._box.password:
            offers.append("250-AUTH PLAIN")
        return [*offers, "250 HELP"]

    def _login(self, text: str) -> None:
        _, user, password = base64.b64decode(text.split()[2]).decode().split("\0")
        self._box.logins.append((f"{user}:{password}", self._safe))
        self._say("235 welcome" if password == self._box.password else "535 5.7.8 wrong")

    def _message(self) -> EmailMessage:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        parsed: Any = message_from_bytes(b"".join(lines), policy=policy.default)
        return parsed  # type: ignore[no-any-return]

    def _secure(self) -> None:
        assert self._box.tls is not None
        self.connection = self._box.tls.wrap_socket(self.request, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)  # type: ignore[assignment]
        self._safe = True

    def _say(self, *lines: str) -> None:
        for line in lines:
            self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is part of some tests."""


@contextmanager
def mail_server(box: Mailbox) -> Iterator[Mailbox]:
    """Run the server while the block runs; ``box.port`` is where."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.box = box  # type: ignore[attr-defined]
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()
