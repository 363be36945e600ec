"""Step 18: revocation lists, and what each reason means for tokens made before (RFC 3161 §4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from chain_adapter.digest import digest_of
from chain_adapter.verdict import Check, Outcome
from tests.timestamping.forge import Forge, Tst
from tests.timestamping.pki import (
    AUTHORITY,
    LAST,
    NOW,
    Identity,
    TestPki,
    crl,
    issue,
    new_key,
    sample_pki,
    stamping,
)
from timestamping.trust import TrustStore
from timestamping.verifier import TokenVerdict, verify_token

PKI = sample_pki()
TOKEN = Forge.of(PKI, Tst(digest_of(b"a deed").value))
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)
REASON = x509.ReasonFlags


def judge(*crls: bytes, token: Forge = TOKEN, carried: Sequence[bytes] = ()) -> TokenVerdict:
    trust = TrustStore((PKI.root.der,), crls=crls)
    return verify_token(token.but(crls=carried).token(), trust)


def last(verdict: TokenVerdict) -> Check:
    check = verdict.checks[-1]
    assert (check.number, check.code) == (18, "revocation")
    return check


def revoked(since: object, reason: object, identity: Identity = PKI.leaf) -> bytes:
    issuer = identity.issuer
    assert issuer is not None
    return crl(issuer, [(identity, since, reason)], made=AFTER)  # type: ignore[list-item]


def test_without_lists_it_is_undecided_and_does_not_refuse() -> None:
    verdict = judge()
    assert last(verdict).outcome is Outcome.UNKNOWN
    assert "Test TSA" in last(verdict).detail
    assert verdict.ok


def test_with_all_lists_it_passes() -> None:
    verdict = judge(crl(PKI.intermediate), crl(PKI.root))
    assert last(verdict).passed
    assert verdict.ok


def test_one_missing_list_leaves_it_undecided() -> None:
    check = last(judge(crl(PKI.intermediate)))
    assert check.outcome is Outcome.UNKNOWN
    assert "Test Time-stamping CA" in check.detail


def test_lists_inside_the_token_count() -> None:
    assert last(judge(carried=(crl(PKI.intermediate), crl(PKI.root)))).passed


@pytest.mark.parametrize("reason", [None, REASON.key_compromise, REASON.superseded])
@pytest.mark.parametrize("since", [BEFORE, NOW], ids=["before", "in the same second"])
def test_revoked_before_refuses(since: object, reason: object) -> None:
    verdict = judge(revoked(since, reason), crl(PKI.root))
    assert verdict.failed is not None
    assert verdict.failed.code == "revocation"
    assert "revoked on" in verdict.failed.detail
    assert not verdict.ok


@pytest.mark.parametrize(
    "reason",
    [
        REASON.unspecified,
        REASON.affiliation_changed,
        REASON.superseded,
        REASON.cessation_of_operation,
    ],
)
def test_revoked_later_for_a_harmless_reason_passes(reason: object) -> None:
    assert last(judge(revoked(AFTER, reason), crl(PKI.root))).passed


@pytest.mark.parametrize("reason", [None, REASON.key_compromise, REASON.ca_compromise])
def test_revoked_later_for_a_grave_reason_refuses(reason: object) -> None:
    verdict = judge(revoked(AFTER, reason), crl(PKI.root))
    assert verdict.failed is not None
    assert "earlier tokens in doubt" in verdict.failed.detail


def test_a_revoked_intermediate_refuses() -> None:
    verdict = judge(crl(PKI.intermediate), revoked(BEFORE, None, PKI.intermediate))
    assert verdict.failed is not None
    assert "Test Time-stamping CA" in verdict.failed.detail


def test_a_revocation_list_within_the_token_refuses_too() -> None:
    assert judge(carried=(revoked(BEFORE, None),)).failed is not None


def test_somebody_elses_revocation_is_not_ours() -> None:
    other = stamping("Other TSA", new_key("p256", 5), PKI.intermediate)
    listed = crl(PKI.intermediate, [(other, BEFORE, None)])
    assert last(judge(listed, crl(PKI.root))).passed


def unusable() -> dict[str, bytes]:
    key = new_key("p256", 6)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    point = x509.UniformResourceIdentifier("http://crl.test/leaf.crl")

    def scope(**only: object) -> bytes:
        fields: dict[str, object] = {
            "full_name": [point],
            "relative_name": None,
            "only_contains_user_certs": False,
            "only_contains_ca_certs": False,
            "only_some_reasons": None,
            "indirect_crl": False,
            "only_contains_attribute_certs": False,
        }
        extension = x509.IssuingDistributionPoint(**(fields | only))  # type: ignore[arg-type]
        return crl(
            PKI.intermediate,
            [(PKI.leaf, BEFORE, None)],
            amend=lambda builder: builder.add_extension(extension, critical=True),
        )

    return {
        "ended before": crl(PKI.intermediate, made=NOW - timedelta(30)),
        "made after the certificate expired": crl(PKI.intermediate, made=LAST + timedelta(1)),
        "signed by another key": crl(PKI.intermediate, [(PKI.leaf, BEFORE, None)], key=key),
        "of another issuer": crl(PKI.root, [(PKI.leaf, BEFORE, None)]),
        "indirect": scope(indirect_crl=True),
        "for some reasons only": scope(only_some_reasons=frozenset({REASON.superseded})),
        "for authorities only": scope(only_contains_ca_certs=True),
        "a delta": crl(
            PKI.intermediate,
            [(PKI.leaf, BEFORE, None)],
            amend=lambda builder: builder.add_extension(x509.DeltaCRLIndicator(1), critical=True),
        ),
        "with an unknown critical extension": crl(
            PKI.intermediate,
            [(PKI.leaf, BEFORE, None)],
            amend=lambda builder: builder.add_extension(
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.9"), b"\x05\x00"),
                critical=True,
            ),
        ),
        "not a list at all": b"\x30\x00",
    }


@pytest.mark.parametrize("case", unusable())
def test_a_list_that_does_not_speak_of_the_certificate_decides_nothing(case: str) -> None:
    verdict = judge(unusable()[case], crl(PKI.root))
    assert last(verdict).outcome is Outcome.UNKNOWN
    assert verdict.ok


def test_a_list_for_user_certificates_speaks_of_the_signer() -> None:
    point = x509.UniformResourceIdentifier("http://crl.test/leaf.crl")
    extension = x509.IssuingDistributionPoint([point], None, True, False, None, False, False)
    listed = crl(
        PKI.intermediate,
        amend=lambda builder: builder.add_extension(extension, critical=True),
    )
    assert last(judge(listed, crl(PKI.root))).passed


def test_an_authority_that_may_not_sign_lists_is_not_heard() -> None:
    usage = x509.KeyUsage(
        **{
            name.removeprefix("_"): value
            for name, value in vars(AUTHORITY).items()
            if name not in ("_encipher_only", "_decipher_only", "_crl_sign")
        },
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    authority = issue("Mute CA", new_key("p256", 2), PKI.root, ca=True, usage=usage)
    signer = stamping("Test TSA", PKI.leaf.key, authority)
    pki = TestPki(PKI.root, authority, signer)
    token = Forge.of(pki, Tst(digest_of(b"a deed").value))
    verdict = judge(crl(authority, [(signer, BEFORE, None)]), crl(PKI.root), token=token)
    assert last(verdict).outcome is Outcome.UNKNOWN


def test_a_signer_that_is_itself_an_anchor_has_nobody_above() -> None:
    verdict = verify_token(
        TOKEN.but(certificates=(PKI.leaf.der,)).token(), TrustStore((PKI.leaf.der,))
    )
    assert last(verdict).passed
