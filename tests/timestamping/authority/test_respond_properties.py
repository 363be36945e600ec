"""Whatever the bytes, the authority answers, and never stamps what was not asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from asn1crypto import core
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timestamping.authority.support import (
    DIGEST,
    ManualClock,
    failure,
    imprint_of,
    parse,
    query,
    tst_info,
)
from timestamping.authority import Authority, KeyType, Pki
from timestamping.authority import certificates as made
from timestamping.authority.engine import DEFAULT_POLICY
from timestamping.authority.keys import generate_key

CLOCK = ManualClock()


def make_authority() -> Authority:
    """Without a folder: hypothesis wants no fixture that lives as long as one example."""
    lifetimes = timedelta(days=1)
    root_key, key = generate_key(KeyType.P256), generate_key(KeyType.P256)
    root = made.root_certificate(root_key, "Test", CLOCK.now(), lifetimes)
    issuer = made.Issuer(root, root_key, "http://portal.test")
    leaf = made.leaf_certificate(
        made.TSA, 1, "Test", key.public_key(), issuer, CLOCK.now(), lifetimes
    )
    return Authority(key, leaf.public_bytes(Encoding.DER), clock=CLOCK)


AUTHORITY = make_authority()
FULL = query(req_policy=DEFAULT_POLICY, nonce=2**64 - 1, cert_req=True)


def answer(request: bytes) -> str:
    """Ask, and check all that must hold for any request at all; returns the status."""
    response = parse(AUTHORITY.respond(request))
    status = response["status"]["status"].native
    if status == "granted":
        given = tst_info(response.dump())
        assert given["message_imprint"].dump() == imprint_of(request)
    else:
        assert status == "rejection"
        assert response["status"]["fail_info"].native
        assert isinstance(response["time_stamp_token"], core.Void)
    return str(status)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_get_a_response(data: bytes) -> None:
    answer(data)


@given(st.binary(max_size=120))
@settings(deadline=None)
def test_any_bytes_behind_a_good_beginning_get_a_response(data: bytes) -> None:
    answer(bytes((0x30, len(data) + 3)) + b"\x02\x01\x01" + data if len(data) < 124 else data)


@given(st.data())
@settings(deadline=None)
def test_a_changed_request_never_gets_the_token_of_another(data: st.DataObject) -> None:
    request = bytearray(FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(request) - 1))
        request[place] ^= data.draw(st.integers(1, 255))
    answer(bytes(request))


def test_every_single_bit_of_a_request_may_flip() -> None:
    granted_places = set()
    for bit in range(8 * len(FULL)):
        request = bytearray(FULL)
        request[bit // 8] ^= 1 << bit % 8
        if answer(bytes(request)) == "granted":
            granted_places.add(bit // 8)
    # Only a digest or a nonce of the same length is another good request.
    digest_at = FULL.index(DIGEST)
    nonce_at = FULL.index(b"\xff" * 8)
    free = {*range(digest_at, digest_at + 32), *range(nonce_at - 1, nonce_at + 8)}
    assert granted_places <= free
    assert granted_places >= set(range(digest_at, digest_at + 32))


@given(digest=st.binary(min_size=32, max_size=32), nonce=st.integers(-(2**300), 2**300))
@settings(deadline=None)
def test_every_good_request_is_granted(digest: bytes, nonce: int) -> None:
    assert answer(query(digest=digest, nonce=nonce)) == "granted"


class BrokenClock(ManualClock):
    def now(self) -> datetime:
        raise OSError("the clock is on fire")


def test_a_fault_inside_is_a_system_failure(pki: Pki, caplog: pytest.LogCaptureFixture) -> None:
    reply = pki.authority(clock=BrokenClock()).respond(FULL)
    assert failure(reply) == "system_failure"
    assert b"fire" not in reply  # the requester need not know
    assert "on fire" in caplog.text
