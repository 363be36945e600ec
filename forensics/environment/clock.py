"""Checks of the clock, against time servers (RFC 5905) and against a time-stamp (RFC 3161)."""

from __future__ import annotations

import ctypes
import secrets
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from forensics.environment.result import Result
from forensics.environment.view import Undecided, View, judge

#: Seconds between 1900 (NTP's epoch) and 1970.
_NTP_EPOCH: Final = 2_208_988_800
_SECONDS: Final = 0.8
#: A time-stamp older than this says nothing of the clock now, in seconds.
_FRESH: Final = 3600
#: adjtimex(2): the kernel's own word that nothing disciplines its clock.
_TIME_ERROR: Final = 5


@dataclass(frozen=True, slots=True)
class Offset:
    """This clock minus the other, in seconds, known to within ``error``."""

    seconds: float
    error: float
    server: str


def check_clock_ntp(view: View) -> Result:
    """The clock agrees with a time server's. Of several, the one nearest by counts."""
    name, target = "clock-ntp", view.target
    if not target.ntp_servers:
        raise Undecided("nothing-expected")
    with ThreadPoolExecutor(4) as pool:
        answers = [each for each in pool.map(_ask_or_none, target.ntp_servers[:4]) if each]
    if not answers:
        raise Undecided("no-time-server")
    best = min(answers, key=lambda each: each.error)
    good = abs(best.seconds) <= target.clock_tolerance + best.error
    data = {
        "servers": [[each.server, f"{each.seconds:+.6f}", f"{each.error:.6f}"] for each in answers],
        "disciplined": _disciplined(),
    }
    return judge(
        name,
        good,
        "clock",
        found=f"{best.seconds:+.3f} s ± {best.error:.3f} s ({best.server})",
        expected=f"≤ {target.clock_tolerance:g} s",
        data=data,
    )


def check_clock_tsa(view: View) -> Result:
    """The clock agrees with what a time-stamping authority has just signed."""
    name, target, word = "clock-tsa", view.target, view.target.attested
    if word is None:
        raise Undecided("nothing-expected")
    trip = (word.received - word.sent).total_seconds()
    age = (datetime.now(UTC) - word.received).total_seconds()
    if trip < 0 or not -target.clock_tolerance <= age <= _FRESH:
        raise Undecided("stale-time-stamp")
    middle = word.sent + (word.received - word.sent) / 2
    offset, error = (middle - word.gen_time).total_seconds(), trip / 2 + word.accuracy
    good = abs(offset) <= target.clock_tolerance + error
    data = {
        "gen_time": word.gen_time.isoformat(),
        "sent": word.sent.isoformat(),
        "received": word.received.isoformat(),
        "authority": word.authority,
    }
    return judge(
        name,
        good,
        "clock",
        found=f"{offset:+.3f} s ± {error:.3f} s",
        expected=f"≤ {target.clock_tolerance:g} s",
        data=data,
    )


def _ask_or_none(server: str) -> Offset | None:
    try:
        return ask_ntp(server)
    except (OSError, ValueError):
        return None


def ask_ntp(server: str) -> Offset:
    """One question by SNTP (RFC 5905 §14) to ``"192.0.2.1"`` or ``"192.0.2.1:123"``.

    Raises:
        OSError, ValueError: no answer, or none that may be used.
    """
    host, _, port = server.partition(":")
    nonce = secrets.token_bytes(8)  # §14: any transmit time-stamp; one nobody can guess
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(_SECONDS)
        probe.connect((host, int(port or 123)))
        sent, began = time.time(), time.monotonic()
        probe.send(struct.pack(">B39x8s", 0x23, nonce))
        answer = probe.recv(1024)
        trip = time.monotonic() - began
    if len(answer) < 48 or answer[24:32] != nonce:
        raise ValueError("no answer to the question")
    leap, mode, stratum = answer[0] >> 6, answer[0] & 7, answer[1]
    if mode != 4 or leap == 3 or not 1 <= stratum <= 15:
        raise ValueError("the server does not know the time")
    delay, dispersion = (value / 65536 for value in struct.unpack(">II", answer[4:12]))
    received, transmitted = (_ntp_time(answer[at : at + 8], sent) for at in (32, 40))
    offset = ((sent - received) + (sent + trip - transmitted)) / 2
    error = max(0.0, trip - (transmitted - received)) / 2 + delay / 2 + dispersion
    return Offset(offset, error, server)


def _ntp_time(field: bytes, near: float) -> float:
    """Seconds since 1970, in the era (of 2³² seconds) nearest to ``near``."""
    seconds, fraction = struct.unpack(">II", field)
    since: float = float(seconds) - _NTP_EPOCH + fraction / 2**32
    era: int = round((near - since) / 2**32)
    return since + era * 4294967296.0


def _disciplined() -> bool:
    return bool(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) != _TIME_ERROR)
