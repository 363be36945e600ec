"""Every numbered step of the token verifier: what passes it and what it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from chain_adapter.digest import Digest, digest_of
from chain_adapter.verdict import Check, Outcome
from tests.timestamping import forge
from tests.timestamping.forge import Forge, Tst, attribute, ess_v1, ess_v2, octets, seq, tlv
from tests.timestamping.pki import (
    FIRST,
    LAST,
    NOW,
    SIGNING,
    crl,
    issue,
    name,
    new_key,
    sample_pki,
    stamping,
)
from timestamping.trust import TrustStore
from timestamping.verifier import STEPS, TokenVerdict, verify_response, verify_token

DIGEST = digest_of(b"a deed")
PKI = sample_pki()
RSA = sample_pki("rsa2048")
GOOD = Forge.of(PKI, Tst(DIGEST.value))


def tst(**wrong: object) -> Forge:
    return Forge.of(PKI, Tst(**({"hashed": DIGEST.value} | wrong)))  # type: ignore[arg-type]


def leaf(**wrong: object) -> Forge:
    """A token whose signer's certificate is wrong."""
    identity = PKI.leaf_with(**wrong)
    return GOOD.but(signer=identity, certificates=(identity.der, PKI.intermediate.der))


def verdict(token: Forge | bytes, trust: TrustStore = PKI.trust, **asked: object) -> TokenVerdict:
    data = token if isinstance(token, bytes) else token.token()
    return verify_token(data, trust, **asked)  # type: ignore[arg-type]


def check(result: TokenVerdict, code: str) -> Check:
    number = STEPS[code][0]
    return next(one for one in result.checks if one.number == number)


# Step 1 speaks of responses.


@pytest.mark.parametrize("status", [0, 1], ids=["granted", "grantedWithMods"])
def test_granted_responses_pass(status: int) -> None:
    result = verify_response(GOOD.response(status), PKI.trust, digest=DIGEST)
    assert result.ok
    assert result.checks[0].code == "status"
    assert result.token is not None
    assert result.token.imprint == DIGEST


FAILURE = tlv(0x03, b"\x07\x80")  # badAlg
REJECTIONS: dict[str, tuple[bytes, str, str]] = {
    "a rejection that carries a token": (GOOD.response(2), "status", "counts for nothing"),
    "waiting": (GOOD.response(3), "status", "waiting"),
    "a status nobody knows": (GOOD.response(9), "status", "answered 9"),
    "granted and a failure": (GOOD.response(0, FAILURE), "status", "failure at once"),
    "granted without token": (seq(seq(forge.integer(0))), "status", "gave no token"),
    "bare rejection": (seq(seq(forge.integer(2), FAILURE)), "status", "badAlg"),
    "bytes behind the response": (GOOD.response() + b"\x00", "response-form", "follow the end"),
    "not DER": (b"<html>no</html>", "response-form", "no time-stamp response"),
    "empty": (b"", "response-form", "cut off"),
    "a number": (forge.integer(0), "response-form", "no sequence"),
    "status text that is no text": (
        GOOD.response(0, seq(tlv(0x13, b"x"))),
        "response-form",
        "no UTF-8",
    ),
    "fields in another order": (
        GOOD.response(0, FAILURE + seq(tlv(0x0C, b"x"))),
        "response-form",
        "do not belong",
    ),
    "a status that is no number": (seq(seq(tlv(0x0C, b"x"))), "response-form", "missing"),
}


@pytest.mark.parametrize("case", REJECTIONS)
def test_step_1_refuses(case: str) -> None:
    response, code, words = REJECTIONS[case]
    result = verify_response(response, PKI.trust)
    assert result.failed is not None
    assert (result.failed.number, result.failed.code) == (1, code)
    assert words in result.failed.detail
    assert result.token is None
    assert not result.ok


