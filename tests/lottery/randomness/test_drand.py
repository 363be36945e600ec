"""drand's beacon: the real chain's known answer, and all that is not a beacon."""

from __future__ import annotations

import builtins
import hashlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from lottery.errors import BadBeacon, BeaconUnavailable, DrawsSwitchedOff
from lottery.randomness.drand import (
    QUICKNET,
    Beacon,
    Chain,
    fetch_beacon,
    verify_beacon,
)
from lottery.verifier import QUICKNET as PINNED
from lottery.verifier import verify_bls
from tests.lottery.building import beacon, chain
from tests.lottery.test_selection import VECTORS

SIGNATURE = (
    "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482"
    "e26cd02df835d3546d23c4b13e0dfc92"
)


def test_round_123_of_quicknet() -> None:
    verify_beacon(QUICKNET, Beacon(123, SIGNATURE))


def test_the_pinned_chain_is_the_published_one() -> None:
    path = VECTORS.with_name("drand.json")
    if not path.exists():
        pytest.skip("known answers are not at hand")
    told = json.loads(path.read_text())["quicknet"]
    assert told["rounds"] == [{"round": 123, "signature": SIGNATURE}]
    for name in ("chain_hash", "public_key", "genesis_time"):
        assert getattr(QUICKNET, name) == told[name] == PINNED[name]
    assert QUICKNET.period == told["period_s"] == PINNED["period"]


@pytest.mark.parametrize(
    ("number", "signature"),
    [
        (124, SIGNATURE),
        (123, "a" + SIGNATURE[1:]),  # the other square root: −signature
        (123, "c0" + "00" * 47),  # infinity
        (123, "37" + SIGNATURE[2:]),  # not marked as compressed
        (123, "8f" + "5a" * 47),  # no point, or not of the subgroup
    ],
)
def test_what_is_not_the_signature_of_the_round(number: int, signature: str) -> None:
    with pytest.raises(BadBeacon):
        verify_beacon(QUICKNET, Beacon(number, signature))


def test_the_verifier_judges_alike() -> None:
    message = hashlib.sha256((123).to_bytes(8, "big")).digest()
    key = bytes.fromhex(QUICKNET.public_key)
    assert verify_bls(key, message, bytes.fromhex(SIGNATURE))


def test_an_unknown_scheme() -> None:
    other = Chain(QUICKNET.chain_hash, QUICKNET.public_key, 1, 3, "pedersen-bls-chained")
    with pytest.raises(BadBeacon, match="scheme"):
        verify_beacon(other, Beacon(123, SIGNATURE))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("py_ecc"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(DrawsSwitchedOff, match="py-ecc"):
        verify_beacon(QUICKNET, Beacon(123, SIGNATURE))


def test_rounds_and_their_times() -> None:
    at = QUICKNET.at(123)
    assert at == datetime.fromtimestamp(1692803367 + 122 * 3, UTC)
    assert QUICKNET.deadline(123) == at - timedelta(seconds=60)
    assert QUICKNET.first_round_from(at) == 123
    assert QUICKNET.first_round_from(at + timedelta(microseconds=1)) == 124
    assert QUICKNET.first_round_from(at - timedelta(days=9999)) == 1


def test_beacons_as_files() -> None:
    told = {"round": 123, "signature": SIGNATURE, "randomness": Beacon(123, SIGNATURE).value.hex()}
    assert Beacon.parse(json.dumps(told).encode()) == Beacon(123, SIGNATURE)


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        b'{"round":"123","signature":"00"}',
        b'{"round":true,"signature":"' + b"00" * 48 + b'"}',
        b'{"round":0,"signature":"' + b"00" * 48 + b'"}',
        b'{"round":1,"signature":"' + b"00" * 96 + b'"}',
        b'{"round":1,"signature":"' + b"00" * 48 + b'","randomness":"' + b"00" * 32 + b'"}',
        b"[" * 20_000,
    ],
)
def test_files_that_are_no_beacons(told: bytes) -> None:
    with pytest.raises(BadBeacon):
        Beacon.parse(told)


class Relay:
    """A drand relay on this machine. ``answers`` are (status, body) by path."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = relay.answers.get(self.path, (404, b"{}"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def tell(self, number: int, beacon: Beacon, status: int = 200) -> None:
        body = json.dumps({"round": beacon.round, "signature": beacon.signature}).encode()
        self.answers[f"/{chain().chain_hash}/public/{number}"] = (status, body)


@pytest.fixture
def relay() -> Iterator[Relay]:
    made = Relay()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_fetching_goes_on_to_who_tells_the_truth(relay: Relay) -> None:
    relay.tell(5, beacon(5))
    assert fetch_beacon(["http://127.0.0.1:1", relay.url + "/"], chain(), 5) == beacon(5)


def test_lies_are_told_as_such(relay: Relay) -> None:
    relay.tell(5, beacon(6))
    with pytest.raises(BeaconUnavailable, match="gave round 6 instead of 5"):
        fetch_beacon([relay.url], chain(), 5)
    relay.tell(5, Beacon(5, beacon(6).signature))
    with pytest.raises(BeaconUnavailable, match="not the chain's for round 5"):
        fetch_beacon([relay.url], chain(), 5)
    relay.tell(5, beacon(5), status=302)
    with pytest.raises(BeaconUnavailable, match="answered 302"):
        fetch_beacon([relay.url], chain(), 5)
    relay.answers[f"/{chain().chain_hash}/public/5"] = (200, b" " * 100_000)
    with pytest.raises(BeaconUnavailable, match="too much"):
        fetch_beacon([relay.url], chain(), 5)
    with pytest.raises(BeaconUnavailable, match="no address is configured"):
        fetch_beacon([], chain(), 5)
