"""Between a deposit's row and the values of the domain: digests, token, entry, receipt, proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chain_adapter import Digest, Entry, Receipt, meta_digest
from chain_adapter.verification.examination import LedgerProof
from chain_adapter.verification.kinds import decode_proof
from portal.deposits.further import finals_of
from portal.deposits.models import ENTRY_KIND, Deposit
from portal.deposits.public import Proven
from portal.deposits.signed import depositor_key as depositor_key
from portal.deposits.signed import depositor_signature, signer_of
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
    """The signed entry of a deposit whose token has just been verified; with the depositor's
    signature of the transaction, when they signed it."""
    record = record_of(deposit)
    signature = depositor_signature(deposit)
    entry = Entry(
        kind=ENTRY_KIND,
        id=deposit.id,
        digests=digests_of(deposit),
        token=token.sha256,
        meta=meta_digest(deposit.salt, record),
        by=signer_of(deposit, str(record["depositor"])),
        platform=tools.entry_key.key_id,
        signatures=() if signature is None else (signature,),
        data=tools.data_root(deposit),
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
    """Ledger id → receipt, the primary ledger's first; of the others those that are final."""
    stored = json.loads(deposit.receipts or "{}")
    found = {name: Receipt.from_json(text.encode()) for name, text in stored.items()}
    if deposit.further is not None:
        found |= {each.ledger: each.receipt for each in finals_of(deposit)}
    return found


def receipt_of(deposit: Proven) -> Receipt:
    """The primary ledger's receipt."""
    return next(iter(receipts_of(deposit).values()))


def proof_of(deposit: Proven) -> LedgerProof:
    """The primary ledger's proof."""
    return decode_proof(receipt_of(deposit).scheme, (deposit.proof or "").encode())