def test_a_status_text_is_told() -> None:
    told = seq(seq(forge.integer(2), seq(tlv(0x0C, "时间不可用".encode())), FAILURE))
    failed = verify_response(told, PKI.trust).failed
    assert failed is not None
    assert "时间不可用" in failed.detail


# Steps 2 to 18: (the token, further arguments, a word of the sentence)
Case = tuple[Callable[[], "Forge | bytes"], dict[str, object], str]


def _ber_length() -> bytes:
    token = GOOD.token()
    return b"\x30\x83\x00" + token[2:]  # the same length in one octet more


def _unsorted_algorithms() -> Forge:
    other = forge.algorithm(forge.DIGEST_OIDS["sha512"])
    mine = forge.algorithm(forge.DIGEST_OIDS["sha256"])
    return GOOD.but(digest_algorithms=tlv(0x31, *sorted([mine, other], reverse=True)))


def _foreign_leaf() -> Forge:
    other = sample_pki("p384")
    return GOOD.but(certificates=other.chain)


def _two_signers_certificates() -> Forge:
    twin = PKI.leaf_with(serial=PKI.leaf.certificate.serial_number)
    return GOOD.but(certificates=(*PKI.chain, twin.der))


def _other_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=True,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _with(usage: x509.KeyUsage, **more: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
    )
    fields = {name: getattr(usage, name) for name in names} | more
    return x509.KeyUsage(**fields, encipher_only=False, decipher_only=False)


def _weak(digest: str) -> Forge:
    return GOOD.but(digest=digest)


def _under(authority_eku: x509.ObjectIdentifier) -> Forge:
    """A signer below an intermediate that is restricted to another usage."""
    authority = issue(
        "Narrow CA", new_key("p256", 7), PKI.root, ca=True, eku=[authority_eku], eku_critical=False
    )
    signer = stamping("Narrow TSA", PKI.leaf.key, authority)
    return GOOD.but(signer=signer, certificates=(signer.der, authority.der))


def _altered_root(old: bytes, new: bytes) -> Forge:
    """The root travels along with one text changed; the chain itself uses the trusted copy."""
    assert old in PKI.root.der
    changed = new.join(PKI.root.der.rsplit(old, 1))
    return GOOD.but(certificates=(PKI.leaf.der, PKI.intermediate.der, changed))


ANOTHER = Digest("sha256", bytes(32))

