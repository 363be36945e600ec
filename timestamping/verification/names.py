"""What people call the subject of a certificate or the tsa field of a token."""

from __future__ import annotations

from typing import Final

from timestamping.verification import der
from timestamping.verification.der import DerError, Node

_COMMON_NAME: Final = "2.5.4.3"
_ORGANISATION: Final = "2.5.4.10"
_DIRECTORY_NAME: Final = 0xA4


def name_for_people(name: bytes) -> str:
    """The common name in the DER of a Name, else its organisation, else nothing."""
    try:
        node = der.outer(name)
        values = dict(_attributes(node))
    except (ValueError, IndexError):  # DerError and UnicodeDecodeError are ValueErrors
        return ""
    return values.get(_COMMON_NAME) or values.get(_ORGANISATION) or ""


def general_name_for_people(general_name: bytes) -> str:
    """The same for a GeneralName; only directory names have people's names in them."""
    try:
        node = der.outer(general_name)
        inner = der.split(node)
    except DerError:
        return ""
    return name_for_people(inner[0].raw) if node.tag == _DIRECTORY_NAME and inner else ""


def _attributes(name: Node) -> list[tuple[str, str]]:
    pairs = []
    for relative in der.split(name):
        for attribute in der.split(relative):
            kind, value = der.split(attribute)[:2]
            pairs.append((der.oid(kind), _text(value)))
    return pairs


def _text(node: Node) -> str:
    if node.tag == 0x1E:  # BMPString
        return node.content.decode("utf-16-be")
    return node.content.decode("latin-1" if node.tag == 0x14 else "utf-8")
