"""The people of a draw, each with the secret a browser would keep, and a worker that never rests.

``Ceremony`` goes through a draw by the service alone, as far as a test wants it.
"""

from __future__ import annotations

import io
import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chain_adapter import Digest
from lottery.audit import findings_sha256
from lottery.canonical import canonical
from lottery.config import Config
from lottery.party import Party
from lottery.record import Record
from lottery.statements import Signed, sign, statement
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.draws.shapes import Layout, Plan, PlanPool, PlanStage
from portal.services import Services
from portal.uploads.service import Body, NewFile

DICE = "16253443526116253443526116253443526116253443526116"
LAYOUT = Layout(id="编号", public=("姓名",))


def acts(user: User, **more: object) -> Actor:
    return Actor(user.id, user.name, user.role_names, **more)  # type: ignore[arg-type]


def table(count: int, start: int = 1) -> bytes:
    """A list of ``count`` entries as CSV."""
    rows = [f"A{number:05d},姓名{number}" for number in range(start, start + count)]
    return "\n".join(["编号,姓名", *rows, ""]).encode()


def upload(services: Services, actor: Actor, content: bytes, name: str = "list.csv") -> str:
    """A finished upload of one file; the draft's id."""
    draft, source = str(uuid.uuid4()), io.BytesIO(content)
    import hashlib

    digest = Digest("sha256", hashlib.sha256(content).digest())
    new = NewFile(name, len(content), 0, "text/csv", (digest,))
    services.uploads.create(actor, draft, new, Body(source.read, len(content)))
    return draft


def plan(**changes: Any) -> Plan:
    """A plan that can be frozen, with two stages."""
    values: dict[str, Any] = {
        "title_zh": "新春抽奖",
        "title_en": "New Year draw",
        "organiser": "示例商场有限公司",
        "rules_zh": "每人一次机会。",
        "pools": (PlanPool("A", "普通", "general"),),
        "stages": (
            PlanStage("一等奖", "First prize", ("A",), 3, 2),
            PlanStage("二等奖", "Second prize", ("A",), 5),
        ),
        "rehearsal": True,
        "audit_sample": 3,
    }
    return Plan(**(values | changes))


@dataclass
class Person:
    """Somebody with an account, and the secret of their browser."""

    id: str
    actor: Actor
    master: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def party(self, draw_id: str) -> Party:
        return Party(self.master, draw_id)