BAD: dict[str, dict[str, Case]] = {
    "der": {
        "a byte behind the token": (lambda: GOOD.token() + b"\x00", {}, "follow the end"),
        "a longer form of a length": (_ber_length, {}, "shortest form"),
        "cut off": (lambda: GOOD.token()[:-1], {}, "longer than what holds it"),
        "nothing": (lambda: b"", {}, "cut off"),
        "unsorted set": (_unsorted_algorithms, {}, "not sorted"),
        "unsorted signed attributes": (
            lambda: GOOD.but(sorted_attributes=False),
            {},
            "not sorted",
        ),
        "BER inside a carried certificate": (
            lambda: GOOD.but(certificates=(*PKI.chain, seq(tlv(0x01, b"\x01")))),
            {},
            "not encoded as DER",
        ),
    },
    "signer-info": {
        "no SignerInfo": (lambda: GOOD.but(signers=0), {}, "exactly one SignerInfo, this has 0"),
        "two SignerInfos": (lambda: GOOD.but(signers=2), {}, "this has 2"),
        "SignedData version 1": (lambda: GOOD.but(version=1), {}, "version 1"),
        "SignerInfo version 3": (lambda: GOOD.but(signer_version=3), {}, "version 3"),
        "key identifier": (lambda: GOOD.but(sid=tlv(0x80, b"key")), {}, "key identifier"),
        "half a name": (lambda: GOOD.but(sid=seq(forge.integer(1))), {}, "issuer and serial"),
        "unsigned attributes": (
            lambda: GOOD.but(unsigned=tlv(0xA1, attribute("1.2.3", octets(b"x")))),
            {},
            "unsigned attributes",
        ),
        "no signed attributes": (lambda: GOOD.but(attributes=()), {}, "no signed attributes"),
        "attribute that is no pair": (
            lambda: GOOD.but(extra_attributes=(seq(forge.oid("1.2.3")),)),
            {},
            "no pair",
        ),
        "no SignedData": (lambda: GOOD.but(outer_type=forge.DATA), {}, "not a SignedData"),
        "something else": (lambda: seq(forge.integer(1)), {}, "no ContentInfo"),
        "other digest named outside": (
            lambda: GOOD.but(
                digest_algorithms=tlv(0x31, forge.algorithm(forge.DIGEST_OIDS["sha512"]))
            ),
            {},
            "digestAlgorithms",
        ),
    },
    "content-type": {
        "data": (lambda: GOOD.but(content_type=forge.DATA), {}, forge.DATA),
    },
    "tst-info": {
        "version 2": (lambda: tst(version=2), {}, "version 2"),
        "no fields": (lambda: GOOD.but(content=seq()), {}, "no version"),
        "no sequence": (lambda: GOOD.but(content=octets(b"")), {}, "no TSTInfo"),
        "local time": (lambda: tst(raw_time=tlv(0x18, b"20260601120000+0800")), {}, "DER"),
        "the 30th of February": (
            lambda: tst(raw_time=tlv(0x18, b"20260230120000Z")),
            {},
            "no time",
        ),
        "a time of another type": (
            lambda: tst(raw_time=tlv(0x17, b"260601120000Z")),
            {},
            "genTime",
        ),
        "a default written out": (lambda: tst(ordering=b"\x01\x01\x00"), {}, "default"),
        "accuracy of 1000 ms": (lambda: tst(accuracy=seq(tlv(0x80, b"\x03\xe8"))), {}, "1..999"),
        "accuracy of 0 µs": (lambda: tst(accuracy=seq(tlv(0x81, b"\x00"))), {}, "1..999"),
        "accuracy padded": (lambda: tst(accuracy=seq(tlv(0x80, b"\x00\x01"))), {}, "not encoded"),
        "negative accuracy": (lambda: tst(accuracy=seq(forge.integer(-1))), {}, "out of range"),
        "unknown critical extension": (
            lambda: tst(
                extensions=tlv(0xA1, seq(forge.oid("1.2.9"), b"\x01\x01\xff", octets(b"")))
            ),
            {},
            "critical extensions 1.2.9",
        ),
        "a field too many": (lambda: tst(extensions=octets(b"")), {}, "does not know"),
        "tsa that is no name": (lambda: tst(tsa=tlv(0xA0, octets(b""))), {}, "no GeneralName"),
        "imprint parameters": (
            lambda: tst(imprint_parameters=octets(b"")),
            {},
            "parameters other than NULL",
        ),
    },
    "imprint": {
        "another file": (lambda: GOOD, {"digest": ANOTHER}, "another digest"),
        "same bytes, other algorithm": (
            lambda: GOOD,
            {"digest": Digest("sm3", DIGEST.value)},
            "another digest",
        ),
        "too short": (lambda: tst(hashed=b"\x01" * 31), {}, "31 bytes"),
    },
    "imprint-algorithm": {
        "SHA-1": (lambda: tst(imprint_digest="sha1", hashed=b"\x01" * 20), {}, "sha1"),
        "MD5": (lambda: tst(imprint_digest="md5", hashed=b"\x01" * 16), {}, "md5"),
    },
    "nonce": {
        "none": (lambda: GOOD, {"nonce": 5}, "has no nonce"),
        "another": (lambda: tst(nonce=6), {"nonce": 5}, "another nonce"),
    },
    "policy": {
        "another": (lambda: GOOD, {"policy": "1.2.3.4.2"}, "not 1.2.3.4.2"),
    },
    "gen-time": {
        "long ago": (lambda: GOOD, {"fresh_at": NOW + timedelta(minutes=6)}, "0:06:00 away"),
        "too early": (lambda: GOOD, {"fresh_at": NOW - timedelta(minutes=6)}, "0:06:00 away"),
        "before RFC 3161": (lambda: tst(time=datetime(1998, 1, 1, tzinfo=UTC)), {}, "existed"),
    },
    "signed-attributes": {
        "contentType of data": (
            lambda: GOOD.but(signed_content_type=forge.DATA),
            {},
            "contentType is not",
        ),
        "no contentType": (
            lambda: GOOD.but(dropped_attribute=forge.CONTENT_TYPE),
            {},
            "contentType is missing",
        ),
        "messageDigest of something else": (
            lambda: GOOD.but(message_digest=bytes(32)),
            {},
            "not the digest",
        ),
        "no messageDigest": (
            lambda: GOOD.but(dropped_attribute=forge.MESSAGE_DIGEST),
            {},
            "messageDigest is missing",
        ),
        "messageDigest twice": (
            lambda: GOOD.but(
                extra_attributes=(attribute(forge.MESSAGE_DIGEST, octets(bytes(32))),)
            ),
            {},
            "stands twice",
        ),
        "messageDigest with two values": (
            lambda: GOOD.but(
                dropped_attribute=forge.MESSAGE_DIGEST,
            ).but(
                attributes=(
                    attribute(forge.CONTENT_TYPE, forge.oid(forge.TST_INFO)),
                    attribute(forge.MESSAGE_DIGEST, octets(bytes(32)), octets(b"\x01" * 32)),
                    ess_v2(PKI.leaf.der),
                ),
                dropped_attribute="",
            ),
            {},
            "not one value",
        ),
        "messageDigest of another type": (
            lambda: GOOD.but(
                attributes=(
                    attribute(forge.CONTENT_TYPE, forge.oid(forge.TST_INFO)),
                    attribute(forge.MESSAGE_DIGEST, forge.integer(1)),
                    ess_v2(PKI.leaf.der),
                ),
            ),
            {},
            "wrong type",
        ),
        "algorithm protection of another algorithm": (
            lambda: GOOD.but(
                extra_attributes=(
                    attribute(
                        forge.ALGORITHM_PROTECTION,
                        seq(
                            forge.algorithm(forge.DIGEST_OIDS["sha256"]),
                            tlv(0xA1, forge.oid(forge.RSA_ENCRYPTION)),
                        ),
                    ),
                )
            ),
            {},
            "CMSAlgorithmProtection",
        ),
    },
    "signer": {
        "certificates of somebody else": (_foreign_leaf, {}, "no certificate at hand"),
        "no certificates": (lambda: GOOD.but(certificates=()), {}, "no certificate at hand"),
        "two that fit": (_two_signers_certificates, {}, "several certificates"),
    },
    "ess-cert-id": {
        "none": (lambda: GOOD.but(ess=()), {}, "does not name"),
        "v2 of another certificate": (
            lambda: GOOD.but(ess=(ess_v2(PKI.intermediate.der),)),
            {},
            "another certificate",
        ),
        "v1 of another certificate": (
            lambda: GOOD.but(ess=(ess_v1(PKI.intermediate.der),)),
            {},
            "another certificate",
        ),
        "v2 right and v1 wrong": (
            lambda: GOOD.but(ess=(ess_v2(PKI.leaf.der), ess_v1(PKI.root.der))),
            {},
            "signingCertificate holds",
        ),
        "another serial number": (
            lambda: GOOD.but(ess=(ess_v2(PKI.leaf.der, forge.issuer_serial(PKI.leaf, serial=1)),)),
            {},
            "another issuer or serial",
        ),
        "another issuer": (
            lambda: GOOD.but(ess=(ess_v2(PKI.leaf.der, forge.issuer_serial(PKI.root)),)),
            {},
            "another issuer or serial",
        ),
        "weak digest in v2": (
            lambda: GOOD.but(ess=(ess_v2(PKI.leaf.der, digest="sha1"),)),
            {},
            "rests on sha1",
        ),
        "no identifier inside": (
            lambda: GOOD.but(ess=(attribute(forge.SIGNING_CERTIFICATE_V2, seq(seq())),)),
            {},
            "names no certificate",
        ),
        "two values": (
            lambda: GOOD.but(
                ess=(
                    attribute(
                        forge.SIGNING_CERTIFICATE_V2,
                        seq(seq(seq(octets(hashlib.sha256(PKI.leaf.der).digest())))),
                        seq(seq(seq(octets(bytes(32))))),
                    ),
                )
            ),
            {},
            "not one value",
        ),
    },
    "eku": {
        "absent": (lambda: leaf(eku=None), {}, "no extended key usage"),
        "not critical": (lambda: leaf(eku_critical=False), {}, "not critical"),
        "one more usage": (
            lambda: leaf(eku=[ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CLIENT_AUTH]),
            {},
            "other uses",
        ),
        "another usage": (lambda: leaf(eku=[ExtendedKeyUsageOID.CODE_SIGNING]), {}, "other uses"),
    },
    "end-entity": {
        "a CA": (lambda: leaf(ca=True, usage=SIGNING), {}, "authority"),
        "key agreement": (lambda: leaf(usage=_other_usage()), {}, "does not include signing"),
        "encipherment as well": (
            lambda: leaf(usage=_with(SIGNING, key_encipherment=True)),
            {},
            "beyond signing",
        ),
        "revocation lists as well": (
            lambda: leaf(usage=_with(SIGNING, crl_sign=True)),
            {},
            "revocation lists",
        ),
    },
    "signature": {
        "somebody else's key": (
            lambda: GOOD.but(sign_with=sample_pki("p384").leaf),
            {},
            "does not match",
        ),
        "SHA-1": (lambda: _weak("sha1"), {}, "sha1, which no longer convinces"),
        "names another digest": (
            lambda: GOOD.but(signature_algorithm=forge.algorithm("1.2.840.10045.4.3.3")),
            {},
            "says sha384 while",
        ),
        "names RSA for a curve": (
            lambda: GOOD.but(
                signature_algorithm=forge.algorithm(forge.RSA_ENCRYPTION, b"\x05\x00")
            ),
            {},
            "no signature algorithm of an elliptic curve",
        ),
        "ECDSA with parameters": (
            lambda: GOOD.but(
                signature_algorithm=forge.algorithm("1.2.840.10045.4.3.2", b"\x05\x00")
            ),
            {},
            "has parameters",
        ),
    },
    "chain": {
        "intermediate missing": (lambda: GOOD.but(certificates=(PKI.leaf.der,)), {}, "no issuer"),
        "expired at genTime": (lambda: tst(time=LAST + timedelta(seconds=1)), {}, "chain"),
        "not yet valid at genTime": (lambda: tst(time=FIRST - timedelta(seconds=1)), {}, "chain"),
        "an authority for another purpose": (
            lambda: _under(ExtendedKeyUsageOID.CODE_SIGNING),
            {},
            "may not issue for this purpose",
        ),
    },
    "carried-material": {
        "an altered root": (lambda: _altered_root(b"Notary", b"Notarx"), {}, "signature"),
        "a revocation list of nobody": (
            lambda: GOOD.but(crls=(crl(sample_pki("p384").root),)),
            {},
            "known issuer",
        ),
        "a revocation list signed by another": (
            lambda: GOOD.but(crls=(crl(PKI.root, key=PKI.leaf.key),)),
            {},
            "known issuer",
        ),
        "revocation information of another form": (
            lambda: GOOD.but(crls=(tlv(0xA1, forge.oid("1.2.3"), octets(b"x")),)),
            {},
            "cannot be read",
        ),
        "no certificate": (
            lambda: GOOD.but(certificates=(*PKI.chain, seq(forge.integer(1)))),
            {},
            "cannot be read",
        ),
        "too many": (
            lambda: GOOD.but(certificates=PKI.chain * 11),
            {},
            "more than 32",
        ),
    },
}

