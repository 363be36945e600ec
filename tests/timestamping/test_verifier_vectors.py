"""Tokens of real authorities, and malformed ones whose file names say what is wrong.

``VECTORS_DIR`` names the folder; by default ``../shared/vectors`` beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chain_adapter.digest import Digest, digest_of
from timestamping.errors import InvalidToken
from timestamping.token import Token
from timestamping.trust import TrustStore
from timestamping.verification import certificates
from timestamping.verification.cms import read_signed_data
from timestamping.verifier import TokenVerdict, verify_response, verify_token

CHECKOUT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("VECTORS_DIR") or CHECKOUT.parent / "shared" / "vectors")
FOLDER = VECTORS / "timestamping"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"no vectors at {FOLDER}; set VECTORS_DIR to their folder"
)

RESPONSES = {
    "auto-archiver/digicert.tsr": "DigiCert Timestamp 2024",
    "auto-archiver/valid_timestamp.tsr": "TrustID Timestamp Authority",
    "notary-project/granted.tsq": "Globalsign TSA for Advanced - G4",
    "notary-project/validResponseWithSigningCertificateV1.tsr": "www.freetsa.org",
}
REFUSED = {
    "TimeStampTokenWithInvalidSignature.p7s": "signature",
    "TimeStampTokenWithInvalidTSTInfo.p7s": "tst-info",
    "TimeStampTokenWithMismatchCertHash.p7s": "ess-cert-id",
    "TimeStampTokenWithTSTInfoVersion2.p7s": "tst-info",
    "TimeStampTokenWithoutSigningCertificate.p7s": "ess-cert-id",
}


def read(path: str) -> bytes:
    return (FOLDER / path).read_bytes()


def own_root(token: Token) -> TrustStore:
    """The certificate at the top of the token's own chain: nothing carried issued it."""
    carried = read_signed_data(token.der).certificates
    loaded = [certificates.load(der) for der in carried]
    subjects = {one.subject for one in loaded}
    tops = [
        der
        for der, one in zip(carried, loaded, strict=True)
        if one.issuer == one.subject or one.issuer not in subjects
    ]
    return TrustStore(tuple(tops))


def globalsign() -> TrustStore:
    return TrustStore.from_pem(FOLDER / "notary-project" / "GlobalSignRootCA.crt")


def judge(path: str, trust: TrustStore, digest: Digest | None = None) -> TokenVerdict:
    verify = verify_token if path.endswith(".p7s") else verify_response
    return verify(read(path), trust, digest=digest)


@pytest.mark.parametrize("path", RESPONSES)
def test_tokens_of_real_authorities_pass(path: str) -> None:
    token = Token.from_response(read(path))
    verdict = judge(path, own_root(token), token.imprint)
    assert verdict.ok, verdict.failed
    assert verdict.token == token
    assert token.tsa == RESPONSES[path]
    assert Token.from_response(token.response()) == token


@pytest.mark.parametrize("path", RESPONSES)
def test_tokens_of_real_authorities_fail_for_another_digest(path: str) -> None:
    token = Token.from_response(read(path))
    other = Digest(token.imprint.algorithm, bytes(len(token.imprint.value)))
    failed = judge(path, own_root(token), other).failed
    assert failed is not None
    assert failed.code == "imprint"


def test_known_texts_were_stamped() -> None:
    path = "notary-project/TimeStampToken.p7s"
    assert judge(path, globalsign(), digest_of(b"notation")).ok
    free = "notary-project/validResponseWithSigningCertificateV1.tsr"
    trust = own_root(Token.from_response(read(free)))
    assert judge(free, trust, digest_of(b"test", "sha512")).ok


@pytest.mark.parametrize("name", REFUSED)
def test_malformed_tokens_are_refused_for_the_reason_their_name_states(name: str) -> None:
    verdict = judge(f"notary-project/{name}", globalsign())
    assert verdict.failed is not None
    assert verdict.failed.code == REFUSED[name]
    assert verdict.token is None


def test_the_sentences_name_the_reason() -> None:
    def sentence(name: str) -> str:
        failed = judge(f"notary-project/{name}", globalsign()).failed
        assert failed is not None
        return failed.detail

    assert "version 2" in sentence("TimeStampTokenWithTSTInfoVersion2.p7s")
    assert "digest of another certificate" in sentence("TimeStampTokenWithMismatchCertHash.p7s")
    assert "does not name" in sentence("TimeStampTokenWithoutSigningCertificate.p7s")
    assert "malformed" in sentence("TimeStampTokenWithInvalidTSTInfo.p7s")
    assert "does not match" in sentence("TimeStampTokenWithInvalidSignature.p7s")


def test_a_bare_rejection_is_refused_by_its_status() -> None:
    verdict = judge("notary-project/rejection.tsq", globalsign())
    assert verdict.failed is not None
    assert verdict.failed.code == "status"
    assert "badAlg" in verdict.failed.detail
    with pytest.raises(InvalidToken, match="carries no"):
        Token.from_response(read("notary-project/rejection.tsq"))


@pytest.mark.parametrize(
    "bundle", ["/etc/ssl/certs/ca-certificates.crt", str(FOLDER / "notary-project")]
)
def test_a_chain_to_no_public_root_is_refused(bundle: str) -> None:
    path = Path(bundle)
    if path.is_dir():
        path /= "GlobalSignRootCA.crt"
    if not path.exists():
        pytest.skip(f"{path} is not installed here")
    failed = judge("auto-archiver/self_signed.tsr", TrustStore.from_pem(path)).failed
    assert failed is not None
    assert failed.code == "chain"


@pytest.mark.parametrize(
    "path", ["auto-archiver/digicert.tsr", "auto-archiver/valid_timestamp.tsr"]
)
def test_public_roots_of_the_system_accept_public_authorities(path: str) -> None:
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if not bundle.exists():
        pytest.skip(f"{bundle} is not installed here")
    verdict = judge(path, TrustStore.from_pem(bundle))
    assert verdict.ok, verdict.failed
