"""One helper proves the whole system consistent; many tests end with it."""

from __future__ import annotations

from sqlalchemy import select

from chain_adapter import Entry, digest_of, verify
from portal.audit.service import entries_for, verify_chain
from portal.deposits.evidence import (
    digests_of,
    entry_of,
    proof_of,
    receipt_of,
    token_of,
    verified,
)
from portal.deposits.folders import list_of, vault_keys
from portal.deposits.models import ENTRY_KIND, Deposit, State
from portal.deposits.tools import Tools

_ORDER = [State.RECEIVED, State.TIMESTAMPED, State.ANCHORED, State.ISSUED]


def check_spine(tools: Tools, *, all_issued: bool = False) -> list[Deposit]:
    """Whatever failed before, these hold:

    1. the custody chain is whole;
    2. no two ledger entries have one key, and each belongs to one deposit, as it stored it;
    3. a deposit has exactly what its state says: a token that verifies from ``timestamped`` on, a
       receipt and proof that verify from ``anchored`` on, a letter from ``issued`` on;
    4. every file is in the vault with its digest;
    5. the custody log names each state reached, once and in order;
    6. a deposit that waits says why, and one that does not wait says nothing.
    """
    with tools.database.reading() as session:
        report = verify_chain(session)
        rows = list(session.scalars(select(Deposit)))
    assert report.ok, report.sentence  # 1
    recorded = _recorded(tools)
    by_key = {f"{ENTRY_KIND}:{row.id}": row for row in rows}
    assert recorded.keys() <= by_key.keys()  # 2
    for row in rows:
        _check_row(tools, row, recorded.get(f"{ENTRY_KIND}:{row.id}"))
        if all_issued:
            assert row.state == State.ISSUED, (row.state, row.wait_reason, row.wait_detail)
    return rows


def _recorded(tools: Tools) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for _, entry in tools.ledger.events():
        assert entry.key not in entries, f"{entry.key} is on the ledger twice"
        entries[entry.key] = entry
    # Others write there too: the custody log's anchors.
    return {key: entry for key, entry in entries.items() if key.startswith(f"{ENTRY_KIND}:")}


def _check_row(tools: Tools, row: Deposit, recorded: Entry | None) -> None:
    reached = _ORDER.index(State(row.state))
    assert (row.token is not None) == (reached >= 1)
    assert (row.receipts is not None) == (reached >= 2)
    if row.letter_on_demand:
        assert row.letter_key is None or reached >= 3, "a letter before its proof"
        assert row.has_letter == (reached >= 3)
    else:
        assert (row.letter_key is not None) == (reached >= 3)
    if reached < 1:
        assert recorded is None, "on the ledger without a token"
    else:
        token, entry = token_of(row), entry_of(row)
        verified(token, digests_of(row)[0], tools.stamper.trust())
        assert entry.token == token.sha256
        assert set(entry.digests) == set(digests_of(row))
        assert recorded is None or recorded == entry
    if reached >= 2:
        assert recorded is not None
        verdict = verify(entry_of(row), receipt_of(row), proof_of(row), tools.ledger_trust())
        assert verdict.ok, verdict.failed
    if row.letter_key is not None:
        content = tools.vault.content(row.letter_key)
        assert content.sha256.hex == row.letter_sha256
    if row.kind == "file":  # 4
        assert row.vault_key is not None
        assert tools.vault.content(row.vault_key).sha256.hex == row.sha256
    if row.kind == "folder":
        _check_folder(tools, row)
    _check_custody(tools, row, reached)
    assert (row.wait_reason is None) == (row.wait_detail is None)
    if reached == 3:
        assert row.wait_reason is None  # 6
        assert row.lease is None


def _check_folder(tools: Tools, row: Deposit) -> None:
    with tools.database.reading() as session:
        listed = list_of(session, row.id)
        keys = vault_keys(session, row.id)
    content = listed.encode()
    assert digest_of(content).hex == row.sha256
    assert row.vault_key is not None
    assert tools.vault.read(row.vault_key) == content
    kept = sorted(tools.vault.content(key).sha256.hex for key in keys)
    assert not row.files_seen or kept == sorted(each.sha256 for each in listed.files)


def _check_custody(tools: Tools, row: Deposit, reached: int) -> None:
    with tools.database.reading() as session:
        acts = [entry.action for entry in entries_for(session, row.subject)]
    states = [f"deposit.{state}" for state in _ORDER]
    assert [act for act in acts if act in states] == states[: reached + 1]  # 5
