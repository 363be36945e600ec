"""What every stamper must do, whatever stands behind it.

A test module derives from :class:`StamperContract` and gives the fixture ``stamper``: one that can
stamp.
"""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain_adapter.digest import Digest, digest_of
from tests.effort import examples
from timestamping import (
    Stamper,
    StamperHealth,
    TimestampError,
    Token,
    TrustStore,
    UnsupportedDigest,
    verify_response,
    verify_token,
)
from timestamping.verifier import FRESH_SKEW

DIGEST = digest_of(b"a deed")


class StamperContract:
    """Derive, give ``stamper``, and the rest follows."""

    def test_the_interface_is_kept(self, stamper: Stamper) -> None:
        for name, declared in inspect.getmembers(Stamper, inspect.isfunction):
            if name.startswith("_"):
                continue
            found = getattr(type(stamper), name)
            assert inspect.signature(found) == inspect.signature(declared), name
        assert stamper.scheme == stamper.scheme.lower()
        assert stamper.label
        assert isinstance(stamper.independent, bool)

    @pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
    def test_a_token_is_over_the_digest_and_verifies(
        self, stamper: Stamper, algorithm: str
    ) -> None:
        digest = digest_of("一份契据".encode(), algorithm)
        asked = datetime.now(UTC)
        token = stamper.stamp(digest)
        assert token.imprint == digest
        verdict = verify_token(token.der, stamper.trust(), digest=digest, fresh_at=asked)
        assert verdict.ok, verdict.failed or verdict.undecided
        assert verify_response(token.response(), stamper.trust(), digest=digest).ok

    def test_a_token_says_where_it_comes_from(self, stamper: Stamper) -> None:
        token = stamper.stamp(DIGEST)
        assert token.source
        assert token.tsa
        assert token.policy
        assert Token.parse(token.der, token.source, token.independent).sha256 == token.sha256
        for other in token.also:
            assert other.imprint == DIGEST
            assert other.source != token.source
            assert verify_token(other.der, stamper.trust(), digest=DIGEST).ok

    def test_the_time_is_that_of_asking(self, stamper: Stamper) -> None:
        before = datetime.now(UTC)
        token = stamper.stamp(DIGEST)
        slack = FRESH_SKEW + (token.accuracy or timedelta(0))
        assert before - slack <= token.gen_time <= datetime.now(UTC) + slack
        assert token.gen_time.utcoffset() == timedelta(0)

    def test_many_keep_their_order_and_doubles_get_their_own(self, stamper: Stamper) -> None:
        digests = [digest_of(bytes((number % 5,))) for number in range(12)]
        tokens = stamper.stamp_many(digests)
        assert [token.imprint for token in tokens] == digests
        assert len({token.sha256 for token in tokens}) == len(tokens)

    def test_none_is_none(self, stamper: Stamper) -> None:
        assert stamper.stamp_many([]) == []

    def test_stamping_again_gives_another_token(self, stamper: Stamper) -> None:
        one, other = stamper.stamp(DIGEST), stamper.stamp(DIGEST)
        assert one.sha256 != other.sha256
        assert one.serial != other.serial

    def test_other_algorithms_are_refused(self, stamper: Stamper) -> None:
        for digests in ([Digest("sm3", bytes(32))], [DIGEST, Digest("sm3", bytes(32))]):
            with pytest.raises(UnsupportedDigest) as caught:
                stamper.stamp_many(digests)
            assert isinstance(caught.value, TimestampError)

    def test_threads_may_share_it(self, stamper: Stamper) -> None:
        digests = [digest_of(bytes((number,))) for number in range(24)]
        with ThreadPoolExecutor(8) as pool:
            tokens = list(pool.map(stamper.stamp, digests))
        assert [token.imprint for token in tokens] == digests
        assert len({token.serial for token in tokens}) == len(tokens)

    def test_trust_is_a_value_with_roots(self, stamper: Stamper) -> None:
        trust = stamper.trust()
        assert isinstance(trust, TrustStore)
        assert trust.roots
        assert stamper.trust().roots == trust.roots

    def test_a_token_verifies_under_no_other_trust(self, stamper: Stamper) -> None:
        failed = verify_token(stamper.stamp(DIGEST).der, TrustStore()).failed
        assert failed is not None
        assert failed.code == "no-trust-root"

    def test_health_is_a_word_for_the_operator(self, stamper: Stamper) -> None:
        health = stamper.health()
        assert isinstance(health, StamperHealth)
        assert health.ok
        assert (bool(health.detail), health.label) == (True, stamper.label)

    def test_no_changed_byte_of_its_tokens_verifies(self, stamper: Stamper) -> None:
        token, trust = stamper.stamp(DIGEST).der, stamper.trust()

        @settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.integers(0, len(token) - 1), st.integers(1, 255))
        def judge(place: int, mask: int) -> None:
            changed = token[:place] + bytes((token[place] ^ mask,)) + token[place + 1 :]
            assert not verify_token(changed, trust, digest=DIGEST).ok

        judge()
