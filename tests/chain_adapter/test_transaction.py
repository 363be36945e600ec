"""The co-signed deposit transaction: what it binds, and who may sign it by what."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Final

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_adapter import (
    Conflict,
    Entry,
    InvalidEntry,
    InvalidProof,
    Result,
    Signature,
    Transaction,
    Trust,
    digest_of,
    key_id_of,
    verify,
    verify_signature,
    verify_transaction,
)
from chain_adapter.algorithms import UnusableKey, algorithm_of, fits
from chain_adapter.signature import P256_ORDER, low_s
from chain_adapter.tlog import TlogLedger
from lottery.verifier import L, P, Point, encode_point, multiply
from tests.chain_adapter.keymaking import Signer, certificate, ec_signer, ed25519_signer, rsa_signer
from tests.chain_adapter.records import DEPOSITOR, PLATFORM
from tests.effort import examples

NAMES: Final = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}\Z")
SIGNERS: Final = {"ed25519": ed25519_signer(), "ec": ec_signer(), "rsa": rsa_signer()}


def transaction_of(by: str, name: str = "one", platform: str = PLATFORM.key_id) -> Transaction:
    return Transaction("deposit", name, (digest_of(b"x"),), by, platform)


def entry_of(transaction: Transaction, *signatures: Signature, data: bytes | None = None) -> Entry:
    entry = Entry(
        transaction.kind,
        transaction.id,
        transaction.digests,
        hashlib.sha256(b"token").digest(),
        hashlib.sha256(b"meta").digest(),
        transaction.by,
        transaction.platform,
        signatures,
        data,
    )
    return PLATFORM.sign(entry)


@given(kind=st.from_regex(r"\A[a-z][a-z0-9._-]{0,63}\Z"), name=NAMES, by=NAMES, both=st.booleans())
def test_a_transaction_is_rfc_8785_and_what_its_entry_says(
    kind: str, name: str, by: str, both: bool
) -> None:
    digests = (digest_of(b"x", "sha512"), digest_of(b"x")) if both else (digest_of(b"x"),)
    transaction = Transaction(kind, name, digests, by, PLATFORM.key_id)
    context, _, text = transaction.bytes().partition(b"\n")
    assert context == b"notary/transaction/v1"
    assert text == rfc8785.dumps(json.loads(text))
    assert json.loads(text) == {
        "v": 1,
        "kind": kind,
        "id": name,
        "digests": {each.algorithm: each.hex for each in digests},
        "by": by,
        "platform": PLATFORM.key_id,
    }
    assert entry_of(transaction).transaction() == transaction


def test_token_metadata_and_data_tree_come_after_the_signature() -> None:
    transaction = transaction_of(DEPOSITOR.key_id)
    signature = DEPOSITOR.sign_transaction(transaction)
    entry = entry_of(transaction, signature)
    later = replace(entry, token=b"t" * 32, meta=b"m" * 32, data=b"d" * 32)
    assert verify_signature(later, signature, DEPOSITOR.public)
    assert DEPOSITOR.sign(entry_of(transaction), "depositor") == entry


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_three_algorithms_sign_and_an_entry_carries_each(signer: Signer) -> None:
    transaction = transaction_of(signer.key_id)
    signature = signer.sign(transaction)
    assert verify_transaction(transaction, signature, signer.key)
    entry = entry_of(transaction, signature)
    assert verify_signature(entry, signature, signer.key)
    assert Entry.decode(entry.encode()) == entry


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_no_byte_of_a_signature_or_of_what_is_signed_may_change(signer: Signer) -> None:
    transaction = transaction_of(signer.key_id)
    value, data = signer.sign(transaction).value, transaction.bytes()

    @settings(max_examples=examples(60))
    @given(place=st.integers(0, len(value) + len(data) - 1), flip=st.integers(1, 255))
    def never(place: int, flip: int) -> None:
        both = bytearray(value + data)
        both[place] ^= flip
        changed, said = bytes(both[: len(value)]), bytes(both[len(value) :])
        assert not fits(signer.key, signer.algorithm, changed, said)

    assert fits(signer.key, signer.algorithm, value, data)
    never()


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_a_signature_is_of_one_transaction_by_one_key(signer: Signer) -> None:
    transaction = transaction_of(signer.key_id)
    signature = signer.sign(transaction)
    others = {
        "another deposit": replace(transaction, id="two"),
        "another kind": replace(transaction, kind="draw.list"),
        "another file": replace(transaction, digests=(digest_of(b"y"),)),
        "one more digest": replace(transaction, digests=(digest_of(b"x"), digest_of(b"x", "sm3"))),
        "another platform": replace(transaction, platform=DEPOSITOR.key_id),
    }
    for name, other in others.items():
        assert not verify_transaction(other, signature, signer.key), name
        assert not verify_signature(entry_of(other, signature), signature, signer.key), name


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_a_valid_signature_by_the_wrong_signer_is_none(signer: Signer) -> None:
    """Eve signs what Alice is named in, and says so, or says that she is Alice."""
    named = transaction_of(DEPOSITOR.key_id)
    honest = Signature("depositor", signer.key_id, signer.algorithm, signer.sign_bytes(named))
    assert fits(signer.key, signer.algorithm, honest.value, named.bytes())
    assert not verify_transaction(named, honest, signer.key)
    assert not verify_transaction(named, honest, DEPOSITOR.public)
    if signer.algorithm == "ed25519":
        feigned = replace(honest, key_id=DEPOSITOR.key_id)
        assert not verify_transaction(named, feigned, signer.key)
        assert not verify_transaction(named, feigned, DEPOSITOR.public)


def test_the_platform_cannot_sign_for_the_depositor_nor_the_other_way_round() -> None:
    transaction = transaction_of(DEPOSITOR.key_id)
    entry = entry_of(transaction)
    platforms = entry.signature("platform")
    assert platforms is not None
    as_depositor = Signature("depositor", DEPOSITOR.key_id, "ed25519", platforms.value)
    assert not verify_transaction(transaction, as_depositor, DEPOSITOR.public)
    of_transaction = DEPOSITOR.sign_transaction(transaction)
    as_platform = replace(of_transaction, role="platform")
    assert not verify_transaction(transaction, as_platform, DEPOSITOR.public)
    assert not verify_signature(entry, as_platform, DEPOSITOR.public)
    with pytest.raises(ValueError, match="has to sign this"):
        PLATFORM.sign_transaction(transaction)


def test_the_larger_twin_of_an_ecdsa_signature_is_refused() -> None:
    signer = ec_signer()
    transaction = transaction_of(signer.key_id)
    good = signer.sign(transaction)
    s = int.from_bytes(good.value[32:], "big")
    twin = good.value[:32] + (P256_ORDER - s).to_bytes(32, "big")
    assert fits(signer.key, good.algorithm, twin, transaction.bytes()), "mathematically it fits"
    with pytest.raises(InvalidEntry, match="larger twin"):
        replace(good, value=twin)
    assert low_s(twin) == low_s(good.value) == good.value


@pytest.mark.parametrize(
    "value",
    [bytes(64), b"\x01" * 32 + bytes(32), bytes(32) + b"\x01" * 32, b"\xff" * 64],
    ids=["zeroes", "s 0", "r 0", "above the order"],
)
def test_ecdsa_numbers_out_of_range_are_refused(value: bytes) -> None:
    with pytest.raises(InvalidEntry, match="out of range"):
        Signature("depositor", "x509:" + "0" * 64, "ecdsa-p256-sha256", value)


@pytest.mark.parametrize(
    ("role", "key_id", "algorithm", "length"),
    [
        ("platform", "x509:" + "0" * 64, "ed25519", 64),
        ("platform", PLATFORM.key_id, "rsa-pkcs1-sha256", 256),
        ("depositor", DEPOSITOR.key_id, "rsa-pkcs1-sha256", 256),
        ("depositor", "x509:" + "0" * 63, "ed25519", 64),
        ("depositor", "x509:" + "A" * 64, "ed25519", 64),
        ("depositor", "x509:" + "0" * 64, "rsa-pkcs1-sha256", 255),
        ("depositor", "x509:" + "0" * 64, "rsa-pkcs1-sha256", 513),
        ("depositor", "x509:" + "0" * 64, "rsa-pss-sha256", 256),
    ],
)
def test_role_key_and_algorithm_must_go_together(
    role: str, key_id: str, algorithm: str, length: int
) -> None:
    with pytest.raises(InvalidEntry) as caught:
        Signature(role, key_id, algorithm, b"\x01" * length)
    assert caught.value.field == "signatures"


def test_a_certificate_is_named_by_all_of_its_bytes() -> None:
    """The same key in another certificate is another signer: who vouches for it is part of it."""
    private = ec.generate_private_key(ec.SECP256R1())
    mine, other = certificate(private, "Ada"), certificate(private, "Eve")
    signer = ec_signer(private, mine)
    transaction = transaction_of(signer.key_id)
    signature = signer.sign(transaction)
    assert verify_transaction(transaction, signature, mine)
    assert not verify_transaction(transaction, signature, other)
    feigned = replace(signature, key_id=key_id_of(other))
    assert not verify_transaction(replace(transaction, by=key_id_of(other)), feigned, other)
    with pytest.raises(InvalidProof, match="listed as"):
        Trust(depositors={key_id_of(mine): other})


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (b"", "cannot be read"),
        (b"0" * 500, "cannot be read"),
        (b"0" * 9000, "at most"),
        (certificate(rsa.generate_private_key(65537, 1024), "small"), "2048 to 4096"),  # noqa: S505
        (certificate(ec.generate_private_key(ec.SECP384R1()), "other curve"), "P-256"),
    ],
    ids=["empty", "noise", "long", "rsa-1024", "p-384"],
)
def test_a_key_that_is_of_no_use_says_why(key: bytes, reason: str) -> None:
    with pytest.raises(UnusableKey, match=reason):
        algorithm_of(key)
    assert not fits(key, "ed25519", b"s" * 64, b"")


def small_order_points() -> list[bytes]:
    """Ed25519 keys whose eightfold is the neutral point; found by arithmetic, not copied."""
    found = set()
    for seed in range(2, 40):
        point = decode_any(seed)
        # What is left of a point without its part in the group of prime order.
        small = None if point is None else multiply(L, point)
        if small is not None:
            found.add(encode_point(small))
    assert len(found) == 8
    return sorted(found)


def decode_any(y: int) -> Point | None:
    """A point with this y, whatever its order (RFC 8032 §5.1.3)."""
    u, v = (y * y - 1) % P, (-121665 * pow(121666, -1, P) * y * y + 1) % P
    square = u * pow(v, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x, y, 1, x * y % P) if x * x % P == square else None


def test_keys_of_small_order_sign_nothing() -> None:
    for point in small_order_points():
        with pytest.raises(UnusableKey, match="small order"):
            algorithm_of(point)
        # R = the neutral point and S = 0 fit every eighth message under such a key.
        forged = b"\x01" + bytes(63)
        assert not any(fits(point, "ed25519", forged, b"%d" % each) for each in range(64))
    assert algorithm_of(DEPOSITOR.public) == "ed25519"
    malleable = bytearray(DEPOSITOR.sign_transaction(transaction_of(DEPOSITOR.key_id)).value)
    malleable[32:] = (int.from_bytes(malleable[32:], "little") + L).to_bytes(32, "little")
    assert not fits(
        DEPOSITOR.public, "ed25519", bytes(malleable), transaction_of(DEPOSITOR.key_id).bytes()
    )


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_a_co_signed_record_verifies_and_a_replayed_one_is_a_conflict(
    signer: Signer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    transaction = transaction_of(signer.key_id)
    signature = signer.sign(transaction)
    entry = entry_of(transaction, signature)
    with TlogLedger(tmp_path_factory.mktemp("log") / "l", origin="notary.example/l") as ledger:
        (receipt,) = ledger.append([entry])
        trust = ledger.trust() | Trust(
            {}, {PLATFORM.key_id: PLATFORM.public}, {signer.key_id: signer.key}
        )
        proof = ledger.prove(receipt)
        assert verify(entry, receipt, proof, trust).ok
        # The same signed transaction once more, under a token of another day.
        again = PLATFORM.sign(replace(entry, token=b"t" * 32, signatures=(signature,)))
        with pytest.raises(Conflict):
            ledger.append([again])
    # Who leaves the depositor's signature out has not deposited in the depositor's name.
    stripped = PLATFORM.sign(replace(entry, signatures=()))
    verdict = verify(stripped, receipt, proof, trust)
    assert verdict.result is Result.TAMPERED
    assert verdict.failed is not None
    assert verdict.failed.code == "depositor_signature"


def test_the_root_of_the_data_tree_is_optional_and_canonical() -> None:
    transaction = transaction_of("account:1")
    plain, cut = entry_of(transaction), entry_of(transaction, data=b"d" * 32)
    assert b'"data"' not in plain.encode()
    assert Entry.decode(cut.encode()).data == b"d" * 32
    assert cut.encode() == rfc8785.dumps(json.loads(cut.encode()))
    assert not verify_signature(replace(cut, data=b"e" * 32), cut.signatures[0], PLATFORM.public)
    value = json.loads(cut.encode())
    for wrong in (None, 5, "zz", "00"):
        with pytest.raises(InvalidEntry) as caught:
            Entry.decode(rfc8785.dumps(value | {"data": wrong}))
        assert caught.value.field == "data"


def test_ed25519_in_a_certificate_signs_too() -> None:
    private = Ed25519PrivateKey.generate()
    der = certificate(private, "Ada")
    transaction = transaction_of(key_id_of(der))
    signature = Signature("depositor", key_id_of(der), "ed25519", private.sign(transaction.bytes()))
    assert verify_transaction(transaction, signature, der)
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert not verify_transaction(transaction, signature, raw)
