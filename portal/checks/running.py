"""The machine's side, in the worker: one check after another, each under a lease.

A worker that was killed loses its lease within a minute, and another one begins anew. ``attempts``
counts how often a check was taken in hand, and is also what its holder shows when it writes: who
has lost the lease writes nothing any more. Trouble outside (a ledger, the vault) lets it wait,
longer each time, and is shown; after :data:`TRIES` it is given up, and a notary begins another.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import Act, record_many
from portal.checks.document import encode
from portal.checks.evidence import Subject, subject_of
from portal.checks.judging import Begun, judge
from portal.checks.models import Check
from portal.deposits.tools import Tools
from portal.jobs.waiting import Wait, delay, wait_for
from portal.matters.models import Matter

_log = structlog.get_logger(__name__)
WORKER: Final = Actor.process("worker")
OPEN: Final = ("waiting", "running")
LEASE: Final = timedelta(seconds=45)
#: So often a check is taken in hand before it is given up.
TRIES: Final = 8
#: Seconds between two notes of how far it is, and between two of being alive.
_TELL: Final = 0.5
_ALIVE: Final = LEASE.total_seconds() / 4
_NEVER_ENDED: Final = Wait(
    "never_ended",
    "An operator is needed: the check was begun again and again and never ended.",
    False,
)


class Lost(Exception):
    """Somebody else has the check in hand now."""


class TooOften(Exception):
    """It was taken in hand again and again and never came to an end."""


class Running:
    """``advance`` may run in any number of threads and processes at once."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def advance(self) -> int:
        """Run one check that is due; how many there were."""
        check = self._taken()
        if check is None:
            return 0
        try:
            with self._alive(check):
                self._run(check)
        except Lost:
            _log.info("check_taken_over", check=check.id)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown and tried again
            self._waits(check, error)
        return 1

    def _taken(self) -> Check | None:
        """The check that waits longest, leased; None when there is none."""
        now = self._tools.clock()
        free = or_(Check.lease_until.is_(None), Check.lease_until < now)
        due = (Check.state.in_(OPEN), Check.next_attempt_at <= now, free)
        with self._tools.database.reading() as session:
            query = select(Check).where(*due).order_by(Check.next_attempt_at).limit(1)
            found = session.scalar(query)
        if found is None:
            return None
        values = {"state": "running", "attempts": found.attempts + 1, "lease_until": now + LEASE}
        with self._tools.database.transaction() as session:
            taken = session.execute(
                update(Check)
                .where(Check.id == found.id, Check.attempts == found.attempts, *due)
                .values(values)
                .execution_options(synchronize_session=False)
            )
            if taken.rowcount != 1:  # type: ignore[attr-defined]
                return None
            return session.get_one(Check, found.id)

    def _run(self, check: Check) -> None:
        if check.attempts > TRIES:
            raise TooOften
        with self._tools.database.reading() as session:
            matter = session.get_one(Matter, check.matter_id)
            subject = subject_of(session, matter, check.revision)
        begun = Begun(check.id, check.n, check.revision, check.begun_at)
        document = judge(self._tools, begun, subject, _Stages(self, check))
        self._ended(check, subject, document)

    def _ended(self, check: Check, subject: Subject, document: dict[str, Any]) -> None:
        data = encode(document)
        sha256 = hashlib.sha256(data).hexdigest()
        values: dict[str, Any] = {
            "state": "ended",
            "stage": "",
            "trouble": None,
            "lease_until": None,
            "ended_at": self._tools.clock(),
            "outcome": document["outcome"],
            "document": data,
            "sha256": sha256,
        }
        detail: dict[str, str | int] = {"n": check.n, "outcome": document["outcome"]}
        content = document["groups"]["content"]["facts"]
        read = {"matter": subject.matter.number, "bytes": content["bytes"]}
        with self._tools.database.transaction() as session:
            self.moved(session, check, values)
            acts = [
                Act(WORKER, "check.ended", subject.matter.subject, detail | {"sha256": sha256}),
                Act(WORKER, "check.read", subject.deposit.subject, read),
            ]
            record_many(session, acts)

    def moved(self, session: Session, check: Check, values: dict[str, Any]) -> None:
        """Write, as long as the check is still in this hand. Raises Lost."""
        result = session.execute(
            update(Check)
            .where(Check.id == check.id, Check.state == "running")
            .where(Check.attempts == check.attempts)
            .values(values)
            .execution_options(synchronize_session=False)
        )
        if result.rowcount != 1:  # type: ignore[attr-defined]
            raise Lost

    def tell(self, check: Check, stage: str) -> None:
        """Note how far it is, and that it goes on."""
        until = self._tools.clock() + LEASE
        with self._tools.database.transaction() as session:
            self.moved(session, check, {"stage": stage, "lease_until": until})

    @contextmanager
    def _alive(self, check: Check) -> Iterator[None]:
        """Keep the lease while a long step tells nothing of itself."""
        over = threading.Event()

        def keep() -> None:
            while not over.wait(_ALIVE):
                until = self._tools.clock() + LEASE
                try:
                    with self._tools.database.transaction() as session:
                        self.moved(session, check, {"lease_until": until})
                except Exception:  # noqa: BLE001 - without its lease another worker takes it over
                    _log.warning("check_lease_lost", check=check.id, exc_info=True)
                    return

        thread = threading.Thread(target=keep, name="check-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _waits(self, check: Check, error: Exception) -> None:
        """It is tried again later, or given up; the page says why."""
        wait = _NEVER_ENDED if isinstance(error, TooOften) else wait_for(error)
        given_up = isinstance(error, TooOften) or check.attempts >= TRIES
        pause = delay(check.attempts - 1, passing=wait.passing)
        values: dict[str, Any] = {
            "state": "failed" if given_up else "waiting",
            "stage": "",
            "lease_until": None,
            "next_attempt_at": self._tools.clock() + pause,
            "trouble": wait.sentence[:2000],
        }
        with self._tools.database.transaction() as session:
            try:
                self.moved(session, check, values)
            except Lost:
                return
            if given_up:
                matter = session.get_one(Matter, check.matter_id)
                detail: dict[str, str | int] = {"n": check.n, "reason": wait.code}
                record_many(session, [Act(WORKER, "check.failed", matter.subject, detail)])


class _Stages:
    """Tells the row how far a run is, now and then."""

    def __init__(self, running: Running, check: Check) -> None:
        self._running, self._check = running, check
        self._told, self._group = 0.0, ""

    def __call__(self, group: str, percent: int) -> None:
        now = time.monotonic()
        if group == self._group and now - self._told < _TELL:
            return
        self._told, self._group = now, group
        self._running.tell(self._check, f"{group} {percent}")
