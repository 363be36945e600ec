"""The register of certificates (公证登记簿): what was issued, by number, and how it stands now."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from portal import cursors
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.certificates import numbers
from portal.certificates.kit import Kit
from portal.certificates.models import Certificate, CertificateState
from portal.certificates.numbers import Number
from portal.certificates.shapes import (
    CERTIFICATE,
    CORRECTED,
    CORRECTION,
    IN_FORCE,
    REVOCATION,
    REVOKED,
    Figures,
    RegisterFilter,
    RegisterPage,
    RegisterRow,
)
from portal.deposits.models import Deposit
from portal.matters.access import LOOKING
from portal.matters.models import Matter, MatterParty
from portal.problems import Forbidden

_MAX_PAGE: Final = 200
#: Rows of an export are read so many at a time.
_CHUNK: Final = 500
_SUBJECT: Final = aliased(Deposit)
_OWN: Final = aliased(Deposit)
_Query = Select[Any, Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class _Followed:
    """Ids of documents that something followed, by how they stand since."""

    corrected: frozenset[str]
    revoked: frozenset[str]

    def status(self, certificate_id: str) -> str:
        if certificate_id in self.revoked:
            return REVOKED
        return CORRECTED if certificate_id in self.corrected else IN_FORCE


class Register:
    """For notaries and auditors; everybody else is refused."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def page(
        self, actor: Actor, wanted: RegisterFilter, cursor: str | None, size: int = 50
    ) -> RegisterPage:
        """One page, the newest first, with the figures of all that was asked for.

        Raises:
            BadInput: a cursor that no page gave.
        """
        check_looking(actor)
        size = max(1, min(size, _MAX_PAGE))
        with self._kit.tools.database.reading() as session:
            followed = _followed(session)
            query = _narrowed(_base(), wanted, followed)
            if cursor is not None:
                query = query.where(cursors.before(cursor, Certificate.issued_at, Certificate.id))
            rows = list(session.execute(_ordered(query).limit(size + 1)))
            last = rows[size - 1][0] if len(rows) > size else None
            return RegisterPage(
                _rows(session, rows[:size], followed),
                cursors.cursor(last.issued_at, last.id) if last else None,
                _figures(session, wanted, followed),
            )

    def every(self, actor: Actor, wanted: RegisterFilter, form: str) -> Iterator[RegisterRow]:
        """All that was asked for; taking it away is a custody entry."""
        check_looking(actor)
        detail = {key: str(value) for key, value in dataclasses.asdict(wanted).items() if value}
        with self._kit.tools.database.transaction() as session:
            record(
                session,
                actor,
                "certificate.register_exported",
                "certificates:register",
                {"form": form, **detail},
            )
        return self._every(wanted)

    def _every(self, wanted: RegisterFilter) -> Iterator[RegisterRow]:
        cursor: str | None = None
        while True:
            with self._kit.tools.database.reading() as session:
                followed = _followed(session)
                query = _narrowed(_base(), wanted, followed)
                if cursor is not None:
                    mark = cursors.before(cursor, Certificate.issued_at, Certificate.id)
                    query = query.where(mark)
                found = list(session.execute(_ordered(query).limit(_CHUNK)))
                rows = _rows(session, found, followed)
            yield from rows
            if len(found) < _CHUNK:
                return
            cursor = cursors.cursor(found[-1][0].issued_at, found[-1][0].id)

    def figures(
        self, actor: Actor, since: datetime | None = None, until: datetime | None = None
    ) -> Figures:
        """How many were issued in a span, and how they stand now."""
        check_looking(actor)
        with self._kit.tools.database.reading() as session:
            return _figures(session, RegisterFilter(since=since, until=until), _followed(session))

    def gaps(self, actor: Actor) -> Mapping[str, tuple[int, int]]:
        """Year and office → (numbers given, documents there are), where these are not the same;
        empty when there is no gap."""
        check_looking(actor)
        query = select(Certificate.year, Certificate.office, func.count()).where(
            Certificate.number.is_not(None)
        )
        with self._kit.tools.database.reading() as session:
            given = numbers.given(session)
            rows = session.execute(query.group_by(Certificate.year, Certificate.office))
            there = {(row[0] or 0, row[1] or ""): int(row[2]) for row in rows}
        return {
            f"{year}-{office}": (given.get((year, office), 0), there.get((year, office), 0))
            for year, office in sorted(given.keys() | there.keys())
            if given.get((year, office), 0) != there.get((year, office), 0)
        }

    def notaries(self, actor: Actor) -> dict[str, str]:
        """Id → name of everybody who issued something; for choosing one."""
        check_looking(actor)
        query = select(User.id, User.name).where(
            User.id.in_(select(Certificate.issued_by).where(_ISSUED))
        )
        with self._kit.tools.database.reading() as session:
            return {str(row[0]): str(row[1]) for row in session.execute(query.order_by(User.name))}


_ISSUED: Final = Certificate.state == CertificateState.ISSUED


def check_looking(actor: Actor) -> None:
    """Raises Forbidden for whoever is neither notary nor auditor."""
    if not actor.has(*LOOKING):
        raise Forbidden("office_only", "Only notaries and auditors read the register.")


def _base() -> _Query:
    return (
        select(Certificate, Matter, _SUBJECT.number, _OWN.number, User.name)
        .join(Matter, Matter.id == Certificate.matter_id)
        .join(_SUBJECT, _SUBJECT.id == Matter.deposit_id)
        .join(_OWN, _OWN.id == Certificate.deposit_id)
        .join(User, User.id == Certificate.issued_by)
        .where(_ISSUED)
    )


