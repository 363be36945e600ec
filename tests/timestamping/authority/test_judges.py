"""Independent implementations accept what the authority issues, for every kind of key."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import rfc3161_client
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from tests.timestamping.authority.support import SHA384, SHA512, query, signed_data, tst_info
from timestamping.authority import Pki

pytestmark = pytest.mark.judge

DATA = b"abc"


def openssl(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("options", [(), ("-cert",), ("-cert", "-no_nonce")])
def test_openssl_asks_and_accepts(
    each_pki: tuple[Path, Pki], tmp_path: Path, digest: str, options: tuple[str, ...]
) -> None:
    folder, pki = each_pki
    authority = pki.authority(accuracy=timedelta(seconds=1, milliseconds=2, microseconds=3))
    (tmp_path / "data").write_bytes(DATA)
    asked = ("ts", "-query", "-data", "data", f"-{digest}", "-out", "query.tsq", *options)
    assert openssl(*asked, cwd=tmp_path).returncode == 0
    reply = authority.respond((tmp_path / "query.tsq").read_bytes())
    (tmp_path / "reply.tsr").write_bytes(reply)

    root = folder / "root.crt"
    leaf = ("-untrusted", folder / "tsa-1.crt")
    verify = ("ts", "-verify", "-in", "reply.tsr", "-CAfile", root, *leaf)
    for target in (("-queryfile", "query.tsq"), ("-data", "data")):
        verdict = openssl(*verify, *target, cwd=tmp_path)
        assert "Verification: OK" in verdict.stdout, verdict.stderr

    (tmp_path / "other").write_bytes(DATA + b"!")
    assert openssl(*verify, "-data", "other", cwd=tmp_path).returncode != 0


def test_openssl_reads_a_rejection(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "reply.tsr").write_bytes(pki.authority().respond(b"nonsense"))
    shown = openssl("ts", "-reply", "-in", "reply.tsr", "-text", cwd=tmp_path).stdout
    assert "Status: Rejected." in shown
    assert "the data submitted has the wrong format" in shown
    assert "TST info:\nNot included." in shown


@pytest.mark.parametrize(
    ("name", "oid"), [("sha256", None), ("sha384", SHA384), ("sha512", SHA512)]
)
def test_rfc3161_client_accepts(each_pki: tuple[Path, Pki], name: str, oid: str | None) -> None:
    _, pki = each_pki
    changes = {"algorithm": oid} if oid else {}
    asked = query(digest=hashlib.new(name, DATA).digest(), nonce=2**63, cert_req=True, **changes)
    response = rfc3161_client.decode_timestamp_response(pki.authority().respond(asked))
    root = x509.load_der_x509_certificate(pki.root)
    verifier = rfc3161_client.VerifierBuilder(roots=[root], nonce=2**63).build()
    assert verifier.verify_message(response, DATA)
    with pytest.raises(rfc3161_client.VerificationError):
        verifier.verify_message(response, DATA + b"!")


def test_pyhanko_accepts_with_revocation_checked(each_pki: tuple[Path, Pki]) -> None:
    _, pki = each_pki
    reply = pki.authority().respond(query(cert_req=True))
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(pki.root)],
        crls=[asn1_crl.CertificateList.load(pki.crl())],
        revocation_mode="hard-fail",
        allow_fetching=False,
        moment=tst_info(reply)["gen_time"].native + timedelta(seconds=1),
    )
    found = asyncio.run(
        validate_tst_signed_data(
            signed_data(reply), context, lambda name: hashlib.new(name, DATA).digest()
        )
    )
    status = TimestampSignatureStatus(**found)
    assert status.intact
    assert status.valid
    assert status.trusted
