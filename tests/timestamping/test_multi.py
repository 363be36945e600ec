"""Several stampers: fallback, co-stamping, and what is told when too few answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import ClassVar

import pytest

from chain_adapter.digest import Digest, digest_of
from tests.timestamping.forge import Forge, Tst
from tests.timestamping.pki import sample_pki
from timestamping.errors import BadReply, NoTsaAnswered, TimestampError, TsaTimeout, TsaUnavailable
from timestamping.multi import MultiStamper
from timestamping.stamper import Stamper, StamperHealth
from timestamping.token import Token
from timestamping.trust import TrustStore

DIGESTS = [digest_of(text) for text in (b"one", b"two", b"three")]


class Local(Stamper):
    """Stamps with the test PKI, or raises ``error``."""

    scheme: ClassVar[str] = "local"

    def __init__(self, label: str, *, independent: bool = False, kind: str = "p256") -> None:
        self.label, self.independent, self.pki = label, independent, sample_pki(kind)
        self.error: Exception | None = None
        self.asked: list[Digest] = []
        self.closed = False
        self.gate: threading.Event | None = None

    def close(self) -> None:
        self.closed = True

    def _stamp(self, digest: Digest) -> Token:
        self.asked.append(digest)
        if self.gate is not None:
            assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        return Token.parse(Forge.of(self.pki, Tst(digest.value)).token())

    def _trust(self) -> TrustStore:
        return self.pki.trust

    def _health(self) -> StamperHealth:
        if self.error is not None:
            raise self.error
        return StamperHealth(True, "well", self.label)


@pytest.fixture
def pair() -> tuple[Local, Local]:
    return Local("First"), Local("Second", independent=True, kind="p384")


def test_fallback_asks_the_first_alone(pair: tuple[Local, Local]) -> None:
    first, second = pair
    tokens = MultiStamper(pair).stamp_many(DIGESTS)
    assert [token.imprint for token in tokens] == DIGESTS
    assert {(token.source, token.independent, token.also) for token in tokens} == {
        ("First", False, ())
    }
    assert (len(first.asked), len(second.asked)) == (3, 0)


@pytest.mark.parametrize("error", [TsaTimeout("late"), BadReply("odd"), ConnectionError("gone")])
def test_fallback_goes_on_to_the_next(pair: tuple[Local, Local], error: Exception) -> None:
    pair[0].error = error
    token = MultiStamper(pair).stamp(DIGESTS[0])
    assert (token.source, token.independent) == ("Second", True)


def test_a_programming_error_does_not_pass_for_an_absent_tsa(pair: tuple[Local, Local]) -> None:
    pair[0].error = KeyError("bug")
    with pytest.raises(KeyError):
        MultiStamper(pair).stamp(DIGESTS[0])


@pytest.mark.parametrize("mode", ["fallback", "costamp"])
def test_when_none_answers_all_are_named(pair: tuple[Local, Local], mode: str) -> None:
    pair[0].error, pair[1].error = TsaTimeout("too late"), BadReply("not a reply")
    with pytest.raises(NoTsaAnswered) as caught:
        MultiStamper(pair, mode).stamp(DIGESTS[0])  # type: ignore[arg-type]
    error = caught.value
    assert str(error) == "First: too late; Second: not a reply"
    assert [label for label, _ in error.errors] == ["First", "Second"]
    assert (error.code, error.retryable) == ("no-tsa-answered", True)


def test_when_no_error_is_passing_neither_is_the_whole(pair: tuple[Local, Local]) -> None:
    pair[0].error = pair[1].error = BadReply("no")
    with pytest.raises(NoTsaAnswered) as caught:
        MultiStamper(pair).stamp(DIGESTS[0])
    assert not caught.value.retryable


def test_costamp_carries_the_others_beside_the_first(pair: tuple[Local, Local]) -> None:
    tokens = MultiStamper(pair, "costamp").stamp_many(DIGESTS)
    for token, digest in zip(tokens, DIGESTS, strict=True):
        assert (token.source, token.imprint) == ("First", digest)
        (other,) = token.also
        assert (other.source, other.independent, other.imprint) == ("Second", True, digest)


@pytest.mark.parametrize("absent", [0, 1])
def test_costamp_wants_all_of_them(pair: tuple[Local, Local], absent: int) -> None:
    pair[absent].error = TsaUnavailable("gone")
    with pytest.raises(NoTsaAnswered, match=f"^{pair[absent].label}: gone$"):
        MultiStamper(pair, "costamp").stamp(DIGESTS[0])


def test_costamp_asks_side_by_side(pair: tuple[Local, Local]) -> None:
    """The first waits until the second was asked: in a row this would never end."""
    gate = threading.Event()
    pair[0].gate = gate

    class Opening(Local):
        def _stamp_many(self, digests: Sequence[Digest]) -> list[Token]:
            gate.set()
            return super()._stamp_many(digests)

    assert MultiStamper([pair[0], Opening("Opening")], "costamp").stamp(DIGESTS[0]).also


def test_independence_is_promised_only_where_it_holds(pair: tuple[Local, Local]) -> None:
    assert not MultiStamper(pair, "fallback").independent  # may end at the first
    assert MultiStamper(pair, "costamp").independent
    assert MultiStamper(pair[1:], "fallback").independent


def test_trust_is_that_of_all(pair: tuple[Local, Local]) -> None:
    assert MultiStamper(pair).trust().roots == (pair[0].pki.root.der, pair[1].pki.root.der)


def test_health_by_mode(pair: tuple[Local, Local]) -> None:
    pair[1].error = TimestampError("ill")
    assert MultiStamper(pair, "fallback").health().ok
    health = MultiStamper(pair, "costamp").health()
    assert (health.ok, health.detail) == (False, "First: well; Second: ill")


def test_closing_closes_all(pair: tuple[Local, Local]) -> None:
    with MultiStamper(pair):
        pass
    assert pair[0].closed
    assert pair[1].closed


def test_settings_that_make_no_sense(pair: tuple[Local, Local]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        MultiStamper([])
    with pytest.raises(ValueError, match="is no mode"):
        MultiStamper(pair, "both")  # type: ignore[arg-type]


def test_a_stamper_that_answers_for_another_digest_is_caught() -> None:
    class Confused(Local):
        def _stamp(self, digest: Digest) -> Token:
            return super()._stamp(digest_of(b"another"))

    with pytest.raises(BadReply, match="over other digests"):
        Confused("Confused").stamp(DIGESTS[0])


def test_a_stamper_that_writes_nothing_says_so() -> None:
    class Empty(Local):
        _stamp = Stamper._stamp

    with pytest.raises(NotImplementedError, match="Empty writes neither"):
        Empty("Empty").stamp(DIGESTS[0])
