"""The depositor's signature in a deposit's row, and what of it goes into the entry."""

from __future__ import annotations

from chain_adapter import Signature, Trust, key_id_of
from chain_adapter.algorithms import algorithm_of
from portal.deposits.models import Deposit
from portal.signing.cosigning import Signed


def signed_columns(signed: Signed) -> dict[str, object]:
    """The row's columns for a verified signature, its id among them."""
    return {
        "id": signed.transaction.id,
        "signed_by": signed.transaction.by,
        "signed_scheme": signed.scheme,
        "signed_with": signed.key,
        "signed_value": signed.signature.value,
    }


def depositor_key(row: Deposit) -> bytes:
    """What the depositor's signature is verified by: raw Ed25519 key or certificate (DER); empty
    when the platform alone signs."""
    return row.signed_with or b""


def depositor_signature(row: Deposit) -> Signature | None:
    """As the entry carries it; None when the platform alone signs."""
    if row.signed_by is None or row.signed_with is None or row.signed_value is None:
        return None
    algorithm = algorithm_of(row.signed_with)
    return Signature("depositor", row.signed_by, algorithm, row.signed_value)


def signer_of(row: Deposit, pseudonym: str) -> str:
    """The entry's ``by``: the key id of who signed, else the depositor's pseudonym."""
    return row.signed_by or pseudonym


def trusting(trust: Trust, *keys: bytes) -> Trust:
    """``trust``, with depositors' keys: they need no warrant but the entry that names them."""
    known = {key_id_of(each): each for each in keys if each}
    return trust | Trust(depositors=known) if known else trust