def _ordered(query: _Query) -> _Query:
    return query.order_by(Certificate.issued_at.desc(), Certificate.id.desc())


def _narrowed(query: _Query, wanted: RegisterFilter, followed: _Followed) -> _Query:
    for criterion in _criteria(wanted, followed):
        query = query.where(criterion)
    return query


def _criteria(wanted: RegisterFilter, followed: _Followed) -> Iterator[ColumnElement[bool]]:
    if text := wanted.text.strip().replace("\x00", ""):
        yield _holding(text)
    if wanted.notary_id:
        yield Certificate.issued_by == wanted.notary_id
    if wanted.template:
        yield Certificate.template == wanted.template
    if wanted.kind:
        yield Certificate.kind == wanted.kind
    if wanted.since is not None:
        yield Certificate.issued_at >= wanted.since
    if wanted.until is not None:
        yield Certificate.issued_at < wanted.until
    if wanted.status:
        yield _standing(wanted.status, followed)


def _holding(text: str) -> ColumnElement[bool]:
    """A number, however it is typed, or part of a matter's, a deposit's or a party's name."""
    if (number := Number.read(text)) is not None:
        return Certificate.number == str(number)
    parties = select(MatterParty.matter_id).where(
        MatterParty.masked_name.icontains(text, autoescape=True)
    )
    plain = (Certificate.number, Matter.number, _SUBJECT.number, _OWN.number)
    return or_(*(each.icontains(text, autoescape=True) for each in plain), Matter.id.in_(parties))


def _standing(status: str, followed: _Followed) -> ColumnElement[bool]:
    if status == IN_FORCE:
        gone = followed.corrected | followed.revoked
        return and_(Certificate.kind != REVOCATION, not_(Certificate.id.in_(gone)))
    ids = {CORRECTED: followed.corrected, REVOKED: followed.revoked}.get(status)
    return Certificate.id.in_(ids) if ids else false()


def _followed(session: Session) -> _Followed:
    """What corrections and revocations there are says how everything else stands. They are few."""
    query = select(Certificate.id, Certificate.predecessor_id, Certificate.kind).where(
        _ISSUED, Certificate.predecessor_id.is_not(None)
    )
    before = {str(row[0]): str(row[1]) for row in session.execute(query)}
    kinds = {str(row[0]): str(row[2]) for row in session.execute(query)}
    revoked: set[str] = set()
    for each, kind in kinds.items():
        while kind == REVOCATION and each in before:
            each = before[each]  # noqa: PLW2901 - walks back to the first of the row
            revoked.add(each)
    return _Followed(frozenset(set(before.values()) - revoked), frozenset(revoked))


def _figures(session: Session, wanted: RegisterFilter, followed: _Followed) -> Figures:
    found = _narrowed(_base(), wanted, followed).with_only_columns(Certificate.id).subquery()
    there = Certificate.id.in_(select(found.c.id))

    def counted(column: Any, *more: ColumnElement[bool]) -> dict[str, int]:
        query = select(column, func.count()).where(there, *more).group_by(column)
        return {str(row[0]): int(row[1]) for row in session.execute(query)}

    kinds = counted(Certificate.kind)
    certifying = Certificate.kind != REVOCATION
    ids: dict[str, Collection[str]] = {CORRECTED: followed.corrected, REVOKED: followed.revoked}
    standing = {
        name: sum(counted(Certificate.kind, certifying, Certificate.id.in_(those)).values())
        for name, those in ids.items()
    }
    certifying_count = kinds.get(CERTIFICATE, 0) + kinds.get(CORRECTION, 0)
    names = {row[0]: row[1] for row in session.execute(select(User.id, User.name))}
    return Figures(
        certificates=kinds.get(CERTIFICATE, 0),
        corrections=kinds.get(CORRECTION, 0),
        revocations=kinds.get(REVOCATION, 0),
        in_force=certifying_count - sum(standing.values()),
        corrected=standing[CORRECTED],
        revoked=standing[REVOKED],
        by_template=counted(Certificate.template),
        by_notary={names[key]: count for key, count in counted(Certificate.issued_by).items()},
    )


def _rows(session: Session, found: list[Any], followed: _Followed) -> tuple[RegisterRow, ...]:
    names = _parties(session, {row[1].id for row in found})
    return tuple(
        RegisterRow(
            id=certificate.id,
            number=Number(certificate.year, certificate.office, certificate.serial),
            kind=certificate.kind,
            template=certificate.template,
            status=followed.status(certificate.id),
            issued_at=certificate.issued_at,
            matter_id=matter.id,
            matter_number=matter.number,
            parties=tuple(names.get(matter.id, ())),
            notary=notary,
            subject_number=subject,
            deposit_number=own,
            pdf_sha256=certificate.pdf_sha256,
        )
        for certificate, matter, subject, own, notary in found
    )


def _parties(session: Session, matters: Collection[str]) -> dict[str, list[str]]:
    """Masked names of the applicants, in the order of the application."""
    query = (
        select(MatterParty.matter_id, MatterParty.masked_name)
        .where(MatterParty.matter_id.in_(matters), MatterParty.role == "applicant")
        .order_by(MatterParty.place)
    )
    names: dict[str, list[str]] = {}
    for matter_id, name in session.execute(query):
        names.setdefault(str(matter_id), []).append(str(name))
    return names