CASES = [(code, case) for code, cases in BAD.items() for case in cases]


@pytest.mark.parametrize(("code", "case"), CASES, ids=[f"{code}: {case}" for code, case in CASES])
def test_each_step_refuses_with_its_own_code(code: str, case: str) -> None:
    make, asked, words = BAD[code][case]
    result = verdict(make(), **asked)
    assert result.failed is not None, result.checks
    assert (result.failed.number, result.failed.code) == (STEPS[code][0], code)
    assert words in result.failed.detail
    assert not result.ok
    assert result.token is None
    assert not result.indeterminate


def test_every_step_is_tested_for_refusal() -> None:
    tested = {STEPS[code][0] for code in BAD} | {1, 18}
    assert tested == set(range(1, 19))


def test_a_good_token_passes_every_step() -> None:
    asked = {"digest": DIGEST, "nonce": 2**63 + 1, "policy": forge.POLICY, "fresh_at": NOW}
    trust = TrustStore(
        roots=(PKI.root.der,),
        crls=(crl(PKI.intermediate), crl(PKI.root)),
    )
    result = verdict(tst(nonce=2**63 + 1), trust, **asked)
    assert [(one.number, one.outcome) for one in result.checks] == [
        (number, Outcome.PASS) for number in range(2, 19)
    ]
    assert result.ok
    token = result.token
    assert token is not None
    assert (token.imprint, token.gen_time, token.nonce) == (DIGEST, NOW, 2**63 + 1)
    assert (token.serial, token.policy, token.tsa) == (4711, forge.POLICY, "Test TSA")


