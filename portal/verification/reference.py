"""A report that was just made, handed to the visitor instead of being kept here.

The values of a report travel in the page, compressed and under an HMAC-SHA-256 of ours: whoever
sends them back within the hour gets them set in type and sealed. What was uploaded is gone by then.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from datetime import datetime, timedelta
from typing import Any, Final

from portal.problems import BadInput

#: How long a reference is good for.
LIFE: Final = timedelta(hours=1)
#: The longest one taken, characters, and what it may unpack to, bytes.
LONGEST: Final = 256 * 1024
_UNPACKED: Final = 4 * 1024 * 1024
_PURPOSE: Final = b"notary/verification-report/v1"


def sign(values: dict[str, Any], key: bytes, now: datetime) -> str:
    """``values`` as one printable word, dated ``now``."""
    body = json.dumps({"at": now.isoformat(), "values": values}, separators=(",", ":"))
    packed = zlib.compress(body.encode(), 9)
    return base64.urlsafe_b64encode(_mac(key, packed) + packed).decode()


def read(text: str, key: bytes, now: datetime) -> tuple[dict[str, Any], datetime]:
    """What :func:`sign` was given, and when.

    Raises:
        BadInput: not of ours, or too old.
    """
    try:
        data = base64.b64decode(text[:LONGEST].encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused() from error
    mac, packed = data[:32], data[32:]
    # Nothing of it is unpacked before its origin is certain.
    if not hmac.compare_digest(mac, _mac(key, packed)):
        raise _refused()
    body = json.loads(zlib.decompressobj().decompress(packed, _UNPACKED))
    at = datetime.fromisoformat(body["at"])
    if not timedelta(0) <= now - at <= LIFE:
        message = "This reference is older than an hour. Verify again, then take the report."
        raise BadInput("reference_old", message, field="reference")
    return body["values"], at


def _mac(key: bytes, packed: bytes) -> bytes:
    return hmac.new(hmac.digest(key, _PURPOSE, "sha256"), packed, hashlib.sha256).digest()


def _refused() -> BadInput:
    message = "This is no reference to a verification made here."
    return BadInput("reference", message, field="reference")
