"""The strict verifier of RFC 3161 time-stamp tokens.

Steps, in this order; the number stands beside each step in the code:

 1. status — granted or grantedWithMods, with a token and no failure beside it; a rejection that
    carries a token is a rejection (RFC 3161 §2.4.2; :func:`verify_response` only)
 2. der — strict DER to the last byte, nothing behind it; only the order inside the unsigned
    ``certificates`` and ``crls`` sets is exempt
 3. signer-info — SignedData version 3, exactly one SignerInfo, named by issuer and serial number,
    no unsigned attributes (RFC 5652 §5, RFC 3161 §2.4.2)
 4. content-type — eContentType is id-ct-TSTInfo
 5. tst-info — TSTInfo version 1, its fields in order, no critical extension
 6. imprint — SHA-256, SHA-384 or SHA-512, of the right length, equal to ``digest``
 7. nonce — equal to ``nonce``
 8. policy — equal to ``policy``
 9. gen-time — not before time-stamping existed, not in the future, near ``fresh_at``
10. signed-attributes — contentType and messageDigest once each and right (RFC 5652 §11); algorithm
    protection right when present (RFC 6211)
11. signer — the certificate found by issuer and serial number, never by position
12. ess-cert-id — ESSCertID or ESSCertIDv2 present, single, and of the signer's certificate
    (RFC 2634 §5.4, RFC 5816 §2.2.1)
13. eku — extended key usage critical, timeStamping alone (RFC 3161 §2.3)
14. end-entity — not a CA, key usage for signing alone
15. signature — RSA PKCS #1 v1.5, RSA-PSS or ECDSA over the signed attributes, strong digest and key
16. chain — to a trusted root, judged at genTime, not now (RFC 5280 §6.1)
17. carried-material — what is carried unsigned is genuine: certificates and CRLs bear their
    issuers' signatures
18. revocation — no certificate of the chain revoked at genTime, nor later in a way that reaches
    back (RFC 3161 §4). Undecided without lists; alone in not hindering a positive verdict

Consequence: no byte of a token can be changed without the verdict turning, but for two things that
carry no meaning: the name ``rsaEncryption`` against ``sha256WithRSAEncryption`` (RFC 5754 §3.2
allows both for one signature; algorithm protection closes it where the TSA uses it), and bytes of
carried certificates that no check needs and whose issuer is not at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from chain_adapter.digest import ALGORITHMS, Digest
from chain_adapter.verdict import Check, Outcome
from timestamping.token import Token
from timestamping.trust import TrustStore
from timestamping.verification import der as strict
from timestamping.verification.algorithms import DIGESTS, STRONG, verify_signature
from timestamping.verification.attributes import check_attributes, check_ess_cert_id
from timestamping.verification.cms import ID_CT_TST_INFO, CmsError, SignedData, read_signed_data
from timestamping.verification.recent import Passed
from timestamping.verification.report import (
    STEPS,
    Refusal,
    TokenVerdict,
    Undecided,
    check_of,
)
from timestamping.verification.response import check_status, read_response
from timestamping.verification.signatory import Signatories, Signatory
from timestamping.verification.tst import TstError, TstInfo, read_tst_info

__all__ = ["FRESH_SKEW", "STEPS", "TokenVerdict", "verify_response", "verify_token"]

#: How far the clocks of a TSA and of who asked may differ, the token's accuracy aside.
FRESH_SKEW: Final = timedelta(minutes=5)
#: RFC 3161 was published in August 2001; experimental services ran a little earlier.
_FIRST: Final = datetime(1999, 1, 1, tzinfo=UTC)

_SIGNATORIES: Final = Signatories()
#: What passed in this process, for :func:`timestamping.stored.reverified`.
PASSED: Final = Passed()


def verify_token(
    der: bytes,
    trust: TrustStore,
    *,
    digest: Digest | None = None,
    nonce: int | None = None,
    policy: str | None = None,
    fresh_at: datetime | None = None,
) -> TokenVerdict:
    """Judge the DER of a ContentInfo by steps 2 to 18. Needs no network.

    Args:
        der: the token.
        trust: roots to end at; without any, step 16 fails as ``no-trust-root``.
        digest: what the token must be over; None leaves the comparison to the caller.
        nonce: what the request said; None when it said none or is not known.
        policy: dotted OID asked for; None accepts any.
        fresh_at: when the token was obtained, time zone aware; genTime must be within
            :data:`FRESH_SKEW`. None for a token of the past.
    """
    verdict = _Verification(der, trust, digest, nonce, policy, fresh_at).verdict([])
    if verdict.ok and digest is not None:
        PASSED.note(der, digest, trust)
    return verdict


def verify_response(
    der: bytes,
    trust: TrustStore,
    *,
    digest: Digest | None = None,
    nonce: int | None = None,
    policy: str | None = None,
    fresh_at: datetime | None = None,
) -> TokenVerdict:
    """Judge the DER of a TimeStampResp by steps 1 to 18; arguments as :func:`verify_token`."""
    try:  # 1
        response = read_response(der)
        granted = check_of("status", Outcome.PASS, check_status(response))
    except Refusal as refusal:
        failed = check_of(refusal.code, Outcome.FAIL, str(refusal))
        return TokenVerdict((failed, *_unreached(2, failed)))
    token = response.token or b""
    return _Verification(token, trust, digest, nonce, policy, fresh_at).verdict([granted])


class _Verification:
    """One token on its way through the steps; every step returns what it found, in words."""

    signed: SignedData
    info: TstInfo

    def __init__(
        self,
        der: bytes,
        trust: TrustStore,
        digest: Digest | None,
        nonce: int | None,
        policy: str | None,
        fresh_at: datetime | None,
    ) -> None:
        if fresh_at is not None and fresh_at.tzinfo is None:
            raise ValueError("fresh_at needs a time zone")
        self.der, self.trust = der, trust
        self.digest, self.nonce, self.policy, self.fresh_at = digest, nonce, policy, fresh_at
        self._shape_error: CmsError | None = None
        self._signatory: Signatory | None = None

    def verdict(self, checks: list[Check]) -> TokenVerdict:
        for number, (code, step, structural) in enumerate(_STEPS, start=2):
            try:
                check = check_of(code, Outcome.PASS, step(self))
            except Refusal as refusal:
                check = check_of(refusal.code, Outcome.FAIL, str(refusal))
            except Undecided as gap:
                check = check_of(code, Outcome.UNKNOWN, str(gap))
            checks.append(check)
            if structural and check.failed:
                checks.extend(_unreached(number + 1, check))
                break
        verdict = TokenVerdict(tuple(checks))
        if not verdict.ok:
            return verdict
        imprint = Digest(DIGESTS[self.info.imprint_oid], self.info.imprint)
        return TokenVerdict(verdict.checks, Token.of(self.der, self.signed, self.info, imprint))

    def check_der(self) -> str:  # 2
        try:
            self.signed = read_signed_data(self.der)
            _fill_carried(self.signed.certificates + self.signed.crls)
        except CmsError as error:
            self._shape_error = error
            raise Undecided("not read to the end, because the shape is wrong") from error
        except strict.DerError as error:
            raise Refusal("der", f"the token is not strict DER: {error}") from error
        return "strict DER, nothing behind it"

    def check_signer_info(self) -> str:  # 3
        if self._shape_error is not None:
            raise Refusal("signer-info", str(self._shape_error))
        return "SignedData version 3 with one SignerInfo"

    def check_content_type(self) -> str:  # 4
        if self.signed.content_type != ID_CT_TST_INFO:
            raise Refusal(
                "content-type", f"the signed content is {self.signed.content_type}, no time-stamp"
            )
        return "id-ct-TSTInfo"

    def check_tst_info(self) -> str:  # 5
        try:
            self.info = read_tst_info(self.signed.content)
        except (TstError, strict.DerError) as error:
            raise Refusal("tst-info", f"the time-stamp is malformed: {error}") from error
        if self.info.version != 1:
            raise Refusal("tst-info", f"the time-stamp has version {self.info.version}, not 1")
        if self.info.critical_extensions:
            extensions = ", ".join(self.info.critical_extensions)
            raise Refusal(
                "tst-info", f"the time-stamp has unknown critical extensions {extensions}"
            )
        return f"version 1, serial number {self.info.serial:x}"

    def check_imprint(self) -> str:  # 6
        info = self.info
        name = DIGESTS.get(info.imprint_oid, info.imprint_oid)
        if name not in STRONG:
            raise Refusal("imprint-algorithm", f"the imprint is a {name}, which does not convince")
        if len(info.imprint) != ALGORITHMS[name]:
            raise Refusal("imprint", f"the imprint is no {name}: it has {len(info.imprint)} bytes")
        if self.digest is None:
            return f"{name}:{info.imprint.hex()}, not compared with any file here"
        if (name, info.imprint) != (self.digest.algorithm, self.digest.value):
            raise Refusal("imprint", "the time-stamp is over another digest than the one asked")
        return str(self.digest)

    def check_nonce(self) -> str:  # 7
        if self.nonce is None:
            return "no nonce to compare"
        if self.info.nonce is None:
            raise Refusal("nonce", "the time-stamp has no nonce although the request had one")
        if self.info.nonce != self.nonce:
            raise Refusal("nonce", "the time-stamp has another nonce than the request")
        return f"{self.nonce:x}"

    def check_policy(self) -> str:  # 8
        if self.policy is not None and self.info.policy != self.policy:
            raise Refusal(
                "policy", f"the time-stamp is under policy {self.info.policy}, not {self.policy}"
            )
        return self.info.policy

    def check_gen_time(self) -> str:  # 9
        moment = self.info.gen_time
        if moment < _FIRST:
            raise Refusal("gen-time", f"{moment:%Y-%m-%d} is before time-stamping existed")
        allowed = FRESH_SKEW + (self.info.accuracy or timedelta(0))
        if self.fresh_at is not None and abs(moment - self.fresh_at) > allowed:
            raise Refusal(
                "gen-time",
                f"the time stated, {moment.isoformat()}, is {abs(moment - self.fresh_at)} away "
                f"from the time of the request",
            )
        if self.fresh_at is None and moment > datetime.now(UTC) + allowed:
            raise Undecided(
                f"the time stated, {moment.isoformat()}, is in the future by this computer's clock"
            )
        return moment.isoformat()

    def check_attributes(self) -> str:  # 10
        return check_attributes(self.signed)

    def check_signer(self) -> str:  # 11
        signatory = _SIGNATORIES.of(self.signed, self.trust)
        description = signatory.description
        self._signatory = signatory
        return description

    @property
    def signatory(self) -> Signatory:
        if self._signatory is None:
            raise Undecided("not examined, because the signer's certificate is not at hand")
        return self._signatory

    def check_ess_cert_id(self) -> str:  # 12
        sid = self.signed.signer
        return check_ess_cert_id(
            self.signed, self.signatory.certificate_der, sid.issuer, sid.serial
        )

    def check_eku(self) -> str:  # 13
        return self.signatory.check_eku()

    def check_end_entity(self) -> str:  # 14
        return self.signatory.check_end_entity()

    def check_signature(self) -> str:  # 15
        signer = self.signed.signer
        return verify_signature(
            self.signatory.public_key,
            signer.algorithm,
            signer.digest_oid,
            signer.signature,
            signer.attributes_der,
        )

    def check_chain(self) -> str:  # 16
        chain = self.signatory.chain_at(self.info.gen_time)
        return f"a chain of {len(chain.certificates)} certificates holds at that time"

    def check_carried(self) -> str:  # 17
        return self.signatory.check_carried()

    def check_revocation(self) -> str:  # 18
        try:
            return self.signatory.check_revocation(self.info.gen_time)
        except Refusal as refusal:
            if refusal.code == "revocation":
                raise
            raise Undecided("not examined, because there is no chain") from refusal


_Step = Callable[[_Verification], str]
#: Code, step, and whether nothing behind it can be examined once it failed.
_STEPS: Final[tuple[tuple[str, _Step, bool], ...]] = (
    ("der", _Verification.check_der, True),
    ("signer-info", _Verification.check_signer_info, True),
    ("content-type", _Verification.check_content_type, True),
    ("tst-info", _Verification.check_tst_info, True),
    ("imprint", _Verification.check_imprint, False),
    ("nonce", _Verification.check_nonce, False),
    ("policy", _Verification.check_policy, False),
    ("gen-time", _Verification.check_gen_time, False),
    ("signed-attributes", _Verification.check_attributes, False),
    ("signer", _Verification.check_signer, False),
    ("ess-cert-id", _Verification.check_ess_cert_id, False),
    ("eku", _Verification.check_eku, False),
    ("end-entity", _Verification.check_end_entity, False),
    ("signature", _Verification.check_signature, False),
    ("chain", _Verification.check_chain, False),
    ("carried-material", _Verification.check_carried, False),
    ("revocation", _Verification.check_revocation, False),
)


def _unreached(first: int, failed: Check) -> list[Check]:
    detail = f"not examined, because step {failed.number} failed"
    codes = [code for code, _, _ in _STEPS[first - 2 :]]
    return [check_of(code, Outcome.UNKNOWN, detail) for code in codes]


@lru_cache(maxsize=32)
def _fill_carried(carried: tuple[bytes, ...]) -> None:
    """The inside of carried objects is strict DER too; their order is not looked at."""
    for der in carried:
        strict.read(der)
