"""A TSA that misbehaves over real HTTP: no ledger write, a reason people read, and no help needed
once it is mended."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

import pytest

from portal.audit.actor import Actor
from portal.deposits.models import State
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import MovableClock, put, run
from tests.portal.deposits.doubles import NoSeal
from tests.timestamping.forge import integer, seq, tlv
from tests.timestamping.pki import TestPki
from tests.timestamping.tsa_server import Handler, Serve, TestTsa, pki_of_today, serving
from tests.waiting import PATIENCE
from timestamping.client import HttpStamper
from timestamping.pdf.sealer import Sealer
from timestamping.stamper import Stamper


class Mood:
    """How the server behaves at the moment; None is well."""

    def __init__(self, tsa: TestTsa) -> None:
        self.tsa = tsa
        self.misbehave: Serve | None = None

    def serve(self, handler: Handler) -> None:
        if self.misbehave is not None:
            self.misbehave(handler)
        else:
            handler.answer(self.tsa.respond(handler.query))


@pytest.fixture(scope="module")
def pki() -> TestPki:
    return pki_of_today()


@pytest.fixture
def mood(pki: TestPki) -> Mood:
    return Mood(TestTsa(pki))


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> float:
    """How long an answer is waited for: briefly only where that is what is tested."""
    return 3.0 if "[times out]" in request.node.name else PATIENCE


@pytest.fixture
def stamper(mood: Mood, pki: TestPki, seconds: float) -> Iterator[HttpStamper]:
    with (
        serving(mood.serve) as url,
        HttpStamper(
            url, pki.trust, "1.2.3.4.1", seconds, label="Test TSA", independent=True
        ) as one,
    ):
        yield one


@pytest.fixture
def tools(tools: Tools, stamper: Stamper) -> Tools:
    return dataclasses.replace(tools, stamper=stamper, sealer=NoSeal())


def refuse(handler: Handler) -> None:
    """rejection, systemFailure(25)."""
    failure = tlv(0x03, bytes([6, 0, 0, 0, 0x40]))
    handler.answer(seq(seq(integer(2), seq(tlv(0x0C, b"not today")), failure)))


def hang(_: Handler) -> None:
    time.sleep(6)


def html(handler: Handler) -> None:
    handler.answer(b"<html>Please sign in</html>", kind="text/html")


def redirect(handler: Handler) -> None:
    handler.answer(b"", status=302, Location="http://127.0.0.1:1/elsewhere")


def unable(handler: Handler) -> None:
    handler.answer(b"", status=503)


def amended(**fields: object) -> Callable[[TestPki], Serve]:
    def make(pki: TestPki) -> Serve:
        return lambda handler: handler.answer(
            TestTsa(pki).forge(handler.query, **fields).response()
        )

    return make


def plain(serve: Serve) -> Callable[[TestPki], Serve]:
    return lambda _: serve


FAULTS = {
    "refuses": (plain(refuse), "tsa-rejected", "not today"),
    "times out": (plain(hang), "tsa-timeout", "within 3 s"),
    "answers HTML": (plain(html), "bad-reply-type", "text/html"),
    "redirects": (plain(redirect), "bad-reply-redirect", "redirects"),
    "is not able": (plain(unable), "tsa-unavailable", "503"),
    "wrong nonce": (amended(nonce=1), "token-refused", "nonce"),
    "wrong imprint": (amended(hashed=bytes(32)), "token-refused", "Test TSA"),
    "wrong policy": (amended(policy="1.2.3.4.99"), "token-refused", "policy"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_the_deposit_waits_visibly_and_goes_on_by_itself(
    case: str,
    mood: Mood,
    pki: TestPki,
    deposits: DepositService,
    tools: Tools,
    actor: Actor,
    clock: MovableClock,
    stamper: HttpStamper,
) -> None:
    make, code, words = FAULTS[case]
    mood.misbehave = make(pki)
    deposit = put(deposits, actor)
    run(deposits)
    waiting = deposits.get(actor, deposit.id)
    assert (waiting.state, waiting.wait_reason) == (State.RECEIVED, code)
    assert words in (waiting.wait_detail or "")
    step = deposits.steps(waiting)[2]
    assert (step.code, str(step.state), step.reason) == ("timestamped", "waiting", code)
    assert list(tools.ledger.events()) == []
    mood.misbehave = None
    stamper._transport._timeout = PATIENCE  # from here on it answers, as soon as it can
    clock.forward(seconds=6)
    run(deposits)
    check_spine(tools, all_issued=True)
    token_facts = deposits.strength(deposits.get(actor, deposit.id))
    assert len(token_facts.authorities) == 1


def test_a_tsa_that_is_not_there(
    deposits: DepositService, tools: Tools, actor: Actor, pki: TestPki, clock: MovableClock
) -> None:
    gone = HttpStamper("http://127.0.0.1:9/tsr", pki.trust, timeout=1.0, label="Gone")
    without = DepositService(dataclasses.replace(tools, stamper=gone))
    deposit = put(deposits, actor)
    run(without)
    assert deposits.get(actor, deposit.id).wait_reason == "tsa-unavailable"
    clock.forward(seconds=2)
    run(deposits)
    check_spine(tools, all_issued=True)


def test_a_letter_sealed_with_an_outside_tsa(
    services: object, tools: Tools, stamper: Stamper, actor: Actor, pki: TestPki
) -> None:
    """The real seal, whose own time-stamps come from the outside TSA too."""
    sealer = Sealer(
        tools.pki.seal, stamper, lambda: tools.pki.trust().merge(stamper.trust()), name="示例公证处"
    )
    real = dataclasses.replace(tools, sealer=sealer)
    deposits = DepositService(real)
    deposit = put(deposits, actor)
    run(deposits)
    check_spine(real, all_issued=True)
    letter = b"".join(deposits.letter(actor, deposit.id).stream)
    assert b"/DocTimeStamp" in letter
