"""The eighteen rules of the authority, by number (18, HTTP, is in test_http.py)."""

from __future__ import annotations

import hashlib
import multiprocessing
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chain_adapter.digest import Digest, digest_of
from tests.timestamping.authority.support import (
    DIGEST,
    NULL,
    SHA256,
    SHA384,
    SHA512,
    ManualClock,
    failure,
    imprint_of,
    parse,
    query,
    signed_data,
    signer_info,
    tlv,
    token_of,
    tst_info,
)
from timestamping.authority import (
    DEFAULT_POLICY,
    Authority,
    AuthorityError,
    BadSigner,
    Failure,
    Pki,
    Rejection,
)
from timestamping.authority.serial import new_serial

# 1 -- granted


@pytest.mark.parametrize("parameters", [b"", NULL], ids=["absent", "null"])
@pytest.mark.parametrize(
    ("algorithm", "oid"), [("sha256", SHA256), ("sha384", SHA384), ("sha512", SHA512)]
)
def test_rule_01_granted_with_the_fields_of_the_request(
    authority: Authority, algorithm: str, oid: str, parameters: bytes
) -> None:
    digest = hashlib.new(algorithm, b"abc").digest()
    asked = query(
        algorithm=oid,
        digest=digest,
        parameters=parameters,
        req_policy=DEFAULT_POLICY,
        nonce=7,
        cert_req=True,
    )
    given = tst_info(authority.respond(asked))
    assert given["version"].native == "v1"
    assert given["message_imprint"].dump() == imprint_of(asked)
    assert given["message_imprint"]["hashed_message"].native == digest
    assert given["policy"].native == DEFAULT_POLICY
    assert given["nonce"].native == 7


def test_rule_01_without_a_policy_the_first_one_is_used(pki: Pki) -> None:
    authority = pki.authority(policies=("1.2.3", "1.2.4"))
    assert tst_info(authority.respond(query()))["policy"].native == "1.2.3"
    assert tst_info(authority.respond(query(req_policy="1.2.4")))["policy"].native == "1.2.4"


def test_rule_01_issue_gives_what_respond_gives(authority: Authority) -> None:
    der = authority.issue(Digest("sha256", DIGEST), nonce=5, cert_req=False)
    reply = authority.respond(query(nonce=5))
    issued = cms.ContentInfo.load(der)["content"]["encap_content_info"]["content"].parsed
    for name in ("version", "policy", "message_imprint", "nonce", "tsa"):
        assert issued[name].dump() == tst_info(reply)[name].dump()


# 2 and 17 -- hash algorithms


SHA224, SHA3_256, SM3 = "2.16.840.1.101.3.4.2.4", "2.16.840.1.101.3.4.2.8", "1.2.156.10197.1.401"
SHA1, MD5 = "1.3.14.3.2.26", "1.2.840.113549.2.5"


@pytest.mark.parametrize("algorithm", [SHA224, SHA3_256, SM3, "1.2.3.4", SHA256 + ".1"])
def test_rule_02_unknown_hash_algorithm(authority: Authority, algorithm: str) -> None:
    assert failure(authority.respond(query(algorithm=algorithm))) == "bad_alg"


@pytest.mark.parametrize(
    "parameters", [b"\x02\x01\x00", b"\x04\x00", b"\x30\x00", b"\x05\x01\x00", NULL + NULL]
)
def test_rule_02_parameters_other_than_null(authority: Authority, parameters: bytes) -> None:
    assert failure(authority.respond(query(parameters=parameters))) == "bad_alg"


def test_rule_02_issue_knows_the_same_algorithms(authority: Authority) -> None:
    with pytest.raises(Rejection, match="sha256, sha384, sha512") as caught:
        authority.issue(Digest("sm3", bytes(32)))
    assert caught.value.failure is Failure.BAD_ALG


@pytest.mark.parametrize(("algorithm", "length"), [(SHA1, 20), (MD5, 16)], ids=["sha1", "md5"])
def test_rule_17_sha1_and_md5_are_refused(
    authority: Authority, algorithm: str, length: int
) -> None:
    asked = query(algorithm=algorithm, digest=bytes(length))
    assert failure(authority.respond(asked)) == "bad_alg"


# 3 -- digest length


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64, 4096])
def test_rule_03_digest_of_another_length(authority: Authority, length: int) -> None:
    assert failure(authority.respond(query(digest=bytes(length)))) == "bad_data_format"


