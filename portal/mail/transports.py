"""How a mail leaves: into a folder, to the console, or by SMTP.

``MAIL`` names one: ``file:mail`` (a folder below DATA_DIR), ``console:``,
``smtp://user:password@host:587`` (STARTTLS whenever the server offers it, and always before a
password is sent) or ``smtps://user:password@host:465`` (TLS from the start).
"""

from __future__ import annotations

import base64
import os
import smtplib
import ssl
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol, TextIO
from urllib.parse import SplitResult, unquote, urlsplit

_TIMEOUT: Final = 20.0
_PORTS: Final = {"smtp": 587, "smtps": 465}


class MailUnavailable(Exception):
    """Not now; another attempt may succeed."""


class MailRefused(Exception):
    """The server refuses this mail for good."""


class Transport(Protocol):
    """Hands one mail on, or says why not. Called from one thread at a time."""

    def send(self, message: EmailMessage) -> None:
        """Raises:
        MailUnavailable: try again later.
        MailRefused: there is no sense in trying again.
        """


def open_transport(url: str, base: Path) -> Transport:
    """The transport ``MAIL`` names; relative folders are below ``base``. Connects to nothing.

    Raises:
        ValueError: an unknown scheme, or an address without a host.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "file":
        return FolderTransport(base / (rest or "mail"))
    if scheme == "console":
        return ConsoleTransport(sys.stderr)
    if scheme in _PORTS:
        return SmtpTransport(urlsplit(url))
    raise ValueError("MAIL is file:FOLDER, console:, smtp://… or smtps://…")


class FolderTransport:
    """Each mail becomes an .eml file that only the service may read. Nothing leaves the machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
            name = str(message["Message-ID"]).strip("<>").partition("@")[0]
            part = self._folder / f".{stamp}-{name}.part"
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(message.as_bytes())
            part.rename(self._folder / f"{stamp}-{name}.eml")
        except OSError as error:
            raise MailUnavailable(f"mail folder: {error.strerror}") from error


class ConsoleTransport:
    """Each mail is printed, for trying things out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, message: EmailMessage) -> None:
        body = message.get_content()
        head = "\n".join(f"{name}: {message[name]}" for name in ("From", "To", "Subject"))
        self._stream.write(f"\n----- mail -----\n{head}\n\n{body}----------------\n")
        self._stream.flush()


class SmtpTransport:
    """A mail server; one connection a mail, for mails are rare."""

    def __init__(self, address: SplitResult) -> None:
        if not address.hostname:
            raise ValueError("MAIL names no mail server")
        self._tls = address.scheme == "smtps"
        self._host, self._port = address.hostname, address.port or _PORTS[address.scheme]
        self._user = unquote(address.username or "")
        self._password = unquote(address.password or "")

    def send(self, message: EmailMessage) -> None:
        try:
            with self._connect() as server:
                self._prepare(server)
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            _give_up(code, said, error)
        except smtplib.SMTPResponseException as error:
            _give_up(error.smtp_code, error.smtp_error, error)
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnavailable(f"{type(error).__name__}: {_short(error)}") from error

    def _connect(self) -> smtplib.SMTP:
        if self._tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT)

    def _prepare(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        if not self._tls and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif not self._tls and self._user:
            # RFC 4954 §4: no password over a line that others can read.
            raise MailUnavailable("the mail server offers no STARTTLS, so no password was sent")
        if self._user:
            self._login(server)

    def _login(self, server: smtplib.SMTP) -> None:
        try:
            server.login(self._user, self._password)
        except UnicodeEncodeError:
            # smtplib knows ASCII alone; RFC 4616 §2 says UTF-8.
            said = f"\0{self._user}\0{self._password}".encode()
            code, reply = server.docmd("AUTH", "PLAIN " + base64.b64encode(said).decode())
            if code != 235:
                raise smtplib.SMTPAuthenticationError(code, reply) from None


def _give_up(code: int, said: bytes | str, error: Exception) -> None:
    """RFC 5321 §4.2.1: 5yz is a permanent refusal of this command. A refused password is the
    operator's to mend, so those mails wait."""
    sentence = f"{code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    if 500 <= code < 600 and not isinstance(error, smtplib.SMTPAuthenticationError):
        raise MailRefused(sentence[:300]) from error
    raise MailUnavailable(sentence[:300]) from error


def _short(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error))[:200]
