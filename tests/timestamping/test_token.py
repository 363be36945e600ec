"""Tokens as values, trust stores, and the strict reader below both."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import core, pem
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter.digest import digest_of
from tests.timestamping import forge
from tests.timestamping.forge import Forge, Tst, seq, tlv
from tests.timestamping.pki import NOW, crl, name, sample_pki
from timestamping.errors import InvalidToken
from timestamping.token import Token
from timestamping.trust import InvalidTrust, TrustStore
from timestamping.verification import der
from timestamping.verification.cms import read_signed_data
from timestamping.verification.names import general_name_for_people
from timestamping.verification.signatory import Signatories
from timestamping.verifier import verify_response, verify_token

PKI = sample_pki()
DIGEST = digest_of(b"a deed")


def token(**fields: object) -> Token:
    return Token.parse(Forge.of(PKI, Tst(DIGEST.value, **fields)).token())  # type: ignore[arg-type]


def test_every_field_is_read() -> None:
    accuracy = seq(forge.integer(1), tlv(0x80, b"\x02"), tlv(0x81, b"\x03"))
    one = token(accuracy=accuracy, nonce=2**64 - 1, serial=2**159, time=NOW + timedelta(0, 0, 5))
    assert one.imprint == DIGEST
    assert one.gen_time == NOW + timedelta(microseconds=5)
    assert one.gen_time.tzinfo is not None
    assert one.accuracy == timedelta(seconds=1, milliseconds=2, microseconds=3)
    assert (one.serial, one.nonce, one.policy) == (2**159, 2**64 - 1, forge.POLICY)
    assert one.sha256 == hashlib.sha256(one.der).digest()
    assert (one.source, one.independent, one.also) == ("", False, ())


def test_the_name_for_people() -> None:
    named = tlv(0xA0, tlv(0xA4, name("公证处时间戳").public_bytes()))
    assert token(tsa=named).tsa == "公证处时间戳"
    assert token().tsa == "Test TSA"  # from the certificate
    bare = Forge.of(PKI, Tst(DIGEST.value), certificates=()).token()
    assert Token.parse(bare).tsa == "Test Time-stamping CA"  # from the signer's identifier
    dns = tlv(0xA0, tlv(0x82, b"tsa.example"))
    assert token(tsa=dns).tsa == "Test TSA"


def test_a_response_is_made_and_read_back() -> None:
    one = token()
    assert Token.from_response(one.response()) == one
    assert verify_response(one.response(), PKI.trust, digest=DIGEST).ok


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        b"<html>",
        Forge.of(PKI, seq()).token(),
        Forge.of(PKI, Tst(DIGEST.value), content_type=forge.DATA).token(),
        Forge.of(PKI, Tst(DIGEST.value)).token() + b"\x00",
        Forge.of(PKI, Tst(bytes(20), imprint_digest="sha1")).token(),
        Forge.of(PKI, Tst(bytes(31))).token(),
    ],
)
def test_what_is_no_token(data: bytes) -> None:
    with pytest.raises(InvalidToken, match="no time-stamp token") as caught:
        Token.parse(data)
    assert isinstance(caught.value, ValueError)
    assert caught.value.code == "bad-token"


@pytest.mark.parametrize("data", [b"", b"\x30\x03\x02\x01\x00", b"\x04\x00", b"\x30\x82\x01"])
def test_what_is_no_response(data: bytes) -> None:
    with pytest.raises(InvalidToken):
        Token.from_response(data)


# Trust


def test_pem_is_sorted_into_its_parts(tmp_path: Path) -> None:
    lists = crl(PKI.root)
    bundle = PKI.leaf.pem + PKI.root.pem + pem.armor("X509 CRL", lists) + PKI.intermediate.pem
    path = tmp_path / "bundle.pem"
    path.write_bytes(bundle)
    trust = TrustStore.from_pem(path)
    assert trust == TrustStore.from_pem(bundle)
    assert trust.roots == (PKI.root.der,)
    assert trust.intermediates == (PKI.leaf.der, PKI.intermediate.der)
    assert trust.crls == (lists,)
    assert TrustStore.from_pem(trust.to_pem().encode()) == trust
    assert trust.roots_pem().encode() == PKI.root.pem


def test_der_is_read_as_well() -> None:
    assert TrustStore.from_pem(PKI.root.der).roots == (PKI.root.der,)
    assert TrustStore.from_pem(crl(PKI.root)).crls


def test_a_subordinate_becomes_an_anchor_only_when_asked() -> None:
    assert TrustStore.from_pem(PKI.intermediate.pem).roots == ()
    assert TrustStore.from_pem(PKI.intermediate.pem, anchors=True).roots == (PKI.intermediate.der,)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"words",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nno end",
        PKI.leaf.key_pem,
    ],
)
def test_what_is_no_trust(data: bytes) -> None:
    with pytest.raises(InvalidTrust):
        TrustStore.from_pem(data)


def test_merging_keeps_each_once() -> None:
    one, other = PKI.trust, sample_pki("p384").trust
    merged = one.merge(other).merge(one)
    assert merged.roots == one.roots + other.roots
    assert merged.fingerprint == TrustStore(one.roots + other.roots).fingerprint
    assert merged.fingerprint != one.fingerprint
    assert TrustStore(one.roots).fingerprint != TrustStore((), one.roots).fingerprint


# The strict reader

GOOD = [
    "0500",
    "010100",
    "0101ff",
    "0201ff",
    "02020080",
    "0202ff7f",
    "030100",
    "03020780",
    "0400",
    "06032a0304",
    "0c03e4b8ad",
    "170d3236303132303132303030305a",
    "180f32303236303132303132303030305a",
    "181132303236303132303132303030302e355a",
    "3000",
    "3100",
    "3106020101020102",
]
BAD = {
    "": "nothing",
    "05": "no length",
    "0501": "cut off",
    "050000": "behind",
    "050100": "null with contents",
    "010101": "boolean of BER",
    "01020000": "boolean of two octets",
    "0200": "integer of no octet",
    "0202007f": "padded integer",
    "0202ff80": "padded negative integer",
    "0300": "bit string of no octet",
    "030101": "unused bits of nothing",
    "03020801": "more than seven unused bits",
    "03020701": "unused bits set",
    "0600": "empty identifier",
    "060180": "identifier without end",
    "06028001": "padded identifier",
    "0c02c328": "broken UTF-8",
    "130180": "printable string beyond ASCII",
    "170b323630313230313230305a": "UTCTime without seconds",
    "1711323630313230313230303030" + "2b30383030": "UTCTime with offset",
    "180d3230323630313230313230305a": "GeneralizedTime without seconds",
    "180e3230323630313230313230303030": "GeneralizedTime without Z",
    "181232303236303132303132303030302e35305a": "a fraction that ends in zero",
    "181032303236303132303132303030302e5a": "a point without fraction",
    "3080020101" + "0000": "indefinite length",
    "308100": "long form of a short length",
    "30820001" + "05": "leading zero in a length",
    "3085000000000100": "a length of five octets",
    "3003020200": "longer than what holds it",
    "1f8101": "high tag number",
    "0901" + "00": "a real number",
    "24040402" + "0000": "constructed octet string",
    "1000": "primitive sequence",
    "3106020102020101": "unsorted set",
}


@pytest.mark.parametrize("text", GOOD)
def test_der_is_read(text: str) -> None:
    data = bytes.fromhex(text)
    assert der.read(data).raw == data


@pytest.mark.parametrize("text", BAD, ids=BAD.values())
def test_what_is_not_der_is_refused(text: str) -> None:
    with pytest.raises(der.DerError):
        der.read(bytes.fromhex(text))


def test_depth_is_limited() -> None:
    data = b""
    for _ in range(40):
        data = tlv(0x30, data)
    with pytest.raises(der.DerError, match="deeper"):
        der.read(data)


@given(st.integers())
def test_integers_are_read_back(value: int) -> None:
    assert der.integer(der.read(core.Integer(value).dump())) == value


@given(
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**70), max_size=6),
)
def test_identifiers_are_read_back(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(map(str, [first, second, *rest]))
    assert der.oid(der.read(core.ObjectIdentifier(dotted).dump())) == dotted


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        node = der.read(data)
    except der.DerError:
        return
    assert node.raw == data


@given(st.binary(max_size=70_000))
def test_encoding_is_read_back(data: bytes) -> None:
    assert der.read(der.encode(der.OCTET_STRING, data)).content == data


@pytest.mark.parametrize("length", [65, 3_000, 400_000])
def test_an_endless_object_identifier_is_refused_at_once(length: int) -> None:
    """To read one takes time quadratic in its length, and no name for people has its digits."""
    endless = der.encode(der.OID, b"\x2a" + b"\xff" * length + b"\x01")
    content = der.encode(der.SEQUENCE, endless, der.encode(0xA0, der.encode(der.SEQUENCE)))
    verdict = verify_token(content, TrustStore())
    assert not verdict.ok
    with pytest.raises(InvalidToken):
        Token.parse(content)


def test_a_name_of_the_wrong_shape_is_nobodys() -> None:
    attribute = der.encode(0x31, der.encode(der.SEQUENCE))
    assert general_name_for_people(der.encode(0xA4, der.encode(der.SEQUENCE, attribute))) == ""


def test_what_is_remembered_of_signatories_weighs_little() -> None:
    signed = read_signed_data(Token.parse(Forge.of(PKI, Tst(DIGEST.value)).token()).der)
    known = Signatories(most=256, most_bytes=1 << 20)
    for number in range(40):
        large = TrustStore(crls=(bytes([number]) * (300 << 10),))
        assert known.of(signed, large) is not None
    assert known._bytes <= 1 << 20
    assert len(known._known) <= 3
    assert known.of(signed, large) is known.of(signed, large)