FAR_ROOT = issue("Far Root", new_key("p256", 8), None, ca=True)

PASSING: dict[str, tuple[Callable[[], Forge], dict[str, object]]] = {
    "der: certificates in any order": (lambda: GOOD.but(certificates=PKI.chain[::-1]), {}),
    "der: revocation lists in any order": (
        lambda: GOOD.but(crls=tuple(sorted((crl(PKI.root), crl(PKI.intermediate)), reverse=True))),
        {},
    ),
    "tst-info: every optional field": (
        lambda: tst(
            accuracy=seq(forge.integer(1), tlv(0x80, b"\x01"), tlv(0x81, b"\x03\xe7")),
            ordering=b"\x01\x01\xff",
            nonce=-5,
            tsa=tlv(0xA0, tlv(0xA4, name("Named TSA").public_bytes())),
            extensions=tlv(0xA1, seq(forge.oid("1.2.9"), octets(b""))),
        ),
        {"nonce": -5},
    ),
    "tst-info: fractions of a second": (
        lambda: tst(time=NOW + timedelta(microseconds=120)),
        {},
    ),
    "imprint: SHA-384": (
        lambda: tst(imprint_digest="sha384", hashed=digest_of(b"x", "sha384").value),
        {"digest": digest_of(b"x", "sha384")},
    ),
    "imprint: SHA-512": (
        lambda: tst(imprint_digest="sha512", hashed=digest_of(b"x", "sha512").value),
        {"digest": digest_of(b"x", "sha512")},
    ),
    "imprint: parameters absent": (lambda: tst(imprint_parameters=b""), {"digest": DIGEST}),
    "nonce: present though not asked about": (lambda: tst(nonce=7), {}),
    "gen-time: at the edge of the skew": (
        lambda: GOOD,
        {"fresh_at": NOW + timedelta(minutes=5)},
    ),
    "gen-time: the accuracy widens it": (
        lambda: tst(accuracy=seq(forge.integer(60))),
        {"fresh_at": NOW + timedelta(minutes=6)},
    ),
    "signed-attributes: others beside": (
        lambda: GOOD.but(
            extra_attributes=(
                attribute("1.2.840.113549.1.9.5", tlv(0x17, b"260601120000Z")),
                attribute(
                    forge.ALGORITHM_PROTECTION,
                    seq(
                        forge.algorithm(forge.DIGEST_OIDS["sha256"]),
                        tlv(0xA1, forge.oid("1.2.840.10045.4.3.2")),
                    ),
                ),
            )
        ),
        {},
    ),
    "ess-cert-id: version 1": (lambda: GOOD.but(ess=(ess_v1(PKI.leaf.der),)), {}),
    "ess-cert-id: both": (
        lambda: GOOD.but(ess=(ess_v1(PKI.leaf.der), ess_v2(PKI.leaf.der))),
        {},
    ),
    "ess-cert-id: SHA-512 with issuer and serial number": (
        lambda: GOOD.but(ess=(ess_v2(PKI.leaf.der, forge.issuer_serial(PKI.leaf), "sha512"),)),
        {},
    ),
    "chain: an authority for time-stamping": (
        lambda: _under(ExtendedKeyUsageOID.TIME_STAMPING),
        {},
    ),
    "carried-material: a cross certificate whose issuer is not at hand": (
        lambda: GOOD.but(
            certificates=(
                *PKI.chain,
                issue("Test Root", PKI.root.key, FAR_ROOT, ca=True).der,
            )
        ),
        {},
    ),
    "signature: SHA-384": (lambda: GOOD.but(digest="sha384"), {}),
}


