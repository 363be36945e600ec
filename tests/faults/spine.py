"""One helper proves the whole system consistent; called at the end of every fault test."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from chain_adapter import verify
from portal.audit.models import AuditEntry
from portal.audit.service import verify_chain
from portal.deposits.evidence import (
    digests_of,
    entry_of,
    proof_of,
    receipt_of,
    token_of,
    verified,
)
from portal.deposits.models import Deposit, State
from portal.services import Services

_STEPS = ("deposit.received", "deposit.timestamped", "deposit.anchored", "deposit.issued")


def check_spine(services: Services, *, all_issued: bool = True) -> list[Deposit]:
    """Every deposit is whole, every ledger entry belongs to exactly one, the custody log holds.

    1. No two deposits share a number, and no entry on the ledger is without its deposit.
    2. What is timestamped has a token that verifies over the deposit's digest.
    3. What is anchored stands once on the ledger, and receipt and proof verify.
    4. What is issued has its letter in the vault, with the digest in the row.
    5. The custody chain verifies and names each step of each deposit exactly once.
    """
    with services.database.reading() as session:
        deposits = list(session.scalars(select(Deposit)))
        acts = Counter(
            (subject, action)
            for subject, action in session.execute(select(AuditEntry.subject, AuditEntry.action))
        )
        report = verify_chain(session)
    on_ledger = Counter(entry.id for _, entry in services.ledger.events())
    assert set(on_ledger) <= {each.id for each in deposits}, "an entry without its deposit"  # 1
    assert all(count == 1 for count in on_ledger.values()), "an entry stands twice"
    for deposit in deposits:
        _check_deposit(services, deposit)
        _check_custody(deposit, acts)
        if all_issued:
            assert deposit.state == State.ISSUED, f"{deposit.id} waits: {deposit.wait_detail}"
            assert on_ledger[deposit.id] == 1
    assert report.ok, report.sentence  # 5
    return deposits


def _check_deposit(services: Services, deposit: Deposit) -> None:
    reached = list(State).index(State(deposit.state))
    if reached >= 1:  # 2
        token = verified(token_of(deposit), digests_of(deposit)[0], services.stamper.trust())
        assert entry_of(deposit).token == token.sha256
    if reached >= 2:  # 3
        trust = services.ledger.trust()
        platform = {services.entry_key.key_id: services.entry_key.public}
        trust = trust | type(trust)(platforms=platform)
        verdict = verify(entry_of(deposit), receipt_of(deposit), proof_of(deposit), trust)
        assert verdict.ok, verdict.failed
        assert services.ledger.lookup(entry_of(deposit).key) == receipt_of(deposit)
    if reached >= 3:  # 4
        assert deposit.letter_key
        content = services.vault.content(deposit.letter_key)
        assert content.sha256.hex == deposit.letter_sha256
    if deposit.vault_key:
        assert services.vault.content(deposit.vault_key).sha256.hex == deposit.sha256


def _check_custody(deposit: Deposit, acts: Counter[tuple[str, str]]) -> None:
    reached = list(State).index(State(deposit.state))
    for place, action in enumerate(_STEPS):
        expected = 1 if place <= reached else 0
        assert acts[deposit.subject, action] == expected, f"{action} of {deposit.id}"
