"""What people type or scan: a number, a digest, or the address a QR code holds."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from chain_adapter import Digest, InvalidDigest
from portal.certificates.numbers import Number
from portal.problems import BadInput

_DIGITS: Final = 64
#: The longest question read; the address of a letter with room to spare.
LONGEST: Final = 200
_PREFIX: Final = re.compile(r"sha-?256\s*[:=]?\s*", re.IGNORECASE)
_APART: Final = re.compile(r"[\s:·.\-]")
_IN_ADDRESS: Final = re.compile(r"/(?:verify|v)/([^/?#]+)")
Kind = Literal["digest", "certificate", "number"]


@dataclass(frozen=True, slots=True)
class Question:
    """``text`` as whoever answers reads it: 64 hexadecimal digits, ``2026-DEMO-000123``, or the
    number or short code of a letter as it was typed."""

    kind: Kind
    text: str


def read_question(text: str) -> Question:
    """A question as it was typed, pasted or scanned.

    Raises:
        BadInput: as long as a digest but none.
    """
    plain = _without_address(unicodedata.normalize("NFKC", text[:LONGEST]).strip())
    # Printed digests stand in groups; "sha256:" is how programs print them.
    digits = _APART.sub("", _PREFIX.sub("", plain, count=1)).lower()
    if len(digits) == _DIGITS:
        return Question("digest", read_digest(digits).hex)
    number = Number.read(plain)
    if number is not None:
        return Question("certificate", str(number))
    return Question("number", plain)


def read_digest(text: str) -> Digest:
    """A SHA-256.

    Raises:
        BadInput: not 64 hexadecimal digits.
    """
    try:
        return Digest.parse("sha256", text.strip().lower())
    except InvalidDigest as error:
        message = "A SHA-256 has 64 characters from 0–9 and a–f."
        raise BadInput("digest", message, field="sha256") from error


def _without_address(text: str) -> str:
    """The number in an address such as ``https://…/verify/NE20261121-7K3M9QXT``; wherever it leads,
    nothing but the number is looked at."""
    if "/" not in text:
        return text
    try:
        path = _IN_ADDRESS.search(urlsplit(text).path if "://" in text else text)
    except ValueError:  # brackets around no address
        return text
    return unquote(path[1]).strip() if path else text