# 4 -- form (more of it in test_request.py)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"\x30\x00",
        b"<html></html>",
        query() + b"\x00",
        query()[:-1],
        b"\x30\x80" + query()[2:] + b"\x00\x00",
        b"\x30\x81" + query()[1:],
        query() + query(),
        bytes(70_000),
    ],
    ids=["empty", "tag", "hollow", "html", "trailing", "cut", "indefinite", "long", "two", "huge"],
)
def test_rule_04_garbage_trailing_bytes_and_ber(authority: Authority, data: bytes) -> None:
    assert failure(authority.respond(data)) == "bad_data_format"


@pytest.mark.parametrize("version", [0, 2, 3, -1, 1 << 70])
def test_rule_04_another_version(authority: Authority, version: int) -> None:
    assert failure(authority.respond(query(version=version))) == "bad_request"


# 5, 6 -- policy, extensions


def test_rule_05_policy_not_offered(authority: Authority) -> None:
    reply = authority.respond(query(req_policy="1.2.3.4"))
    assert failure(reply) == "unaccepted_policy"
    assert DEFAULT_POLICY in parse(reply)["status"]["status_string"].native[0]
    with pytest.raises(Rejection, match=re.escape(DEFAULT_POLICY)):
        authority.issue(digest_of(b""), policy="1.2.3.4")


@pytest.mark.parametrize("critical", [False, True])
def test_rule_06_any_extension(authority: Authority, critical: bool) -> None:
    flag = b"\x01\x01\xff" if critical else b""
    extension = tlv(0x30, b"\x06\x03\x2a\x03\x04", flag, b"\x04\x02\x05\x00")
    asked = query(extensions=tlv(0xA0, extension))
    assert failure(authority.respond(asked)) == "unaccepted_extensions"


# 7 -- time


def test_rule_07_unsynchronised_clock(pki: Pki) -> None:
    clock = ManualClock(good=False)
    authority = pki.authority(clock=clock)
    assert failure(authority.respond(query())) == "time_not_available"
    assert "not synchronised" in (authority.problem() or "")
    with pytest.raises(Rejection) as caught:
        authority.issue(digest_of(b""))
    assert caught.value.failure is Failure.TIME_NOT_AVAILABLE

    clock.good = True
    assert authority.problem() is None
    token_of(authority.respond(query()))


def test_rule_07_certificate_outside_its_validity(pki: Pki) -> None:
    leaf = x509.load_der_x509_certificate(pki.tsa)
    clock = ManualClock()
    authority = pki.authority(clock=clock)
    for moment in (leaf.not_valid_before_utc, leaf.not_valid_after_utc):
        clock.moment = moment
        token_of(authority.respond(query()))
    second = timedelta(seconds=1)
    for moment in (leaf.not_valid_before_utc - second, leaf.not_valid_after_utc + second):
        clock.moment = moment
        assert failure(authority.respond(query())) == "time_not_available"
        assert "not valid at this time" in (authority.problem() or "")


# 8 -- certificates


def test_rule_08_certificates_only_when_asked_for(authority: Authority) -> None:
    without = signed_data(authority.respond(query()))
    assert without["certificates"].native is None

    held = signed_data(authority.respond(query(cert_req=True)))["certificates"]
    assert authority.certificate in [choice.chosen.dump() for choice in held]


def test_rule_08_the_chain_comes_along_in_der_order(pki: Pki) -> None:
    authority = Authority(_leaf_key(pki), pki.tsa, (pki.root,))
    held = signed_data(authority.respond(query(cert_req=True)))["certificates"]
    encodings = [choice.chosen.dump() for choice in held]
    assert encodings == sorted([pki.tsa, pki.root])


# 9 -- nonce


@pytest.mark.parametrize(
    "nonce", [0, 1, 127, 128, 255, 2**63, 2**64 - 1, -1, -128, -129, 2**4000, -(2**4000)]
)
def test_rule_09_nonce_comes_back_byte_for_byte(authority: Authority, nonce: int) -> None:
    asked = query(nonce=nonce)
    given = tst_info(authority.respond(asked))["nonce"]
    assert given.native == nonce
    assert given.dump() == core.Integer(nonce).dump()
    assert given.dump() in asked


def test_rule_09_absent_if_absent(authority: Authority) -> None:
    assert isinstance(tst_info(authority.respond(query()))["nonce"], core.Void)
    assert isinstance(_issued(authority)["nonce"], core.Void)


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\x00\x7f", b"\xff\xff", b"\xff\x80"])
def test_rule_09_nonce_that_is_not_der(authority: Authority, content: bytes) -> None:
    asked = query(extensions=tlv(2, content))  # that is where a nonce stands, too
    assert failure(authority.respond(asked)) == "bad_data_format"


