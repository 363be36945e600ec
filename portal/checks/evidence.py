"""Everything a check looks at, read from the database in one go before anything is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry
from portal.checks.shapes import Comparison
from portal.deposits.folders import SEVERAL
from portal.deposits.models import Deposit, DepositFile
from portal.matters.models import Matter

#: What the custody log calls a comparison in the browser.
COMPARED = "check.compared"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A deposit with its files (in the order of its list; none of a single file), and what was
    compared with it, the latest of each file."""

    deposit: Deposit
    files: tuple[DepositFile, ...]
    comparisons: tuple[Comparison, ...] = ()

    @property
    def several(self) -> bool:
        return self.deposit.kind in SEVERAL


@dataclass(frozen=True, slots=True)
class Subject(Evidence):
    """The deposit of a matter; the comparisons are those made for it as it stands."""

    matter: Matter = field(kw_only=True)


def evidence_of(session: Session, deposit: Deposit) -> Evidence:
    """A deposit by itself."""
    return Evidence(deposit, _files(session, deposit))


def subject_of(
    session: Session, matter: Matter, revision: int, until: int | None = None
) -> Subject:
    """What a check of ``matter``, as it stood at ``revision``, is about; with the comparisons up to
    entry ``until`` of the custody log, all of them when None."""
    deposit = session.get_one(Deposit, matter.deposit_id)
    rows = _files(session, deposit)
    paths = {row.position: row.path for row in rows}
    compared = _comparisons(session, matter, (revision, until), paths)
    return Subject(deposit, rows, compared, matter=matter)


def _files(session: Session, deposit: Deposit) -> tuple[DepositFile, ...]:
    files = select(DepositFile).where(DepositFile.deposit_id == deposit.id)
    return tuple(session.scalars(files.order_by(DepositFile.position)))


def _comparisons(
    session: Session, matter: Matter, wanted: tuple[int, int | None], paths: Mapping[int, str]
) -> tuple[Comparison, ...]:
    """From the custody log, which nobody rewrites: the latest comparison of each file."""
    revision, until = wanted
    query = select(AuditEntry).where(
        AuditEntry.subject == matter.subject, AuditEntry.action == COMPARED
    )
    if until is not None:
        query = query.where(AuditEntry.seq <= until)
    found: dict[int | str, Comparison] = {}
    for entry in session.scalars(query.order_by(AuditEntry.seq)):
        detail: Mapping[str, str | int] = json.loads(entry.detail)
        if detail.get("revision") != revision:
            continue
        position = detail.get("position")
        path = paths.get(position, "") if isinstance(position, int) else ""
        key: int | str = position if isinstance(position, int) else str(detail.get("name", ""))
        # Without a folder there is one file, whatever it is called on somebody's disk.
        key = key if paths else ""
        found.pop(key, None)
        found[key] = _comparison(entry, detail, path)
    return tuple(found.values())


def _comparison(entry: AuditEntry, detail: Mapping[str, str | int], path: str) -> Comparison:
    return Comparison(
        seq=entry.seq,
        at=entry.at,
        by=entry.actor_name,
        sha256=str(detail["sha256"]),
        sm3=str(detail["sm3"]) if detail.get("sm3") else None,
        name=str(detail.get("name", "")),
        path=path,
    )
