"""Time-based one-time passwords: RFC 6238 over RFC 4226, with SHA-1, six digits and 30 seconds,
which is what every authenticator app understands."""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from typing import Final
from urllib.parse import quote

STEP_SECONDS: Final = 30
DIGITS: Final = 6
#: RFC 4226 §4 R6: at least 128 bits, 160 recommended
SECRET_BYTES: Final = 20
#: RFC 6238 §5.2: one step back and forth for slow typists and clocks that are off
_WINDOW: Final = 1


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of one time step (RFC 4226 §5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = mac[-1] & 0x0F
    number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(seconds: float) -> int:
    """The time step a Unix time falls into."""
    return int(seconds) // STEP_SECONDS


def matching_step(secret: bytes, code: str, seconds: float) -> int | None:
    """The step whose code this is, among those acceptable at this time; None when it is of none.

    Every candidate is compared, in constant time each, so that the time taken says nothing.
    """
    now, found = step_of(seconds), None
    for step in range(now - _WINDOW, now + _WINDOW + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found


def typed_secret(secret: bytes) -> str:
    """The secret for typing, in groups of four base32 letters."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def provisioning_uri(secret: bytes, account: str, issuer: str) -> str:
    """What the QR code says (the Key Uri Format of Google Authenticator)."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    key = base64.b32encode(secret).decode()
    return (
        f"otpauth://totp/{label}?secret={key}&issuer={quote(issuer, safe='')}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    )
