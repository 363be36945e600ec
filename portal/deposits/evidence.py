"""Between a deposit's row and the values of the domain: digests, token, entry, receipt, proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chain_adapter import Digest, Entry, Proof, Receipt, meta_digest
from portal.deposits.models import ENTRY_KIND, Deposit
from portal.deposits.public import Proven
from portal.deposits.tools import Tools
from timestamping.stored import from_text, reverified, to_text
from timestamping.token import Token
from timestamping.trust import TrustStore


def digests_of(deposit: Deposit) -> tuple[Digest, ...]:
    """SHA-256 first, which is what the token is over."""
    values = {"sha256": deposit.sha256, "sm3": deposit.sm3}
    return tuple(Digest.parse(name, value) for name, value in values.items() if value)


def token_columns(token: Token) -> dict[str, Any]:
    """The row's columns for a token and its co-stamps."""
    return {"token": token.der, "stamps": to_text(token), "gen_time": token.gen_time}


def token_of(deposit: Proven) -> Token:
    """The stored token. Parsed is not verified."""
    return from_text(deposit.stamps or "[]")


def verified(token: Token, digest: Digest, trust: TrustStore) -> Token:
    """``token``, after it and its co-stamps passed every check again: the gate to the ledger.

    Raises:
        TokenRefused: naming the check.
    """
    return reverified(token, digest, trust)


def new_entry(tools: Tools, deposit: Deposit, token: Token) -> Entry:
    """The signed entry of a deposit whose token has just been verified."""
    record = record_of(deposit)
    entry = Entry(
        kind=ENTRY_KIND,
        id=deposit.id,
        digests=digests_of(deposit),
        token=token.sha256,
        meta=meta_digest(deposit.salt, record),
        by=str(record["depositor"]),
        platform=tools.entry_key.key_id,
    )
    return tools.entry_key.sign(entry)


def record_of(deposit: Deposit) -> dict[str, Any]:
    """The canonical metadata the entry commits to."""
    record: dict[str, Any] = json.loads(deposit.record)
    return record


def entry_of(deposit: Deposit) -> Entry:
    return Entry.decode(deposit.entry or b"")


def receipts_json(receipts: Mapping[str, Receipt]) -> str:
    return json.dumps({name: receipt.to_json().decode() for name, receipt in receipts.items()})


def receipts_of(deposit: Proven) -> dict[str, Receipt]:
    """Ledger id → receipt, the primary ledger's first."""
    stored = json.loads(deposit.receipts or "{}")
    return {name: Receipt.from_json(text.encode()) for name, text in stored.items()}


def receipt_of(deposit: Proven) -> Receipt:
    """The primary ledger's receipt."""
    return next(iter(receipts_of(deposit).values()))


def proof_of(deposit: Proven) -> Proof:
    return Proof.decode((deposit.proof or "").encode())
