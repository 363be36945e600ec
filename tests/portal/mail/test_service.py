"""The outbox: in the caller's transaction, delivered once, tried again, given up in the open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from io import StringIO

import pytest
from sqlalchemy import select

from portal.database import Database
from portal.jobs.worker import _run_aside
from portal.mail import MailRefused, MailService, MailUnavailable
from portal.mail.models import OutboxMail
from portal.mail.service import MAX_ATTEMPTS
from portal.services import Services
from portal.storage.sealing import Box

LINK = "https://portal.example/reset/s3cr3t"


class Post:
    """A transport that does as it is told."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.fault: Exception | None = None

    def send(self, message: EmailMessage) -> None:
        if self.fault is not None:
            raise self.fault
        self.sent.append(message)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mail(database: Database, post: Post, clock: Clock) -> MailService:
    return MailService(database, post, Box(bytes(32)), "公证平台 <no-reply@portal.example>", clock)


@pytest.fixture
def put(database: Database, mail: MailService) -> Callable[..., str]:
    def one(to: str = "a@example.com", subject: str = "Subject", text: str = LINK) -> str:
        with database.transaction() as session:
            return mail.post(session, to, subject, text)

    return one


def _rows(database: Database) -> list[OutboxMail]:
    with database.reading() as session:
        return list(session.scalars(select(OutboxMail)))


def test_a_mail_leaves_once_and_its_text_is_gone(
    database: Database, mail: MailService, post: Post, put: Callable[..., str]
) -> None:
    put(subject="确认\n您的\r邮箱")
    assert mail.deliver() == 1
    assert mail.deliver() == 0
    (sent,) = post.sent
    assert sent["To"] == "a@example.com"
    assert sent["Subject"] == "确认 您的 邮箱"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert LINK in sent.get_content()
    (row,) = _rows(database)
    assert (row.state, row.sealed) == ("sent", None)
    assert mail.waiting() == []


def test_no_mail_of_an_act_that_did_not_happen(
    database: Database, mail: MailService, post: Post
) -> None:
    def fail() -> None:
        with database.transaction() as session:
            mail.post(session, "a@example.com", "x", "y")
            raise RuntimeError("the act failed")

    with pytest.raises(RuntimeError):
        fail()
    assert mail.deliver() == 0
    assert post.sent == []


def test_what_waits_is_not_readable_in_the_database(
    database: Database, put: Callable[..., str]
) -> None:
    put()
    (row,) = _rows(database)
    assert row.sealed is not None
    assert b"s3cr3t" not in row.sealed


def test_failing_mails_wait_longer_each_time_and_are_given_up_in_the_open(
    mail: MailService, post: Post, clock: Clock, put: Callable[..., str]
) -> None:
    put()
    post.fault = MailUnavailable("421 busy")
    waits = []
    for _ in range(MAX_ATTEMPTS):
        mail.deliver()
        (row,) = mail.waiting()
        if row.state == "waiting":
            waits.append(row.next_attempt_at - clock.now)
        assert row.reason == "421 busy"
        clock.now = row.next_attempt_at
    assert row.state == "failed"
    assert waits == sorted(waits)
    assert waits[-1] <= timedelta(hours=3)
    assert mail.deliver() == 0
    post.fault = None
    assert mail.retry(row.id)
    assert mail.deliver() == 1
    assert len(post.sent) == 1
    assert not mail.retry(row.id), "what was sent is not sent again"


def test_before_its_time_nothing_is_tried(
    mail: MailService, post: Post, clock: Clock, put: Callable[..., str]
) -> None:
    put()
    post.fault = MailUnavailable("421")
    mail.deliver()
    post.fault = None
    assert mail.deliver() == 0
    clock.now += timedelta(minutes=1)
    assert mail.deliver() == 1


def test_a_refused_mail_is_not_tried_again(
    mail: MailService, post: Post, clock: Clock, put: Callable[..., str]
) -> None:
    put()
    post.fault = MailRefused("550 no such person")
    mail.deliver()
    (row,) = mail.waiting()
    assert (row.state, row.reason, row.attempts) == ("failed", "550 no such person", 1)
    clock.now += timedelta(days=2)
    post.fault = None
    assert mail.deliver() == 0


def test_one_bad_address_stops_nobody(
    mail: MailService, post: Post, put: Callable[..., str]
) -> None:
    put(to="not an address\nBcc: evil@example.com")
    put(to="b@example.com")
    mail.deliver()
    assert [each["To"] for each in post.sent] == ["b@example.com"]
    assert [each.state for each in mail.waiting()] == ["failed"]


def test_several_workers_send_each_mail_once(
    mail: MailService, post: Post, put: Callable[..., str]
) -> None:
    for number in range(12):
        put(to=f"p{number}@example.com")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: mail.deliver(), range(4)))
    assert sorted(str(each["To"]) for each in post.sent) == sorted(
        f"p{number}@example.com" for number in range(12)
    )


def test_old_mails_are_forgotten_waiting_ones_are_not(
    database: Database, mail: MailService, clock: Clock, put: Callable[..., str]
) -> None:
    put()
    mail.deliver()
    put(to="waits@example.com")
    clock.now += timedelta(days=40)
    mail.forget_old()
    assert [row.recipient for row in _rows(database)] == ["waits@example.com"]


def test_the_worker_delivers_by_itself_and_logs_no_text(
    services: Services, logged: StringIO, app: object
) -> None:
    with services.database.transaction() as session:
        services.mail.post(session, "li.na@example.com", "Subject 密", f"text {LINK}")
    sideline = next(each for each in services.sidelines() if each.name == "mail")
    stop, rounds = threading.Event(), iter(range(10))

    def beat(_loop: str) -> None:
        if not services.mail.waiting() or next(rounds, None) is None:
            stop.set()

    _run_aside(stop, sideline, beat)
    folder = services.settings.path("mail")
    (path,) = folder.glob("*.eml")
    assert LINK.encode() in path.read_bytes()
    text = logged.getvalue()
    assert '"state": "sent"' in text
    assert "s3cr3t" not in text
    assert "li.na" not in text


def test_a_sender_without_an_address_is_refused_at_the_start(
    database: Database, post: Post
) -> None:
    with pytest.raises(ValueError, match="MAIL_FROM"):
        MailService(database, post, Box(bytes(32)), "nobody")
