"""Each way to rewrite the log or its anchors is found, and by its own step."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import delete, insert, select, text, update

from chain_adapter import EntryKey
from portal.audit.custody import Custody
from portal.audit.heads import head_digest, head_of, new_entry
from portal.audit.models import AuditAnchor, AuditEntry
from portal.audit.proving import CustodyReport
from portal.audit.service import _hash, record
from portal.database import Database
from portal.deposits.tools import Tools
from tests.portal.audit.conftest import AUDITOR, settle
from tests.portal.audit.test_chain import unguarded
from timestamping.authority.pki import Pki
from timestamping.registry import open_stampers
from timestamping.stored import from_text, to_text


@pytest.fixture
def anchored(custody: Custody, tools: Tools) -> Database:
    """Two anchors with entries before, between and after them."""
    for _ in range(2):
        note(tools.database)
        custody.anchoring.ask(AUDITOR)
        settle(custody)
    note(tools.database)
    return tools.database


def note(database: Database) -> None:
    with database.transaction() as session:
        for turn in range(3):
            record(session, AUDITOR, "deposit.exported", "deposit:1", {"turn": turn})


def rows(database: Database) -> list[AuditAnchor]:
    with database.reading() as session:
        return list(session.scalars(select(AuditAnchor).order_by(AuditAnchor.size)))


def failures(report: CustodyReport) -> list[str]:
    checks = (*report.checks, *(check for each in report.anchors for check in each.checks))
    return [check.code for check in checks if check.failed]


def rewrite(database: Database, seq: int, **values: str) -> None:
    """Change an entry and make everything behind it fit again, the head too."""
    with unguarded(database) as connection:
        query = select(AuditEntry.__table__).order_by(AuditEntry.seq)
        entries = [dict(row) for row in connection.execute(query).mappings()]
        previous = entries[seq - 2]["hash"]
        for entry in entries[seq - 1 :]:
            if entry["seq"] == seq:
                entry.update(values)
            entry["previous"] = previous
            entry["hash"] = previous = _hash({k: v for k, v in entry.items() if k != "hash"})
        connection.execute(delete(AuditEntry).where(AuditEntry.seq >= seq))
        connection.execute(insert(AuditEntry), entries[seq - 1 :])
        connection.execute(text("UPDATE audit_head SET hash = :hash"), {"hash": previous})


def truncate(database: Database, size: int) -> None:
    """Forget everything behind entry ``size``, and set the head there."""
    with unguarded(database) as connection:
        connection.execute(delete(AuditEntry).where(AuditEntry.seq > size))
        last = connection.scalar(select(AuditEntry.hash).where(AuditEntry.seq == size))
        values = {"size": size, "hash": last}
        connection.execute(text("UPDATE audit_head SET size = :size, hash = :hash"), values)


def test_a_sound_log_names_its_steps(custody: Custody, anchored: Database) -> None:
    report = custody.prove(AUDITOR, with_ledger=True)
    assert report.ok
    assert [check.number for check in report.checks] == [1, 2, 3]
    assert [check.number for check in report.anchors[0].checks] == [4, 5, 6, 7]
    assert report.proven == rows(anchored)[1].size < report.chain.size


def test_an_entry_changed_before_an_anchor(custody: Custody, anchored: Database) -> None:
    first = rows(anchored)[0]
    rewrite(anchored, first.size + 2, actor_name="Somebody Else")
    report = custody.prove(AUDITOR)
    assert report.chain.ok  # the hashes fit again …
    assert failures(report) == ["anchor-head"]  # … but not what the ledger holds
    assert [each.ok for each in report.anchors] == [True, False]
    assert report.failed is not None
    assert "the log was rewritten" in report.failed.detail
    assert report.proven == first.size


def test_an_entry_changed_behind_the_last_anchor(custody: Custody, anchored: Database) -> None:
    """Only the chain itself speaks for those; an edit that leaves the hashes is found by it."""
    last = rows(anchored)[1]
    with unguarded(anchored) as connection:
        where = AuditEntry.seq == last.size + 2
        connection.execute(update(AuditEntry).where(where).values(actor_name="x"))
    report = custody.prove(AUDITOR)
    assert failures(report) == ["chain"]
    assert report.proven == last.size


def test_an_edited_entry_before_the_anchors_spoils_them_too(
    custody: Custody, anchored: Database
) -> None:
    with unguarded(anchored) as connection:
        where = AuditEntry.seq == 2
        connection.execute(update(AuditEntry).where(where).values(actor_name="x"))
    report = custody.prove(AUDITOR)
    assert failures(report) == ["chain", "anchor-head", "anchor-head"]
    assert report.proven == 0


def test_a_truncated_log(custody: Custody, anchored: Database) -> None:
    truncate(anchored, rows(anchored)[1].size - 1)
    report = custody.prove(AUDITOR)
    assert failures(report) == ["anchor-head"]
    assert "ends before entry" in report.anchors[1].checks[0].detail


def test_a_log_truncated_together_with_its_anchors(custody: Custody, anchored: Database) -> None:
    """Whoever owns the database can take both away. The ledger still has them."""
    first, second = rows(anchored)
    with anchored.transaction() as session:
        session.execute(delete(AuditAnchor).where(AuditAnchor.size == second.size))
    truncate(anchored, first.size)
    assert custody.prove(AUDITOR).ok
    report = custody.prove(AUDITOR, with_ledger=True)
    assert failures(report) == ["ledger-anchors"]
    assert second.id in report.checks[2].detail


def test_an_anchor_taken_away(custody: Custody, anchored: Database) -> None:
    with anchored.transaction() as session:
        session.execute(delete(AuditAnchor).where(AuditAnchor.size == rows(anchored)[0].size))
    assert failures(custody.prove(AUDITOR)) == ["anchors-kept"]


def test_a_swapped_anchor(custody: Custody, anchored: Database) -> None:
    """All of another anchor's evidence under this head."""
    first, second = rows(anchored)
    columns = ("stamps", "entry", "receipt", "proof")
    with anchored.transaction() as session:
        values = {name: getattr(first, name) for name in columns}
        where = AuditAnchor.id == second.id
        session.execute(update(AuditAnchor).where(where).values(**values))
    report = custody.prove(AUDITOR)
    assert failures(report) == ["anchor-token"]
    assert "imprint" in report.anchors[1].checks[1].detail