@pytest.mark.parametrize("case", PASSING)
def test_what_rfc_3161_allows_passes(case: str) -> None:
    make, asked = PASSING[case]
    result = verdict(make(), **asked)
    assert result.ok, result.failed or result.undecided


@pytest.mark.parametrize("scheme", ["default", "rsaEncryption", "pss"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_step_15_accepts_rsa(scheme: str, digest: str) -> None:
    token = Forge.of(RSA, Tst(DIGEST.value), scheme=scheme, digest=digest)
    assert verdict(token, RSA.trust).ok


def _rsa(**wrong: object) -> Forge:
    return Forge.of(RSA, Tst(DIGEST.value), **wrong)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (lambda: _rsa(scheme="pss", pss_mask_digest="sha512"), "sha256 throughout"),
        (
            lambda: _rsa(signature_algorithm=forge.algorithm("1.2.840.113549.1.1.10")),
            "no parameters",
        ),
        (
            lambda: _rsa(signature_algorithm=forge.algorithm("1.2.840.113549.1.1.11", octets(b""))),
            "other than NULL",
        ),
        (
            lambda: _rsa(signature_algorithm=forge.algorithm("1.2.840.10045.4.3.2")),
            "no signature algorithm of an RSA key",
        ),
        (
            lambda: _rsa(
                signature_algorithm=forge.algorithm("1.2.840.113549.1.1.10", seq(octets(b"")))
            ),
            "PSS parameters",
        ),
        (lambda: _rsa(signature_algorithm=seq()), "no algorithm identifier"),
    ],
)
def test_step_15_refuses_rsa(token: Callable[[], Forge], words: str) -> None:
    result = verdict(token(), RSA.trust)
    assert result.failed is not None
    assert result.failed.code == "signature"
    assert words in result.failed.detail


