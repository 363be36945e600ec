from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from chain_adapter.digest import Digest, digest_of
from tests.timestamping.authority.support import ManualClock, open_pki
from timestamping.authority import DEFAULT_POLICY, Authority, Pki
from timestamping.authority.embedded import EmbeddedStamper
from timestamping.errors import TokenRefused, TsaRejected, TsaUnavailable, UnsupportedDigest
from timestamping.registry import InvalidSpec, open_stampers
from timestamping.verifier import verify_response, verify_token


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_tokens_are_verified_labelled_and_not_independent(
    each_pki: tuple[Path, Pki], algorithm: str
) -> None:
    _, pki = each_pki
    stamper = EmbeddedStamper(pki.authority(accuracy=timedelta(seconds=1)))
    digest = digest_of(b"evidence", algorithm)
    token = stamper.stamp(digest)
    assert token.imprint == digest
    assert token.source == stamper.label == "embedded"
    assert token.independent is stamper.independent is False
    assert token.accuracy == timedelta(seconds=1)
    assert token.nonce is None
    assert "Time-Stamping Authority 1" in token.tsa
    verdict = verify_token(token.der, stamper.trust(), digest=digest)
    assert verdict.ok
    assert [check.detail for check in verdict.checks if not check.passed] == []
    assert verify_response(token.response(), stamper.trust(), digest=digest).ok


def test_many_in_order_each_its_own(pki: Pki) -> None:
    stamper = EmbeddedStamper(pki.authority())
    digests = [digest_of(bytes((number,))) for number in range(50)]
    tokens = stamper.stamp_many(digests)
    assert [token.imprint for token in tokens] == digests
    assert len({token.serial for token in tokens}) == 50
    assert stamper.stamp_many([]) == []


def test_sm3_gets_no_token_of_its_own(pki: Pki) -> None:
    with pytest.raises(UnsupportedDigest):
        EmbeddedStamper(pki.authority()).stamp(Digest("sm3", bytes(32)))


def test_a_rejection_says_why_and_may_pass(pki: Pki) -> None:
    clock = ManualClock(good=False)
    stamper = EmbeddedStamper(pki.authority(clock=clock))
    with pytest.raises(TsaRejected, match="clock is not synchronised") as caught:
        stamper.stamp(digest_of(b""))
    assert caught.value.failure == "timeNotAvailable"
    assert caught.value.retryable
    assert not stamper.health().ok
    assert "not synchronised" in stamper.health().detail

    clock.good = True
    assert stamper.health().ok
    assert stamper.stamp(digest_of(b"")).imprint == digest_of(b"")


def test_a_clock_that_runs_ahead_is_refused(pki: Pki) -> None:
    clock = ManualClock()
    clock.moment += timedelta(days=30)
    with pytest.raises(TokenRefused, match="in the future"):
        EmbeddedStamper(pki.authority(clock=clock)).stamp(digest_of(b""))


def test_a_revoked_leaf_stamps_no_more(tmp_path: Path) -> None:
    pki = open_pki(tmp_path / "pki")
    before = EmbeddedStamper(pki.authority())
    before.stamp(digest_of(b""))
    pki.revoke(pki.tsa)
    with pytest.raises(TokenRefused, match="revoked"):
        before.stamp(digest_of(b""))
    EmbeddedStamper(pki.authority()).stamp(digest_of(b""))


def test_a_list_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    stamper = EmbeddedStamper(open_pki(folder).authority())
    (folder / "root.crl").unlink()
    with pytest.raises(TsaUnavailable, match=r"root\.crl cannot be read"):
        stamper.stamp(digest_of(b""))


def test_an_authority_without_roots_needs_them_given(pki: Pki) -> None:
    bare = Authority(pki._leaves["tsa"].key, pki.tsa)
    with pytest.raises(ValueError, match="without roots"):
        EmbeddedStamper(bare)
    token = EmbeddedStamper(bare, pki.trust).stamp(digest_of(b""))
    assert token.policy == DEFAULT_POLICY


def test_the_setting_opens_it(pki: Pki, tmp_path: Path) -> None:
    with open_stampers("embedded:", authority=pki.authority(), base=tmp_path) as stamper:
        assert isinstance(stamper, EmbeddedStamper)
        stamper.stamp(digest_of(b""))
    with pytest.raises(InvalidSpec, match="none is set up"):
        open_stampers("embedded:", base=tmp_path)
