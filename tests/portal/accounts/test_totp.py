"""Codes of authenticator apps against the RFCs' own examples."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts import totp

SECRET = b"12345678901234567890"
#: RFC 4226 appendix D
HOTP = [
    *("755224", "287082", "359152", "969429", "338314"),
    *("254676", "287922", "162583", "399871", "520489"),
]
#: RFC 6238 appendix B, SHA1 column, its last six digits
TOTP = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}


def test_rfc_4226_appendix_d() -> None:
    assert [totp.code_at(SECRET, step) for step in range(10)] == HOTP


@pytest.mark.parametrize(("seconds", "code"), TOTP.items())
def test_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert totp.code_at(SECRET, totp.step_of(seconds)) == code


@given(st.binary(min_size=20, max_size=20), st.integers(90, 2**40))
def test_neighbouring_steps_are_taken_and_no_others(secret: bytes, seconds: int) -> None:
    now = totp.step_of(seconds)
    for distance in range(-3, 4):
        step = now + distance
        found = totp.matching_step(secret, totp.code_at(secret, step), seconds)
        if abs(distance) <= 1:
            assert found is not None
        else:  # another step may have the same code by chance, never a far one
            assert found is None or abs(found - now) <= 1


@given(st.text(max_size=80))
def test_whatever_is_typed_is_only_compared(text: str) -> None:
    found = totp.matching_step(SECRET, text, 59)
    assert found is None or text in HOTP


def test_the_uri_apps_read() -> None:
    uri = urlsplit(totp.provisioning_uri(SECRET, "li.na@example.com", "公证 & Co: 1"))
    said = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/公证 & Co: 1:li.na@example.com"
    assert said["issuer"] == ["公证 & Co: 1"]
    assert base64.b32decode(said["secret"][0]) == SECRET
    assert (said["digits"], said["period"], said["algorithm"]) == (["6"], ["30"], ["SHA1"])


def test_the_secret_for_typing_is_the_same() -> None:
    assert base64.b32decode(totp.typed_secret(SECRET).replace(" ", "")) == SECRET
    assert len(totp.new_secret()) == 20