def test_a_token_by_an_authority_nobody_trusts(
    custody: Custody, anchored: Database, tools: Tools
) -> None:
    forged = _foreign_stamp(tools, rows(anchored)[1])
    _set(anchored, rows(anchored)[1].id, stamps=forged)
    assert failures(custody.prove(AUDITOR)) == ["anchor-token"]


def test_a_genuine_token_that_the_entry_does_not_name(
    custody: Custody, anchored: Database, tools: Tools
) -> None:
    anchor = rows(anchored)[1]
    again = tools.stamper.stamp(head_digest(head_of(anchor)))
    _set(anchored, anchor.id, stamps=to_text(again))
    report = custody.prove(AUDITOR)
    assert failures(report) == ["anchor-entry"]
    assert "another token" in report.anchors[1].checks[2].detail


@pytest.mark.parametrize("column", ["receipt", "proof"])
def test_the_receipt_or_proof_of_another_entry(
    custody: Custody, anchored: Database, column: str
) -> None:
    first, second = rows(anchored)
    _set(anchored, second.id, **{column: getattr(first, column)})
    assert failures(custody.prove(AUDITOR)) == ["anchor-ledger"]


@pytest.mark.parametrize(
    ("column", "spoil", "step"),
    [
        ("stamps", lambda old: "[]", "anchor-token"),
        ("stamps", lambda old: "no json", "anchor-token"),
        ("stamps", lambda old: '[{"der": "AAAA"}]', "anchor-token"),
        ("entry", lambda old: b"{}", "anchor-entry"),
        ("entry", lambda old: old.replace(b'"v":1', b'"v":2'), "anchor-entry"),
        ("salt", lambda old: bytes(32), "anchor-entry"),
        ("receipt", lambda old: "{}", "anchor-ledger"),
        ("proof", lambda old: old.replace("index ", "index 1"), "anchor-ledger"),
    ],
)
def test_spoiled_evidence_fails_at_its_own_step(
    custody: Custody, anchored: Database, column: str, spoil: Callable[[object], object], step: str
) -> None:
    anchor = rows(anchored)[1]
    _set(anchored, anchor.id, **{column: spoil(getattr(anchor, column))})
    assert failures(custody.prove(AUDITOR)) == [step]


def test_an_entry_signed_by_somebody_else(
    custody: Custody, anchored: Database, tools: Tools
) -> None:
    anchor = rows(anchored)[1]
    forged = new_entry(anchor, from_text(anchor.stamps or ""), EntryKey.generate())
    _set(anchored, anchor.id, entry=forged.encode())
    report = custody.prove(AUDITOR)
    assert not report.anchors[1].ok
    assert report.anchors[1].checks[-1].code == "anchor-ledger"


def test_an_anchor_on_its_way_holds_nothing_against_the_log(
    custody: Custody, anchored: Database
) -> None:
    custody.anchoring.ask(AUDITOR)
    report = custody.prove(AUDITOR)
    assert report.ok
    assert not report.anchors[2].ok
    assert report.proven == report.anchors[1].anchor.size


def test_that_it_was_proved_is_an_entry(custody: Custody, anchored: Database) -> None:
    custody.prove(AUDITOR)
    with anchored.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert entry is not None
    assert entry.action == "audit.verified"
    assert json.loads(entry.detail)["outcome"] == "intact"


def _set(database: Database, anchor_id: str, **values: object) -> None:
    with database.transaction() as session:
        session.execute(update(AuditAnchor).where(AuditAnchor.id == anchor_id).values(**values))


def _foreign_stamp(tools: Tools, anchor: AuditAnchor) -> str:
    folder = tools.settings.path("stranger")
    pki = Pki.open(folder, passphrase=None, base_url="http://x", organisation="x", key_type="p256")
    stamper = open_stampers("embedded:", authority=pki.authority(), mode="fallback", base=folder)
    return to_text(stamper.stamp(head_digest(head_of(anchor))))
