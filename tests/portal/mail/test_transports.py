"""Mails into a folder, onto the console, and to a mail server that is really there."""

from __future__ import annotations

import socket
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import StringIO
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from portal.mail import MailRefused, MailUnavailable, open_transport
from portal.mail.transports import ConsoleTransport
from tests.portal.mail.smtp import Mailbox, mail_server

TEXT = "您好，\n\n.这一行以点开头\nhttps://portal.example/reset/abc\n"


@pytest.fixture
def message() -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = "公证平台 <no-reply@portal.example>"
    mail["To"] = "li.na@example.com"
    mail["Subject"] = "确认您的邮箱"
    mail["Message-ID"] = "<1234@portal.example>"
    mail.set_content(TEXT)
    return mail


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and key for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return path


@pytest.fixture
def tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """What the server uses; clients of this process trust it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield context  # noqa: PT022 (the environment must outlive the test)


def test_a_server_takes_a_mail_as_it_was_written(message: EmailMessage, tmp_path: Path) -> None:
    with mail_server(Mailbox()) as box:
        open_transport(f"smtp://127.0.0.1:{box.port}", tmp_path).send(message)
    ((sender, recipients, mail),) = box.received
    assert sender == "no-reply@portal.example"
    assert recipients == ["li.na@example.com"]
    assert mail["Subject"] == "确认您的邮箱"
    assert mail.get_content().replace("\r\n", "\n") == TEXT


def test_starttls_comes_before_the_password(
    message: EmailMessage, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    password = "p@ss:wörd/1"
    box = Mailbox(tls=tls, starttls=True, password=password)
    with mail_server(box):
        url = f"smtp://post%40office:{quote(password, safe='')}@127.0.0.1:{box.port}"
        open_transport(url, tmp_path).send(message)
    assert box.logins == [(f"post@office:{password}", True)]
    assert len(box.received) == 1


def test_tls_from_the_start(message: EmailMessage, tls: ssl.SSLContext, tmp_path: Path) -> None:
    box = Mailbox(tls=tls, password="secret")
    with mail_server(box):
        open_transport(f"smtps://me:secret@127.0.0.1:{box.port}", tmp_path).send(message)
    assert box.logins == [("me:secret", True)]


def test_no_password_is_sent_over_an_open_line(message: EmailMessage, tmp_path: Path) -> None:
    box = Mailbox(password="secret")
    with mail_server(box):
        transport = open_transport(f"smtp://me:secret@127.0.0.1:{box.port}", tmp_path)
        with pytest.raises(MailUnavailable, match="no STARTTLS"):
            transport.send(message)
    assert "AUTH" not in box.commands
    assert box.received == []


def test_a_server_nobody_vouches_for_gets_nothing(
    message: EmailMessage, certificate: Path, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    box = Mailbox(tls=context, starttls=True, password="secret")
    with mail_server(box):
        transport = open_transport(f"smtp://me:secret@127.0.0.1:{box.port}", tmp_path)
        with pytest.raises(MailUnavailable):
            transport.send(message)
    assert box.logins == []


@pytest.mark.parametrize(
    ("command", "reply", "kind"),
    [
        ("RCPT", "550 5.1.1 no such person", MailRefused),
        ("RCPT", "451 4.7.1 greylisted", MailUnavailable),
        ("DATA", "554 5.7.1 looks like spam", MailRefused),
        ("MAIL", "452 4.3.1 no room", MailUnavailable),
    ],
)
def test_refusals_for_good_and_for_now(
    message: EmailMessage, tmp_path: Path, command: str, reply: str, kind: type[Exception]
) -> None:
    with mail_server(Mailbox(refuse={command: reply})) as box, pytest.raises(kind, match=reply[:3]):
        open_transport(f"smtp://127.0.0.1:{box.port}", tmp_path).send(message)
    assert box.received == []


def test_a_wrong_password_is_the_operators_to_mend(
    message: EmailMessage, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    box = Mailbox(tls=tls, password="right")
    with mail_server(box), pytest.raises(MailUnavailable, match="535"):
        open_transport(f"smtps://me:wrong@127.0.0.1:{box.port}", tmp_path).send(message)


def test_an_absent_server(message: EmailMessage, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(MailUnavailable):
        open_transport(f"smtp://127.0.0.1:{port}", tmp_path).send(message)


def test_a_folder_keeps_mails_to_itself(message: EmailMessage, tmp_path: Path) -> None:
    open_transport("file:mail", tmp_path).send(message)
    (path,) = (tmp_path / "mail").iterdir()
    assert path.suffix == ".eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    parsed = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert parsed["Subject"] == "确认您的邮箱"


def test_a_folder_that_cannot_be(message: EmailMessage, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file is in the way")
    with pytest.raises(MailUnavailable):
        open_transport("file:mail", tmp_path).send(message)


def test_the_console_shows_it(message: EmailMessage) -> None:
    stream = StringIO()
    ConsoleTransport(stream).send(message)
    assert "确认您的邮箱" in stream.getvalue()
    assert "https://portal.example/reset/abc" in stream.getvalue()


@pytest.mark.parametrize("url", ["", "ftp://x", "smtp://", "smtp:", "mail"])
def test_unknown_ways_are_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MAIL"):
        open_transport(url, tmp_path)
