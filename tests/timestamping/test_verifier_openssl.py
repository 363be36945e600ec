"""``openssl ts`` as maker of tokens and as second judge, rfc3161-client as a third."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import rfc3161_client
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from chain_adapter.digest import digest_of
from tests.timestamping import forge
from tests.timestamping.forge import Forge, Tst, ess_v1, ess_v2
from tests.timestamping.pki import NOW, SIGNING, TestPki, issue, new_key, sample_pki, stamping
from timestamping.client import encode_request
from timestamping.token import Token
from timestamping.verifier import verify_response, verify_token

pytestmark = [
    pytest.mark.judge,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]

TEXT = b"a deed"
DIGEST = digest_of(TEXT)

CONFIG = """
[ tsa ]
default_tsa = it
[ it ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/leaf.pem
certs = {folder}/chain.pem
signer_key = {folder}/leaf.key
signer_digest = {digest}
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5.6
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["openssl", "ts", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@dataclass
class OpensslTsa:
    """``openssl ts -reply`` with a PKI of its own in ``folder``."""

    folder: Path
    pki: TestPki

    def reply(self, request: bytes, digest: str = "sha256", ess: str = "sha256") -> bytes:
        config = CONFIG.format(folder=self.folder, digest=digest, ess=ess)
        (self.folder / "tsa.cnf").write_text(config)
        query, answer = self.folder / "query.tsq", self.folder / "answer.tsr"
        query.write_bytes(request)
        made = run(
            "-reply", "-config", self.folder / "tsa.cnf", "-queryfile", query, "-out", answer
        )
        assert made.returncode == 0, made.stderr
        return answer.read_bytes()


@pytest.fixture(params=["p256", "p384", "rsa2048"])
def tsa(request: pytest.FixtureRequest, tmp_path: Path) -> OpensslTsa:
    """openssl stamps with the real clock, so these certificates are valid now."""
    kind = str(request.param)
    today = datetime.now(UTC).replace(microsecond=0)
    span = {"first": today - timedelta(days=1), "last": today + timedelta(days=1)}
    root = issue("Root", new_key(kind, 1), None, ca=True, **span)
    middle = issue("Middle", new_key(kind, 2), root, ca=True, **span)
    pki = TestPki(root, middle, stamping("TSA", new_key(kind, 3), middle, **span))
    (tmp_path / "leaf.pem").write_bytes(pki.leaf.pem)
    (tmp_path / "leaf.key").write_bytes(pki.leaf.key_pem)
    (tmp_path / "chain.pem").write_bytes(pki.intermediate.pem)
    (tmp_path / "serial").write_text("0A\n")
    return OpensslTsa(tmp_path, pki)


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_replies_of_openssl_are_accepted(tsa: OpensslTsa, digest: str) -> None:
    reply = tsa.reply(encode_request(DIGEST, 2**64 - 1, "1.2.3.4.5.6"), digest)
    verdict = verify_response(
        reply,
        tsa.pki.trust,
        digest=DIGEST,
        nonce=2**64 - 1,
        policy="1.2.3.4.5.6",
        fresh_at=datetime.now(UTC),
    )
    assert verdict.ok, verdict.failed
    token = verdict.token
    assert token is not None
    assert (token.accuracy, token.tsa) == (timedelta(seconds=1.5), "TSA")


def test_replies_of_openssl_with_the_old_certificate_identifier(tsa: OpensslTsa) -> None:
    reply = tsa.reply(encode_request(DIGEST, 1, None), ess="sha1")
    assert verify_response(reply, tsa.pki.trust, digest=DIGEST, nonce=1).ok


def test_a_rejection_of_openssl_is_refused(tsa: OpensslTsa) -> None:
    reply = tsa.reply(encode_request(DIGEST, 1, "1.9.9"))
    failed = verify_response(reply, tsa.pki.trust).failed
    assert failed is not None
    assert failed.code == "status"
    assert "unacceptedPolicy" in failed.detail


PKI = sample_pki()
RSA = sample_pki("rsa2048")


def openssl_accepts(folder: Path, token: bytes, pki: TestPki, moment: datetime) -> bool:
    """``openssl ts -verify`` at the token's own time, as our verifier judges."""
    (folder / "token.der").write_bytes(token)
    (folder / "root.pem").write_bytes(pki.root.pem)
    (folder / "data").write_bytes(TEXT)
    judged = run(
        "-verify",
        "-data",
        folder / "data",
        "-token_in",
        "-in",
        folder / "token.der",
        "-CAfile",
        folder / "root.pem",
        "-attime",
        str(int(moment.timestamp())),
    )
    return judged.returncode == 0


def _leaf(**wrong: object) -> Forge:
    identity = PKI.leaf_with(**wrong)
    return GOOD.but(signer=identity, certificates=(identity.der, PKI.intermediate.der))


GOOD = Forge.of(PKI, Tst(DIGEST.value))
BOTH_ACCEPT: dict[str, Forge] = {
    "plain": GOOD,
    "nonce and fractions": Forge.of(
        PKI, Tst(DIGEST.value, nonce=2**63, time=NOW + timedelta(milliseconds=120))
    ),
    "identifier of version 1": GOOD.but(ess=(ess_v1(PKI.leaf.der),)),
    "certificates in another order": GOOD.but(certificates=PKI.chain[::-1]),
    "SHA-384": GOOD.but(digest="sha384"),
}
BOTH_REFUSE: dict[str, Forge] = {
    "another digest": Forge.of(PKI, Tst(digest_of(b"another").value)),
    "version 2": Forge.of(PKI, Tst(DIGEST.value, version=2)),
    "another key": GOOD.but(sign_with=RSA.leaf),
    "no identifier": GOOD.but(ess=()),
    "identifier of another certificate": GOOD.but(ess=(ess_v2(PKI.root.der),)),
    "no extended key usage": _leaf(eku=None),
    "extended key usage not critical": _leaf(eku_critical=False),
    "one more extended key usage": _leaf(
        eku=[ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING]
    ),
    "two signers": GOOD.but(signers=2),
    "content of another type": GOOD.but(content_type=forge.DATA),
    "message digest wrong": GOOD.but(message_digest=bytes(32)),
    "intermediate missing": GOOD.but(certificates=(PKI.leaf.der,)),
    "signer missing": GOOD.but(certificates=(PKI.intermediate.der,)),
}


@pytest.mark.parametrize("case", BOTH_ACCEPT)
def test_openssl_accepts_what_we_accept(tmp_path: Path, case: str) -> None:
    token = BOTH_ACCEPT[case].token()
    assert verify_token(token, PKI.trust, digest=DIGEST).ok
    assert openssl_accepts(tmp_path, token, PKI, Token.parse(token).gen_time)


@pytest.mark.parametrize("case", BOTH_REFUSE)
def test_openssl_refuses_what_we_refuse(tmp_path: Path, case: str) -> None:
    token = BOTH_REFUSE[case].token()
    assert not verify_token(token, PKI.trust, digest=DIGEST).ok
    assert not openssl_accepts(tmp_path, token, PKI, NOW)


@pytest.mark.parametrize("scheme", ["default", "rsaEncryption"])
def test_openssl_agrees_on_rsa(tmp_path: Path, scheme: str) -> None:
    token = Forge.of(RSA, Tst(DIGEST.value), scheme=scheme).token()
    assert verify_token(token, RSA.trust, digest=DIGEST).ok
    assert openssl_accepts(tmp_path, token, RSA, Token.parse(token).gen_time)


#: Where we are stricter than openssl, and why.
STRICTER: dict[str, Callable[[], Forge]] = {
    # Nobody vouches for them.
    "unsigned attributes": lambda: GOOD.but(
        unsigned=forge.tlv(0xA1, forge.attribute("1.2.3", forge.octets(b"x")))
    ),
    # RFC 3161 §2.3: the key is for time-stamping and nothing else.
    "a CA as signer": lambda: _leaf(ca=True, usage=SIGNING),
    # A token that can grow has two digests.
    "a byte behind": lambda: GOOD.but(after=b"\x00"),
}


@pytest.mark.parametrize("case", STRICTER)
def test_where_we_are_stricter_than_openssl(tmp_path: Path, case: str) -> None:
    token = STRICTER[case]().token()
    assert openssl_accepts(tmp_path, token, PKI, NOW)
    assert not verify_token(token, PKI.trust, digest=DIGEST).ok


def test_rfc3161_client_accepts_what_we_accept() -> None:
    certificates = [x509.load_der_x509_certificate(der) for der in PKI.chain]
    verifier = (
        rfc3161_client.VerifierBuilder()
        .add_root_certificate(certificates[2])
        .add_intermediate_certificate(certificates[1])
        .tsa_certificate(certificates[0])
        .build()
    )
    ordered = GOOD.but(certificates=sorted(PKI.chain))
    response = rfc3161_client.decode_timestamp_response(ordered.response())
    assert verifier.verify(response, DIGEST.value)
    assert verify_response(ordered.response(), PKI.trust, digest=DIGEST).ok