@dataclass
class Ceremony:
    """A draw and its people."""

    services: Services
    organiser: Person
    notary: Person
    public: tuple[Person, ...] = ()
    draw_id: str = ""

    @property
    def people(self) -> tuple[Person, ...]:
        return (self.organiser, self.notary, *self.public)

    # -- The worker ---------------------------------------------------------------------------

    def work(self, rounds: int = 400) -> None:
        """Whatever the worker does, until nothing moves."""
        for _ in range(rounds):
            draws = self.services.draws
            moved = draws.ingest() + draws.advance() + self.services.deposits.advance()
            if not moved:
                return
        raise AssertionError("the worker never came to rest")

    # -- Up to the announcement ---------------------------------------------------------------

    def begin(self, planned: Plan | None = None, content: bytes | None = None) -> str:
        """Plan, invite, upload, choose columns."""
        draws, actor = self.services.draws, self.organiser.actor
        self.draw_id = draws.create(actor, "新春抽奖", "New Year draw")
        planned = planned or plan()
        if planned.draw_at is None:
            planned = replace(planned, draw_at=self.now + timedelta(hours=1))
        draws.save_plan(actor, self.draw_id, planned)
        self.join(self.organiser)
        for person in self.people[1:]:
            role = "notary" if person is self.notary else "public"
            link = draws.invite(actor, self.draw_id, role, person.id, "")
            draws.claim(person.actor, link.rpartition("/")[2])
            self.join(person)
        self.list(content if content is not None else table(40))
        return self.draw_id

    def join(self, person: Person) -> None:
        party = person.party(self.draw_id)
        mine = self.services.draws.task(person.actor, self.draw_id)["party"]
        self.services.draws.join(person.actor, self.draw_id, mine, party.key, party.box)

    def list(self, content: bytes, layout: Layout = LAYOUT, duplicates: str = "refuse") -> None:
        draws, actor = self.services.draws, self.organiser.actor
        draws.take_list(actor, self.draw_id, upload(self.services, actor, content))
        draws.choose_columns(actor, self.draw_id, layout, duplicates)
        self.work()

    def freeze(self) -> Config:
        import json

        frozen = self.services.draws.freeze(self.organiser.actor, self.draw_id)
        return Config.parse(json.loads(frozen))

    # -- The record ---------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.services.clock()

    def record(self) -> Record:
        """As everybody can replay it."""
        from lottery.transcript import split

        draw = self.services.draws.get(self.organiser.actor, self.draw_id)
        if not draw.steps:
            assert draw.config is not None
            return Record.of([], Config.parse(draw.config))
        return Record.of(split(self.services.draws.transcript(self.draw_id)))

    def hand_in(self, person: Person, said: Signed, **more: Any) -> Any:
        return self.services.draws.accept(
            person.actor,
            self.draw_id,
            canonical(dict(said.statement)),
            bytes.fromhex(said.signature),
            **more,
        )

    def everybody(self, kind: str, but: Sequence[Person] = ()) -> None:
        """Every person's statement of a kind that needs no decision."""
        known = self.record()
        for person in self.people:
            if person not in but:
                said = person.party(self.draw_id).routine(known, kind, self.now)
                self.hand_in(person, said)
        self.work()

    def announce(self) -> None:
        """Frozen, signed, and the list approved by both."""
        config = self.freeze()
        record = Record.of([], config)
        self.hand_in(self.organiser, self.organiser.party(self.draw_id).config(record, self.now))
        self.work()
        known = self.record()
        draw = self.services.draws.get(self.organiser.actor, self.draw_id)
        assert draw.list is not None
        assert draw.list.document is not None
        for person in (self.organiser, self.notary):
            said = person.party(self.draw_id).list(known, draw.list.document, self.now)
            self.hand_in(person, said)
        self.work()

    def bind(self) -> None:
        """Committed, dealt, acknowledged."""
        for kind in ("commit", "shares", "acknowledge"):
            self.everybody(kind)

    def attend(self, dice: str | None = DICE) -> None:
        party = self.notary.party(self.draw_id)
        self.hand_in(self.notary, party.open(self.record(), ["李公证员"], self.now))
        self.work()
        if dice:
            self.hand_in(self.notary, party.dice(self.record(), dice, self.now))
            self.work()

    def until(self, phase: str) -> None:
        """From the first step on, as it goes well."""
        if not self.draw_id:
            self.begin()
        steps: list[tuple[str, Callable[[], None]]] = [
            ("commit", self.announce),
            ("ready", self.bind),
            ("reveal", self.attend),
            ("final", lambda: self.everybody("reveal")),
        ]
        for reached, act in steps:
            act()
            assert self.phase == reached, (self.phase, self.view.wait)
            if reached == phase:
                return

    def audit(self, finding: str = "genuine") -> None:
        known = self.record()
        findings = [
            {"position": each, "finding": finding, "note": ""} for each in known.audit_positions()
        ]
        said = self.notary.party(self.draw_id).audit(known, findings, self.now)
        assert said.statement["findings_sha256"] == findings_sha256(findings)
        self.hand_in(self.notary, said, findings=canonical({"findings": findings}))
        self.work()

    def void(self, reason: str, by: Sequence[Person], note: str = "") -> None:
        known = self.record()
        for person in by:
            self.hand_in(person, person.party(self.draw_id).void(known, reason, note, self.now))
        self.work()

    @property
    def view(self) -> Any:
        return self.services.draws.get(self.organiser.actor, self.draw_id)

    @property
    def phase(self) -> str:
        return str(self.view.phase)


def says(
    person: Person, draw_id: str, attempt: int, party: str, kind: str, at: datetime, **fields: Any
) -> Signed:
    """Any statement, signed by the person's key."""
    signer = person.party(draw_id).signer
    return sign(statement(draw_id, attempt, party, kind, at, **fields), signer)


def pause() -> None:
    time.sleep(0.02)
