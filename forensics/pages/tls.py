"""The certificates that servers showed, as the browser saw them."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from forensics.pages.bounds import line, mapping, number
from forensics.pages.exchange import Exchange

_MAX_CHAIN: Final = 10
_MAX_CERTIFICATE: Final = 64 << 10


def origin(address: str) -> str:
    """``https://host:port`` of an https address, ``""`` for others."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"https://{parts.netloc.rpartition('@')[2]}" if parts.scheme == "https" else ""


def shown(exchange: Exchange) -> tuple[str, ...]:
    """What makes a server's certificate another one; empty where no TLS was told of."""
    security = exchange.response.get("securityDetails")
    where = origin(exchange.address)
    if not isinstance(security, dict) or not where:
        return ()
    names = ("subjectName", "issuer", "validFrom", "validTo")
    remote = line(exchange.response.get("remoteIPAddress"), 60)
    return (where, remote, *(line(security.get(name), 200) for name in names))


def chain(answer: Mapping[str, Any]) -> list[bytes]:
    """Certificates (DER), the server's first, as ``Network.getCertificate`` answers them.

    Raises:
        ValueError: no such answer.
    """
    values = answer.get("tableNames")
    if not isinstance(values, list) or not values:
        raise ValueError("no certificates")
    try:
        found = [
            base64.b64decode(str(each)[: 2 * _MAX_CERTIFICATE]) for each in values[:_MAX_CHAIN]
        ]
    except binascii.Error as error:
        raise ValueError("no certificates") from error
    return found


def describe(exchange: Exchange, certificates: list[bytes], at: datetime) -> dict[str, Any]:
    """A line of ``tls.jsonl``."""
    security = mapping(exchange.response.get("securityDetails"))
    return {
        "at": at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "origin": origin(exchange.address),
        "address": line(exchange.response.get("remoteIPAddress"), 60),
        "port": int(number(exchange.response.get("remotePort"))),
        "protocol": line(security.get("protocol"), 40),
        "key_exchange": line(security.get("keyExchangeGroup") or security.get("keyExchange"), 60),
        "cipher": line(security.get("cipher"), 60),
        "state": line(exchange.response.get("securityState"), 40),
        "transparency": line(security.get("certificateTransparencyCompliance"), 60),
        "chain": [_certificate(each) for each in certificates],
    }


def _certificate(der: bytes) -> dict[str, Any]:
    value: dict[str, Any] = {
        "sha256": hashlib.sha256(der).hexdigest(),
        "der": base64.b64encode(der).decode(),
    }
    try:
        parsed = x509.load_der_x509_certificate(der)
        value |= {
            "subject": line(parsed.subject.rfc4514_string(), 400),
            "issuer": line(parsed.issuer.rfc4514_string(), 400),
            "serial": f"{parsed.serial_number:x}",
            "not_before": parsed.not_valid_before_utc.isoformat(),
            "not_after": parsed.not_valid_after_utc.isoformat(),
        }
    except ValueError:
        value["problem"] = "it cannot be parsed"
    return value


def pem(certificates: list[bytes]) -> bytes:
    """The chain for people's tools; certificates that cannot be parsed are left out."""
    parts = []
    for der in certificates:
        try:
            parts.append(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
        except ValueError:
            continue
    return b"".join(parts)


def append(path: Path, value: Mapping[str, Any]) -> None:
    """Add one line (RFC 8785) to a file of lines."""
    with path.open("ab") as file:
        file.write(rfc8785.dumps(dict(value)) + b"\n")
