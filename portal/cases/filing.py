"""Deposits into cases and out of them, and their tags. Neither is part of what was deposited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import Act, record_many
from portal.cases import access
from portal.cases.models import Case, DepositTag, KnownTag
from portal.cases.tagging import insert_tags, remember, tagged, tags_of
from portal.cases.tags import Tag, check_count, read_tags
from portal.deposits.access import changeable as changeable_deposits
from portal.deposits.access import readable as readable_deposits
from portal.deposits.models import Deposit
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, Forbidden, NotFound

#: deposits of one bulk action
MOST_AT_ONCE: Final = 1000
_MOST_SUGGESTED: Final = 100
#: numbers named in one custody entry
_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Labels:
    """Where a deposit was put. ``may_change``: whether the actor may put it elsewhere."""

    case: Case | None
    tags: tuple[str, ...]
    may_change: bool


class Filing:
    """Every method checks the deposits and the case it names, and changes all of them or none."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def labels(self, actor: Actor, deposit: Deposit) -> Labels | None:
        """Case and tags of a deposit; None for somebody who was merely given access to it, whom
        the holder's order does not concern."""
        with self._tools.database.reading() as session:
            role = access.role_in(session, actor, deposit)
            if role is None:
                return None
            # Asked for anew: the object may be older than the last move.
            query = select(Case).join(Deposit, Deposit.case_id == Case.id)
            case = session.scalar(query.where(Deposit.id == deposit.id))
            tags = tags_of(session, [deposit.id]).get(deposit.id, [])
        return Labels(case, tuple(tag.shown for tag in tags), access.changes(role))

    def tags(self, deposit_ids: Iterable[str]) -> dict[str, list[str]]:
        """The tags of deposits that the caller has already found readable, for lists."""
        with self._tools.database.reading() as session:
            found = tags_of(session, list(deposit_ids))
        return {key: [tag.shown for tag in tags] for key, tags in found.items()}

    def suggestions(self, actor: Actor, held: access.Held | None = None) -> list[str]:
        """Tags that the holder has used, the latest first."""
        whose = access.holder_of(held) if held is not None else access.holder(actor)
        query = select(KnownTag.tag).where(KnownTag.holder == whose)
        query = query.order_by(KnownTag.used_at.desc(), KnownTag.folded).limit(_MOST_SUGGESTED)
        with self._tools.database.reading() as session:
            return list(session.scalars(query))

    def move(self, actor: Actor, deposit_ids: Sequence[str], case_id: str | None) -> int:
        """Put deposits into a case, or out of any (None). How many moved; moving them back is the
        way to undo it.

        Raises:
            NotFound: a deposit or the case is not there or somebody else's.
            Forbidden: the actor only reads.
            Conflict: the case, or the one a deposit stands in, is closed, or has another holder.
        """
        with self._tools.database.transaction() as session:
            return self._move(session, actor, deposit_ids, case_id)

    def tag(self, actor: Actor, deposit_id: str, words: Iterable[str]) -> list[str]:
        """Give a deposit exactly these tags; what they are now.

        Raises:
            BadInput: too many, or one too long.
            NotFound: no such deposit, or somebody else's.
        """
        wanted = read_tags(words)
        with self._tools.database.transaction() as session:
            self._tag(session, actor, deposit_id, wanted)
        return [tag.shown for tag in wanted]

    def place(
        self, actor: Actor, deposit_id: str, case_id: str | None, words: Iterable[str]
    ) -> None:
        """Case and tags of one deposit: both change, or neither. Raises as each by itself."""
        wanted = read_tags(words)
        with self._tools.database.transaction() as session:
            self._move(session, actor, [deposit_id], case_id)
            self._tag(session, actor, deposit_id, wanted)

    def place_many(
        self, actor: Actor, deposit_ids: Sequence[str], case_id: str | None, words: Sequence[str]
    ) -> None:
        """Move deposits and give them tags beside those they have: all of it, or nothing."""
        with self._tools.database.transaction() as session:
            self._move(session, actor, deposit_ids, case_id)
            self._add(session, actor, dict.fromkeys(deposit_ids, tuple(words)))

    def add_tags(self, actor: Actor, deposit_ids: Sequence[str], words: Iterable[str]) -> int:
        """Give deposits these tags beside those they have. How many deposits were changed.

        Raises:
            BadInput: a deposit would have too many, or one is too long.
            NotFound: a deposit is not there or somebody else's.
        """
        return self.add_each(actor, dict.fromkeys(deposit_ids, tuple(words)))

    def add_each(self, actor: Actor, words: Mapping[str, Sequence[str]]) -> int:
        """As :meth:`add_tags`, with tags of its own for each deposit id."""
        with self._tools.database.transaction() as session:
            return self._add(session, actor, words)

    def _move(
        self, session: Session, actor: Actor, deposit_ids: Sequence[str], case_id: str | None
    ) -> int:
        # Deposits are locked before cases, each in the order of their ids: two that move things
        # between the same cases wait for each other, and never for good.
        target = case_id or None
        found = self._changeable(session, actor, deposit_ids)
        moving = [each for each in found if each.case_id != target]
        ids = {each.case_id for each in moving if each.case_id} | ({target} if target else set())
        cases = {each: access.changeable(session, actor, each) for each in sorted(ids)}
        case = cases.pop(target) if target else None
        _check_holder(moving, case)
        acts = _moves(actor, moving, cases, case)
        session.execute(
            update(Deposit)
            .where(Deposit.id.in_([each.id for each in moving]))
            .values(case_id=target)
            .execution_options(synchronize_session=False)
        )
        record_many(session, acts)
        return len(moving)

    def _tag(self, session: Session, actor: Actor, deposit_id: str, wanted: Sequence[Tag]) -> None:
        (deposit,) = self._changeable(session, actor, [deposit_id])
        had = tags_of(session, [deposit.id]).get(deposit.id, [])
        if sorted(had, key=_by_folded) == sorted(wanted, key=_by_folded):
            return
        session.execute(delete(DepositTag).where(DepositTag.deposit_id == deposit.id))
        insert_tags(session, {deposit.id: wanted})
        remember(session, [deposit], wanted, self._tools.clock())
        record_many(session, [tagged(actor, deposit, had, wanted)])

    def _add(self, session: Session, actor: Actor, words: Mapping[str, Sequence[str]]) -> int:
        wanted = {key: read_tags(each) for key, each in words.items()}
        deposits = self._changeable(session, actor, list(wanted))
        had = tags_of(session, wanted)
        fresh: dict[str, list[Tag]] = {}
        acts = []
        for deposit in deposits:
            before = had.get(deposit.id, [])
            known = {tag.folded for tag in before}
            new = [tag for tag in wanted[deposit.id] if tag.folded not in known]
            check_count(len(before) + len(new))
            if new:
                fresh[deposit.id] = new
                acts.append(tagged(actor, deposit, before, before + new))
        insert_tags(session, fresh)
        used = {tag.folded: tag for tags in fresh.values() for tag in tags}
        remember(session, deposits, used.values(), self._tools.clock())
        record_many(session, acts)
        return len(fresh)

    def _changeable(
        self, session: Session, actor: Actor, deposit_ids: Sequence[str]
    ) -> list[Deposit]:
        """Exactly these deposits, locked; NotFound when one is not there or hidden from the actor,
        Forbidden when they may only read it."""
        wanted = set(deposit_ids)
        if len(wanted) > MOST_AT_ONCE:
            message = "At most %(limit)s deposits can be changed at once."
            raise BadInput("too_many_deposits", message, field="deposit", limit=MOST_AT_ONCE)
        query = select(Deposit).where(Deposit.id.in_(wanted), changeable_deposits(actor))
        query = query.order_by(Deposit.id).with_for_update()
        found = list(session.scalars(query))
        if len(found) != len(wanted):
            seen = select(func.count()).where(Deposit.id.in_(wanted), readable_deposits(actor))
            if session.scalar(seen) == len(wanted):
                message = "You may read these deposits, but not change them."
                raise Forbidden("reader_only", message)
            raise NotFound("deposit_not_found", "There is no such deposit.")
        return found


def _by_folded(tag: Tag) -> str:
    return tag.folded


def _check_holder(moving: Iterable[Deposit], case: Case | None) -> None:
    if case is None:
        return
    if any(access.holder_of(each) != access.holder_of(case) for each in moving):
        message = "A deposit and its case belong to the same person or organisation; these do not."
        raise Conflict("other_holder", message, field="case")


def _moves(
    actor: Actor, moving: Sequence[Deposit], left: dict[str, Case], case: Case | None
) -> list[Act]:
    """One entry about each deposit, and one about each case it left or came to."""
    acts = [
        Act(
            actor,
            "deposit.case_changed",
            each.subject,
            {"from": each.case_id or "", "to": case.id if case else ""},
        )
        for each in moving
    ]
    for case_id, old in left.items():
        gone = [each for each in moving if each.case_id == case_id]
        acts.append(Act(actor, "case.deposits_removed", old.subject, _summary(gone)))
    if case is not None and moving:
        acts.append(Act(actor, "case.deposits_added", case.subject, _summary(moving)))
    return acts


def _summary(deposits: Sequence[Deposit]) -> dict[str, str | int]:
    numbers = [each.number for each in deposits[:_NAMED]]
    return {"count": len(deposits), "numbers": " ".join(numbers)}