# 10 -- serial numbers


def _serials(count: int) -> list[int]:
    return [new_serial() for _ in range(count)]


def test_rule_10_serials_have_at_most_160_bits(authority: Authority) -> None:
    serials = [*_serials(500), tst_info(authority.respond(query()))["serial_number"].native]
    assert all(0 < serial < 1 << 159 for serial in serials)


def test_rule_10_serials_are_unique_across_threads(authority: Authority) -> None:
    def some(_: int) -> list[int]:
        return [_issued(authority)["serial_number"].native for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        serials = [serial for batch in pool.map(some, range(8)) for serial in batch]
    assert len(set(serials)) == 400


def test_rule_10_serials_are_unique_across_forks() -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool:
        batches = pool.map(_serials, [1000] * 8)
        pool.close()  # let the workers end by themselves, not by a signal
        pool.join()
    assert len({serial for batch in batches for serial in batch}) == 8000


def test_rule_10_serials_are_unique_across_restarts_even_at_one_moment() -> None:
    program = (
        "import time; time.time_ns = lambda: 1_800_000_000_000_000_000\n"
        "from timestamping.authority.serial import new_serial\n"
        "print(*(new_serial() for _ in range(1000)))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert len({serial for output in outputs for serial in output}) == 2000


# 11 -- genTime


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [
        (0, b"20300102030405Z"),
        (999, b"20300102030405Z"),
        (1000, b"20300102030405.001Z"),
        (120_000, b"20300102030405.12Z"),
        (500_999, b"20300102030405.5Z"),
        (999_999, b"20300102030405.999Z"),
    ],
)
def test_rule_11_gen_time_is_der(pki: Pki, microsecond: int, text: bytes) -> None:
    moment = datetime(2030, 1, 2, 3, 4, 5, microsecond, UTC)
    authority = pki.authority(clock=ManualClock(moment))
    assert _issued(authority)["gen_time"].contents == text


def test_rule_11_gen_time_is_utc_whatever_zone_the_clock_speaks(pki: Pki) -> None:
    beijing = datetime(2030, 1, 2, 11, 4, 5, tzinfo=timezone(timedelta(hours=8)))
    authority = pki.authority(clock=ManualClock(beijing))
    assert _issued(authority)["gen_time"].contents == b"20300102030405Z"


# 12, 13 -- accuracy, ordering


@pytest.mark.parametrize(
    ("accuracy", "fields"),
    [
        (timedelta(seconds=1), (1, None, None)),
        (timedelta(milliseconds=500), (None, 500, None)),
        (timedelta(microseconds=7), (None, None, 7)),
        (timedelta(days=1, seconds=2, milliseconds=3, microseconds=4), (86_402, 3, 4)),
    ],
)
def test_rule_12_accuracy_as_configured(
    pki: Pki, accuracy: timedelta, fields: tuple[int | None, ...]
) -> None:
    given = _issued(pki.authority(accuracy=accuracy))["accuracy"]
    assert tuple(given[name].native for name in ("seconds", "millis", "micros")) == fields


def test_rule_12_accuracy_left_out(authority: Authority) -> None:
    assert isinstance(_issued(authority)["accuracy"], core.Void)


@pytest.mark.parametrize("accuracy", [timedelta(0), timedelta(seconds=-1)])
def test_rule_12_no_accuracy_that_cannot_be(pki: Pki, accuracy: timedelta) -> None:
    with pytest.raises(AuthorityError, match="accuracy"):
        pki.authority(accuracy=accuracy)


def test_rule_13_ordering_is_false_and_so_left_out(pki: Pki) -> None:
    info = _issued(pki.authority(accuracy=timedelta(seconds=1)))
    assert info["ordering"].native is False
    # With accuracy before it and tsa after it, a BOOLEAN would have to stand between them.
    assert b"\x02\x01\x01\xa0" in info.dump()
    assert info["accuracy"].dump() + info["tsa"].dump() in info.dump()


# 14 -- signed attributes


def test_rule_14_ess_cert_id_v2_is_signed(each_pki: tuple[Path, Pki]) -> None:
    _, pki = each_pki
    attributes = {
        item["type"].native: item["values"]
        for item in signer_info(pki.authority().respond(query()))["signed_attrs"]
    }
    assert set(attributes) == {"content_type", "message_digest", "signing_certificate_v2"}
    (ess,) = attributes["signing_certificate_v2"][0]["certs"]
    leaf = asn1_x509.Certificate.load(pki.tsa)
    assert ess["hash_algorithm"]["algorithm"].native == "sha256"
    assert ess["cert_hash"].native == hashlib.sha256(pki.tsa).digest()
    assert ess["issuer_serial"]["serial_number"].native == leaf.serial_number
    assert ess["issuer_serial"]["issuer"][0].chosen.untag().dump() == leaf.issuer.dump()


def test_rule_14_attributes_are_in_der_order_and_all_is_der(each_pki: tuple[Path, Pki]) -> None:
    reply = each_pki[1].authority().respond(query(cert_req=True, nonce=1))
    attributes = [item.dump() for item in signer_info(reply)["signed_attrs"]]
    assert attributes == sorted(attributes)
    # Taken apart to the last leaf and put together again by another encoder.
    token = token_of(reply)
    assert token.native
    assert token.dump(force=True) == token_of(reply).dump()
    info = tst_info(reply)
    assert info.native
    assert info.dump(force=True) == tst_info(reply).dump()


# 15 -- unfit certificates


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    *,
    usages: tuple[x509.ObjectIdentifier, ...] | None = (ExtendedKeyUsageOID.TIME_STAMPING,),
    critical: bool = True,
    ca: bool = False,
    signs: bool = True,
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TSA")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now, now + timedelta(days=1)
    ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
    bits = [signs, False, not signs, False, False, False, False, False, False]
    return (
        builder.add_extension(x509.KeyUsage(*bits), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def test_rule_15_starts_with_a_fit_certificate() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    token_of(Authority(key, _certificate(key)).respond(query()))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"usages": None}, "no extended key usage"),
        ({"usages": (ExtendedKeyUsageOID.CODE_SIGNING,)}, "timeStamping alone"),
        (
            {"usages": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)},
            "timeStamping alone",
        ),
        ({"critical": False}, "must be critical"),
        ({"ca": True}, "certification authority"),
        ({"signs": False}, "does not allow signatures"),
    ],
)
def test_rule_15_refuses_an_unfit_certificate(changes: dict[str, object], sentence: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(BadSigner, match=sentence):
        Authority(key, _certificate(key, **changes))  # type: ignore[arg-type]


def test_rule_15_refuses_the_key_of_another_certificate(pki: Pki) -> None:
    with pytest.raises(BadSigner, match="does not belong"):
        Authority(ec.generate_private_key(ec.SECP256R1()), pki.tsa)


def test_rule_15_refuses_the_root_and_the_seal(pki: Pki) -> None:
    for certificate in (pki.root, pki.seal.certificate):
        with pytest.raises(BadSigner, match="extended key usage"):
            Authority(pki.seal.key, certificate)


def test_rule_15_refuses_what_is_no_certificate_and_weak_kinds_of_key() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(BadSigner, match="cannot be read"):
        Authority(key, b"no certificate")
    weak = ec.generate_private_key(ec.SECP256K1())
    with pytest.raises(BadSigner, match="neither P-256, P-384 nor RSA"):
        Authority(weak, _certificate(weak))
    other = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(BadSigner, match="does not belong"):
        Authority(key, _certificate_for_ed25519(other))


def _certificate_for_ed25519(key: ed25519.Ed25519PrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TSA")])
    now = datetime.now(UTC)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(usage, critical=True)
        .sign(key, None)
        .public_bytes(serialization.Encoding.DER)
    )


@pytest.mark.parametrize("policies", [(), ("",), ("1",), ("1.2.x",), ("3.1",), ("1.40",)])
def test_rule_15_refuses_policies_that_are_none(pki: Pki, policies: tuple[str, ...]) -> None:
    with pytest.raises(AuthorityError, match="policy"):
        pki.authority(policies=policies)


# 16 -- tsa


def test_rule_16_tsa_is_the_subject_of_the_certificate(each_pki: tuple[Path, Pki]) -> None:
    _, pki = each_pki
    given = _issued(pki.authority())["tsa"]
    assert given.name == "directory_name"
    assert given.chosen.untag().dump() == asn1_x509.Certificate.load(pki.tsa).subject.dump()


def _issued(authority: Authority) -> tsp.TSTInfo:
    return tst_info(authority.respond(query()))


def _leaf_key(pki: Pki) -> ec.EllipticCurvePrivateKey:
    return pki._leaves["tsa"].key  # type: ignore[return-value]
