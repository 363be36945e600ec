"""The beacon: asked for when its time has come, judged by the pinned chain, or handed in."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portal.draws import freezing
from portal.draws.models import DrawBeacon
from portal.problems import BadInput, Conflict, Forbidden, PortalError
from portal.services import Services, build_services
from portal.settings import Settings
from tests.lottery.building import beacon, chain
from tests.portal.conftest import MakeSettings, MakeUser
from tests.portal.draws.acting import Ceremony, Person, acts, plan
from tests.portal.templates import Fill


class Clock:
    """The portal's clock, which tests put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Relay(ThreadingHTTPServer):
    """Serves one answer for every round; keeps the paths it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: bytes | None = None
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Relay)
        server.asked.append(self.path)
        if server.answer is None:
            self.send_error(425)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(server.answer)))
        self.end_headers()
        self.wfile.write(server.answer)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def relay() -> Iterator[Relay]:
    server = Relay()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(make_settings: MakeSettings, relay: Relay) -> Settings:
    return make_settings(drand_urls=relay.url, drand_allow_private="127.0.0.1/32")


@pytest.fixture
def services(settings: Settings, fill: Fill, clock: Clock) -> Iterator[Services]:
    fill(settings.database)
    built = build_services(settings, clock)
    yield built
    built.close()


@pytest.fixture
def ceremony(services: Services, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> Ceremony:
    """A draw of dice and a beacon, up to where the secrets are revealed; the chain is a test's."""
    monkeypatch.setattr(freezing, "QUICKNET", chain())
    made = Ceremony(
        services,
        Person("organiser", acts(make_user("organiser"))),
        Person("notary", acts(make_user("notary"))),
    )
    made.begin(plan(public=("dice", "drand")))
    made.until("reveal")
    return made


def answer(number: int, **changes: object) -> bytes:
    found = beacon(number)
    said = {"round": number, "signature": found.signature, "randomness": found.value.hex()}
    return json.dumps(said | changes).encode()


def until_the_round(ceremony: Ceremony, clock: Clock) -> int:
    known = ceremony.record()
    assert known.beacon_at is not None
    clock.ahead += known.beacon_at - clock() + timedelta(seconds=1)
    return int(known.beacon_round or 0)


def refused(error: type[PortalError], code: str, act: Callable[[], object]) -> None:
    with pytest.raises(error) as caught:
        act()
    assert caught.value.code == code


def test_the_worker_fetches_it_when_its_time_has_come(
    ceremony: Ceremony, relay: Relay, clock: Clock
) -> None:
    ceremony.everybody("reveal")
    assert (ceremony.phase, relay.asked) == ("beacon", [])
    number = until_the_round(ceremony, clock)
    ceremony.work()
    assert ceremony.phase == "beacon"
    assert ceremony.view.wait_reason == "beacon"
    assert relay.asked == [f"/{chain().chain_hash}/public/{number}"]
    relay.answer = answer(number)
    clock.ahead += timedelta(minutes=5)  # it asks again later, and longer each time
    ceremony.work()
    assert (ceremony.phase, ceremony.view.wait) == ("final", "")
    with ceremony.services.database.reading() as session:
        assert session.query(DrawBeacon).one().source == relay.url
    live = json.loads(ceremony.services.draws.live(ceremony.draw_id)[0])
    assert live["beacon"] == {"round": number, "randomness": beacon(number).value.hex()}


@pytest.mark.parametrize("wrong", ["round", "signature", "randomness", "nonsense", "key"])
def test_a_wrong_one_is_refused(ceremony: Ceremony, relay: Relay, clock: Clock, wrong: str) -> None:
    """Another round, a signature of another round or key, randomness that is not its hash."""
    ceremony.everybody("reveal")
    number = until_the_round(ceremony, clock)
    other = beacon(number + 1)
    relay.answer = {
        "round": answer(number + 1),
        "signature": answer(number, signature=other.signature, randomness=other.value.hex()),
        "randomness": answer(number, randomness="00" * 32),
        "nonsense": b"<html>",
        "key": answer(
            number,
            signature=beacon(number, key=7).signature,
            randomness=beacon(number, key=7).value.hex(),
        ),
    }[wrong]
    ceremony.work()
    assert ceremony.phase == "beacon"
    assert ceremony.view.wait_reason == "beacon"
    draws, notary = ceremony.services.draws, ceremony.notary.actor
    content = relay.answer
    refused(BadInput, "beacon", lambda: draws.beacon_file(notary, ceremony.draw_id, content))


def test_it_is_handed_in_where_the_network_is_not_reached(
    ceremony: Ceremony, clock: Clock, make_user: MakeUser
) -> None:
    draws, notary, draw_id = ceremony.services.draws, ceremony.notary.actor, ceremony.draw_id
    number = int(ceremony.record().beacon_round or 0)
    file = answer(number)
    refused(Conflict, "beacon_phase", lambda: draws.beacon_file(notary, draw_id, file))
    ceremony.everybody("reveal")
    until_the_round(ceremony, clock)
    former = replace(notary, roles=frozenset())
    refused(Forbidden, "role_missing", lambda: draws.beacon_file(former, draw_id, file))
    draws.beacon_file(notary, draw_id, file)
    draws.beacon_file(notary, draw_id, file)
    ceremony.work()
    assert ceremony.phase == "final"


def test_a_secret_that_comes_too_late_is_refused(ceremony: Ceremony, clock: Clock) -> None:
    """Less than a minute before the round nobody may say anything any more; only a void helps."""
    known = ceremony.record()
    assert known.deadline is not None
    clock.ahead += known.deadline - clock() + timedelta(seconds=1)
    said = ceremony.organiser.party(ceremony.draw_id).reveal(known, ceremony.now)
    refused(Conflict, "statement_late", lambda: ceremony.hand_in(ceremony.organiser, said))
    clock.ahead += timedelta(minutes=2)
    ceremony.work()
    assert ceremony.view.wait_reason == "late_reveal"
    ceremony.void("late_reveal", [ceremony.notary, ceremony.organiser])
    assert (ceremony.phase, ceremony.view.attempt) == ("commit", 2)


def test_addresses_within_are_not_asked(
    ceremony: Ceremony, relay: Relay, clock: Clock, make_settings: MakeSettings
) -> None:
    """Unless the operator says so, as for webhooks."""
    ceremony.everybody("reveal")
    until_the_round(ceremony, clock)
    ceremony.services.draws._beacons._sender.allowed = ()
    ceremony.work()
    assert relay.asked == []
    assert "address" in ceremony.view.wait
