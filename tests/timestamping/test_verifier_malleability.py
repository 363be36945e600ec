"""No byte of a token can be changed without the verdict turning.

Two exceptions carry no meaning; they are named, bounded and tested here:

- the signature algorithm's name may be swapped between ``rsaEncryption`` and
  ``sha256WithRSAEncryption`` (RFC 5754 §3.2), unless algorithm protection is signed;
- a carried certificate that no check needs and whose issuer is not at hand.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chain_adapter.digest import digest_of
from tests.effort import examples, some
from tests.timestamping import forge
from tests.timestamping.forge import Forge, Tst, attribute, seq, tlv
from tests.timestamping.pki import crl, issue, new_key, sample_pki
from timestamping.token import Token
from timestamping.trust import TrustStore
from timestamping.verifier import verify_token

DIGEST = digest_of(b"a deed")
PKI, RSA = sample_pki(), sample_pki("rsa2048")
PROTECTION = attribute(
    forge.ALGORITHM_PROTECTION,
    seq(
        forge.algorithm(forge.DIGEST_OIDS["sha256"]),
        tlv(0xA1, forge.oid("1.2.840.113549.1.1.11"), b"\x05\x00"),
    ),
)
KNOWN = TrustStore((PKI.root.der,), (PKI.intermediate.der,))
CROSS = issue(
    "Test Root", PKI.root.key, issue("Far Root", new_key("p256", 8), None, ca=True), ca=True
).der

#: The last bit is unset, so that an altered count of unused bits is still well-formed DER.
ROOT_LIST = next(der for der in iter(lambda: crl(PKI.root), None) if not der[-1] & 1)

TOKENS: dict[str, tuple[bytes, TrustStore]] = {
    "elliptic curve, whole chain": (
        Forge.of(PKI, Tst(DIGEST.value, nonce=2**60)).token(),
        PKI.trust,
    ),
    "elliptic curve, signer alone": (
        Forge.of(PKI, Tst(DIGEST.value), certificates=(PKI.leaf.der,)).token(),
        KNOWN,
    ),
    "whole chain, everything known": (
        Forge.of(PKI, Tst(DIGEST.value)).token(),
        TrustStore((PKI.root.der,), (PKI.intermediate.der, PKI.leaf.der)),
    ),
    "no certificates": (
        Forge.of(PKI, Tst(DIGEST.value), certificates=()).token(),
        TrustStore((PKI.root.der,), (PKI.intermediate.der, PKI.leaf.der)),
    ),
    "with revocation lists": (
        Forge.of(PKI, Tst(DIGEST.value), crls=(ROOT_LIST, crl(PKI.intermediate))).token(),
        PKI.trust,
    ),
    "RSA with algorithm protection": (
        Forge.of(RSA, Tst(DIGEST.value), extra_attributes=(PROTECTION,)).token(),
        RSA.trust,
    ),
    "RSA-PSS": (Forge.of(RSA, Tst(DIGEST.value), scheme="pss").token(), RSA.trust),
    "RSA": (Forge.of(RSA, Tst(DIGEST.value)).token(), RSA.trust),
    "RSA, bare name": (Forge.of(RSA, Tst(DIGEST.value), scheme="rsaEncryption").token(), RSA.trust),
    "with a foreign cross certificate": (
        Forge.of(PKI, Tst(DIGEST.value), certificates=(*PKI.chain, CROSS)).token(),
        PKI.trust,
    ),
}


def changed(token: bytes, place: int, mask: int) -> bytes:
    return token[:place] + bytes((token[place] ^ mask,)) + token[place + 1 :]


def is_meaningless(name: str, token: bytes, place: int, mask: int) -> bool:
    """Whether the change is one of the two exceptions."""
    if name in ("RSA", "RSA, bare name"):
        last = token.rindex(_RSA_PREFIX) + len(_RSA_PREFIX)
        return place == last and {token[place], token[place] ^ mask} == {0x01, 0x0B}
    if name == "with a foreign cross certificate":
        start = token.index(CROSS)
        return start <= place < start + len(CROSS)
    return False


#: 1.2.840.113549.1.1, the header of an object identifier with one more number included
_RSA_PREFIX = forge.oid(forge.RSA_ENCRYPTION)[:-1]


def assert_turns(name: str, place: int, mask: int) -> None:
    token, trust = TOKENS[name]
    verdict = verify_token(changed(token, place, mask), trust, digest=DIGEST)
    if is_meaningless(name, token, place, mask):
        if verdict.ok:
            # It says what it said before.
            before = Token.parse(token)
            assert verdict.token is not None
            assert (verdict.token.imprint, verdict.token.gen_time, verdict.token.serial) == (
                before.imprint,
                before.gen_time,
                before.serial,
            )
        return
    assert not verdict.ok, f"byte {place} of {name!r} changed by {mask:#x} was not noticed"
    assert verdict.token is None


@pytest.mark.parametrize("name", TOKENS)
def test_the_tokens_themselves_are_good(name: str) -> None:
    token, trust = TOKENS[name]
    verdict = verify_token(token, trust, digest=DIGEST)
    assert verdict.ok, verdict.failed


@pytest.mark.parametrize("name", TOKENS)
def test_no_one_byte_change_verifies(name: str) -> None:
    size = len(TOKENS[name][0])

    @settings(
        max_examples=examples(250), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(st.integers(0, size - 1), st.integers(1, 255))
    @example(0, 1)
    @example(size - 1, 0x80)
    def judge(place: int, mask: int) -> None:
        assert_turns(name, place, mask)

    judge()


@pytest.mark.parametrize("bit", some(range(8), [0]))
def test_no_flipped_bit_verifies_anywhere(bit: int) -> None:
    """Every place of one token, so that no field is left to chance."""
    name = "elliptic curve, signer alone"
    for place in range(len(TOKENS[name][0])):
        assert_turns(name, place, 1 << bit)


def test_the_two_names_of_one_rsa_signature_are_the_known_exception() -> None:
    token, trust = TOKENS["RSA"]
    last = token.rindex(_RSA_PREFIX) + len(_RSA_PREFIX)
    assert token[last] == 0x0B
    assert verify_token(changed(token, last, 0x0A), trust).ok
    protected, trust = TOKENS["RSA with algorithm protection"]
    last = protected.rindex(_RSA_PREFIX) + len(_RSA_PREFIX)
    assert not verify_token(changed(protected, last, 0x0A), trust).ok


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_get_a_verdict_and_no_crash(data: bytes) -> None:
    assert not verify_token(data, PKI.trust).ok


@settings(max_examples=examples(200), deadline=None)
@given(st.data())
def test_a_token_that_is_cut_or_spliced_gets_a_verdict_and_no_crash(data: st.DataObject) -> None:
    token, trust = TOKENS["elliptic curve, whole chain"]
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, len(token)))
    spliced = token[:start] + data.draw(st.binary(max_size=8)) + token[end:]
    if spliced != token:
        assert not verify_token(spliced, trust).ok


@pytest.mark.parametrize("mask", some([0x01, 0x02, 0x80], [0x02]))
def test_broken_revocation_lists_are_refused_and_never_raise(mask: int) -> None:
    token, trust = TOKENS["with revocation lists"]
    start = token.index(ROOT_LIST)
    for place in range(start, start + len(ROOT_LIST)):
        verdict = verify_token(changed(token, place, mask), trust, digest=DIGEST)
        assert not verdict.ok, f"place {place}, mask {mask}"