@pytest.mark.parametrize(("kind", "words"), [("rsa1024", "1024 bits"), ("k256", "secp256k1")])
def test_step_15_refuses_weak_keys(kind: str, words: str) -> None:
    weak = stamping("Weak TSA", new_key(kind), PKI.intermediate)
    token = GOOD.but(signer=weak, certificates=(weak.der, PKI.intermediate.der))
    failed = check(verdict(token), "signature")
    assert failed.failed
    assert words in failed.detail


def test_step_9_leaves_a_future_time_undecided() -> None:
    """Either the token or this computer's clock is wrong; that cannot be told from here."""
    soon = datetime.now(UTC) + timedelta(days=2)
    result = verdict(tst(time=soon))
    assert result.failed is None
    assert result.indeterminate
    assert not result.ok
    assert result.undecided is not None
    assert result.undecided.code == "gen-time"
    assert result.token is None


def test_step_9_wants_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        verdict(GOOD, fresh_at=datetime(2026, 6, 1))  # noqa: DTZ001


def test_step_11_does_not_go_by_position() -> None:
    """A certificate of the attacker in first place changes nothing, the right one is found."""
    attacker = stamping("Test TSA", new_key("p256", 9), PKI.intermediate)
    first = GOOD.but(certificates=(attacker.der, *PKI.chain))
    assert verdict(first).ok
    assert verdict(first.but(sign_with=attacker)).failed is not None


