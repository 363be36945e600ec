"""One request has one encoding: everything else is told where it departs from DER."""

from __future__ import annotations

import pytest

from tests.timestamping.authority.support import DIGEST, NULL, query, tlv
from timestamping.authority import Failure, Rejection
from timestamping.authority.request import parse_request

SHA256_OID = bytes.fromhex("0609608648016503040201")
ALGORITHM = tlv(0x30, SHA256_OID)
HASHED = tlv(0x04, DIGEST)
IMPRINT = tlv(0x30, ALGORITHM, HASHED)
VERSION = b"\x02\x01\x01"
POLICY = b"\x06\x02\x2a\x03"
EXTENSION = tlv(0x30, b"\x06\x01\x2a", b"\x04\x00")


def request(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def test_every_field_is_read() -> None:
    nonce = b"\x02\x02\x00\xff"
    parsed = parse_request(
        request(
            VERSION,
            tlv(0x30, tlv(0x30, SHA256_OID, NULL), HASHED),
            POLICY,
            nonce,
            b"\x01\x01\xff",
            tlv(0xA0, EXTENSION, EXTENSION),
        )
    )
    assert parsed.imprint == tlv(0x30, tlv(0x30, SHA256_OID, NULL), HASHED)
    assert parsed.algorithm == SHA256_OID
    assert parsed.parameters == NULL
    assert parsed.digest == DIGEST
    assert parsed.policy == POLICY
    assert parsed.nonce == nonce
    assert parsed.cert_req is True
    assert parsed.extensions == 2


def test_what_may_be_absent_is_absent() -> None:
    parsed = parse_request(query())
    assert (parsed.policy, parsed.nonce, parsed.cert_req, parsed.extensions) == (
        None,
        None,
        False,
        0,
    )
    assert parsed.parameters == b""


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (request(IMPRINT), "version has tag 0x30"),
        (request(b"\x02\x00", IMPRINT), "version is an empty INTEGER"),
        (request(b"\x02\x02\x00\x01", IMPRINT), "version is not minimally encoded"),
        (request(VERSION), "messageImprint is missing"),
        (request(VERSION, tlv(0x31, ALGORITHM, HASHED)), "messageImprint has tag 0x31"),
        (request(VERSION, tlv(0x30, HASHED)), "hashAlgorithm has tag 0x04"),
        (request(VERSION, tlv(0x30, ALGORITHM)), "hashedMessage is missing"),
        (request(VERSION, tlv(0x30, ALGORITHM, HASHED, NULL)), "bytes too many"),
        (
            request(VERSION, tlv(0x30, ALGORITHM, tlv(0x24, HASHED))),
            "hashedMessage has tag 0x24",
        ),
        (request(VERSION, tlv(0x30, tlv(0x30, b"\x06\x00"), HASHED)), "broken OBJECT"),
        (request(VERSION, tlv(0x30, tlv(0x30, b"\x06\x01\x80"), HASHED)), "broken OBJECT"),
        (request(VERSION, tlv(0x30, tlv(0x30, b"\x06\x02\x80\x01"), HASHED)), "padded arcs"),
        (
            request(VERSION, tlv(0x30, tlv(0x30, b"\x06\x03\x2a\x80\x01"), HASHED)),
            "padded arcs",
        ),
        (request(VERSION, tlv(0x30, tlv(0x30, SHA256_OID, b"\x05"), HASHED)), "cut short"),
        (request(VERSION, tlv(0x30, tlv(0x30, SHA256_OID, b"\x1f\x01\x00"), HASHED)), "tag 0x1f"),
        (request(VERSION, IMPRINT, b"\x01\x01\x00"), "certReq is present but not TRUE"),
        (request(VERSION, IMPRINT, b"\x01\x01\x01"), "certReq is present but not TRUE"),
        (request(VERSION, IMPRINT, b"\x01\x00"), "certReq is present but not TRUE"),
        (request(VERSION, IMPRINT, b"\x01\x01\xff", b"\x02\x01\x05"), "bytes too many"),
        (request(VERSION, IMPRINT, b"\x02\x01\x05", POLICY), "bytes too many"),
        (request(VERSION, IMPRINT, NULL), "bytes too many"),
        (request(VERSION, IMPRINT, b"\xa0\x00"), "present but empty"),
        (request(VERSION, IMPRINT, tlv(0xA0, b"\x04\x00")), "an extension has tag 0x04"),
        (
            request(VERSION, IMPRINT, tlv(0xA0, tlv(0x30, b"\x06\x01\x2a"))),
            "extnValue is missing",
        ),
        (
            request(
                VERSION,
                IMPRINT,
                tlv(0xA0, tlv(0x30, b"\x06\x01\x2a", b"\x01\x01\x00", b"\x04\x00")),
            ),
            "critical is present",
        ),
        (b"\x30\x84\x00\x00\x00\x05" + VERSION + b"\x30\x00", "not minimally encoded"),
        (b"\x30\x85\x00\x00\x00\x00\x05" + VERSION + NULL, "a length that DER does not allow"),
        (b"\x30\x82\x01", "a length that DER does not allow"),
        (b"\x30\x7f" + VERSION, "cut short"),
    ],
)
def test_what_is_not_der_is_told(data: bytes, sentence: str) -> None:
    with pytest.raises(Rejection, match=sentence) as caught:
        parse_request(data)
    assert caught.value.failure is Failure.BAD_DATA_FORMAT


def test_another_version_is_told_whatever_follows() -> None:
    for data in (request(b"\x02\x01\x02", IMPRINT), request(b"\x02\x01\x02", b"anything")):
        with pytest.raises(Rejection, match="only version 1") as caught:
            parse_request(data)
        assert caught.value.failure is Failure.BAD_REQUEST


def test_the_longest_request() -> None:
    room = 64 * 1024 - len(query()) - 8
    longest = query(nonce=2 ** (8 * room - 2))
    assert 64 * 1024 - 8 <= len(longest) <= 64 * 1024
    assert parse_request(longest).nonce is not None
    with pytest.raises(Rejection, match="longer than 65536 bytes"):
        parse_request(query(nonce=2 ** (8 * room + 64)))
