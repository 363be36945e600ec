"""What stands beside an entry and is never recorded in it, so that others can examine it.

An entry commits to a token, a depositor's key and perhaps a public content by their digests alone.
Deposit nodes judge the things themselves, and get them as supplements.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chain_adapter._strict import base64, require_fields, unbase64
from chain_adapter.entry import Entry
from chain_adapter.errors import InvalidEntry
from chain_adapter.keys import key_id_of

#: Longest token and longest public content, bytes.
MAX_TOKEN: Final = 64 * 1024
MAX_CONTENT: Final = 64 * 1024
#: Longest key: a certificate.
MAX_KEY: Final = 8192
_LIMITS: Final = {"token": MAX_TOKEN, "depositor": MAX_KEY, "content": MAX_CONTENT}


@dataclass(frozen=True, slots=True)
class Supplement:
    """``token`` is the DER of the RFC 3161 token (a ContentInfo) whose SHA-256 the entry holds;
    ``depositor`` the key that ``by`` names, 32 raw bytes of Ed25519 or the DER of a certificate,
    empty when it names none; ``content`` the bytes the entry's digests are of, for kinds whose
    content is public, else empty.

    Raises:
        InvalidEntry: a field is too long, or there is no token.
    """

    token: bytes
    depositor: bytes = b""
    content: bytes = b""

    def __post_init__(self) -> None:
        if not self.token:
            raise InvalidEntry("token", "a supplement brings the token")
        for name, limit in _LIMITS.items():
            if len(getattr(self, name)) > limit:
                raise InvalidEntry(name, f"more than {limit} bytes beside an entry")

    def require_of(self, entry: Entry) -> None:
        """Whether all of it belongs to ``entry``. What it is worth, nodes decide.

        Raises:
            InvalidEntry: naming the field that belongs elsewhere.
        """
        if hashlib.sha256(self.token).digest() != entry.token:
            raise InvalidEntry("token", f"the token beside {entry.key} is another's")
        if self.depositor and key_id_of(self.depositor) != entry.by:
            raise InvalidEntry("depositor", f"the key beside {entry.key} is not that of {entry.by}")
        if self.content and not self.holds_content_of(entry):
            raise InvalidEntry("content", f"the content beside {entry.key} has another digest")

    def holds_content_of(self, entry: Entry) -> bool:
        """Whether ``content`` has the SHA-256 digest that ``entry`` names."""
        digest = hashlib.sha256(self.content).digest()
        return any(each.algorithm == "sha256" and each.value == digest for each in entry.digests)

    def to_object(self) -> dict[str, str]:
        """For JSON: every field in base64, empty ones as empty text."""
        return {name: base64(getattr(self, name)) for name in _LIMITS}

    @classmethod
    def from_object(cls, value: Any) -> Supplement:
        """Read what :meth:`to_object` writes; exactly these fields, each in its one spelling.

        Raises:
            InvalidEntry: naming the field.
        """
        if not isinstance(value, Mapping):
            raise InvalidEntry("supplement", "must be an object")
        try:
            require_fields(value, frozenset(_LIMITS))
        except KeyError as error:
            raise InvalidEntry(str(error.args[0])[:40], "is missing or unknown") from error
        return cls(**{name: _read(value[name], name) for name in _LIMITS})


def _read(value: Any, name: str) -> bytes:
    if not isinstance(value, str) or len(value) > 4 * _LIMITS[name] // 3 + 4:
        raise InvalidEntry(name, "must be text of bounded length")
    try:
        return unbase64(value)
    except ValueError as error:
        raise InvalidEntry(name, str(error)) from error