def test_step_11_finds_a_known_signer_when_the_token_carries_none() -> None:
    trust = TrustStore((PKI.root.der,), (PKI.leaf.der, PKI.intermediate.der))
    assert verdict(GOOD.but(certificates=()), trust).ok


def test_step_16_fails_with_its_own_code_without_a_root() -> None:
    result = verdict(GOOD, TrustStore())
    assert result.failed is not None
    assert (result.failed.number, result.failed.code) == (16, "no-trust-root")


def test_step_16_refuses_a_chain_to_another_root() -> None:
    failed = verdict(GOOD, sample_pki("p384").trust).failed
    assert failed is not None
    assert failed.code == "chain"


def test_step_16_judges_at_gen_time_not_now() -> None:
    """Valid when the token was made, expired long since."""
    first, last = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
    root = issue("Old Root", new_key("p256", 1), None, ca=True, first=first, last=last)
    old = stamping("Old TSA", new_key("p256", 3), root, first=first, last=last)
    token = GOOD.but(
        signer=old,
        certificates=(old.der,),
        content=Tst(DIGEST.value, time=datetime(2020, 6, 1, tzinfo=UTC)).der(),
    )
    trust = TrustStore((root.der,))
    assert verdict(token, trust).ok
    later = token.but(content=Tst(DIGEST.value, time=datetime(2021, 6, 1, tzinfo=UTC)).der())
    failed = verdict(later, trust).failed
    assert failed is not None
    assert failed.code == "chain"


def test_step_16_takes_a_signer_that_is_itself_trusted() -> None:
    trust = TrustStore((PKI.leaf.der,))
    assert verdict(GOOD.but(certificates=(PKI.leaf.der,)), trust).ok
    failed = verdict(tst(time=LAST + timedelta(1)).but(certificates=(PKI.leaf.der,)), trust).failed
    assert failed is not None
    assert failed.code == "chain"


def test_step_16_a_verdict_remembered_for_one_time_does_not_serve_another() -> None:
    assert verdict(GOOD).ok
    assert not verdict(tst(time=LAST + timedelta(seconds=1))).ok
    assert verdict(GOOD).ok
    assert not verdict(GOOD, TrustStore()).ok


def test_step_17_knows_an_altered_copy_of_the_root() -> None:
    """Issuer changed to a name nobody has: its signature still gives the copy away."""
    subject = PKI.root.certificate.issuer.public_bytes()
    altered = subject.replace(b"Test Root", b"Best Root")
    at = PKI.root.der.index(subject)
    changed = PKI.root.der[:at] + altered + PKI.root.der[at + len(subject) :]
    result = verdict(GOOD.but(certificates=(PKI.leaf.der, PKI.intermediate.der, changed)))
    assert result.failed is not None
    assert result.failed.code == "carried-material"
    assert "altered copy" in result.failed.detail


def test_checks_that_could_not_be_made_are_unknown_never_passed() -> None:
    result = verdict(_foreign_leaf())
    assert [
        check(result, code).outcome for code in ("ess-cert-id", "eku", "signature", "chain")
    ] == [Outcome.UNKNOWN] * 4
    shape = verdict(b"\x30\x00")
    assert [one.number for one in shape.checks] == list(range(2, 19))
    assert not any(one.passed for one in shape.checks)
