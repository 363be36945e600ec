"""The first two sources of timelines: the case itself, and the deposits in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry
from portal.cases.events import Said, Thing
from portal.cases.models import Case, CaseNote
from portal.deposits.filenames import shown_name
from portal.deposits.models import Deposit

_DEPOSIT: Final = "deposit:"


class CaseSource:
    """What was done to the case, and what was noted in it."""

    kinds: Mapping[str, frozenset[str]] = {
        "case": frozenset(
            {"case.created", "case.changed", "case.closed", "case.reopened"}
            | {"case.deposits_added", "case.deposits_removed"}
        ),
        "note": frozenset({"case.noted"}),
    }

    def subjects(self, case: Case) -> Select[str]:
        return select(literal(case.subject))

    def say(
        self, session: Session, case: Case, entries: Sequence[AuditEntry]
    ) -> Mapping[int, Said]:
        mine = [each for each in entries if each.subject == case.subject]
        notes = {each.seq: str(json.loads(each.detail).get("note", "")) for each in mine}
        query = select(CaseNote.id, CaseNote.text).where(CaseNote.id.in_(set(notes.values())))
        texts = {key: text for key, text in session.execute(query)}  # noqa: C416 - rows, not pairs
        thing = Thing(case.name)
        return {seq: Said(thing, text=texts.get(note, "")) for seq, note in notes.items()}


class DepositSource:
    """What was done to each deposit, also before it came into the case."""

    kinds: Mapping[str, frozenset[str]] = {
        "case": frozenset({"deposit.tagged"}),
        "received": frozenset({"deposit.received"}),
        "proof": frozenset(
            {"deposit.timestamped", "deposit.anchored", "deposit.followed", "deposit.issued"}
            | {"deposit.waiting", "deposit.letter_made"}
        ),
        "taken": frozenset({"deposit.exported"}),
        "verified": frozenset({"deposit.verified"}),
        "access": frozenset({"access.given", "access.taken_back"}),
    }

    def subjects(self, case: Case) -> Select[str]:
        return select(literal(_DEPOSIT) + Deposit.id).where(Deposit.case_id == case.id)

    def say(
        self, session: Session, case: Case, entries: Sequence[AuditEntry]
    ) -> Mapping[int, Said]:
        of = {
            each.seq: each.subject.removeprefix(_DEPOSIT)
            for each in entries
            if each.subject.startswith(_DEPOSIT)
        }
        query = select(Deposit).where(Deposit.id.in_(set(of.values())))
        deposits = {each.id: each for each in session.scalars(query)}
        return {
            each.seq: Said(_thing(deposits[of[each.seq]]), _stated(deposits[of[each.seq]], each))
            for each in entries
            if of.get(each.seq) in deposits
        }


def _thing(deposit: Deposit) -> Thing:
    title = shown_name(deposit.title or deposit.filename)
    return Thing(deposit.number, title, "deposits.show", {"deposit_id": deposit.id})


def _stated(deposit: Deposit, entry: AuditEntry) -> datetime | None:
    """The time in the evidence: the token's, or the ledger's."""
    times = {"deposit.timestamped": deposit.gen_time, "deposit.anchored": deposit.anchored_at}
    return times.get(entry.action)
