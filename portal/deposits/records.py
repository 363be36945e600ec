"""What a deposit commits to beside its digests, in one canonical form with a salt."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from chain_adapter.canonical import canonical_json
from portal.deposits.filenames import MAX_NAME
from portal.texts import storable, within

MAX_TITLE: Final = 200
MAX_NOTE: Final = 4000
_MAX_MEDIA_TYPE: Final = 200
_SCHEMA: Final = "notary/deposit/v1"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the depositor says about the content. Kept character for character, so that what was
    committed to is what was said.

    Raises:
        BadInput: naming the field.
    """

    title: str = ""
    note: str = ""
    filename: str = ""
    media_type: str = ""

    def __post_init__(self) -> None:
        _check("title", self.title, MAX_TITLE)
        _check("note", self.note, MAX_NOTE)
        _check("filename", self.filename, MAX_NAME)
        _check("media_type", self.media_type, _MAX_MEDIA_TYPE)

    def fields(self) -> dict[str, str]:
        return {
            "title": self.title,
            "note": self.note,
            "filename": self.filename,
            "media_type": self.media_type,
        }


def record_of(
    metadata: Metadata,
    *,
    kind: str,
    size: int | None,
    depositor: str,
    files: Mapping[str, Any] | None = None,
    scheme: str | None = None,
) -> dict[str, Any]:
    """The metadata the ledger entry commits to: what was said, what was seen, by whom.

    ``depositor`` is the pseudonym, so that showing the record names nobody. ``files``, of a folder:
    ``count``, and ``seen``: whether the platform received every one of them. ``scheme`` says whose
    key the depositor signed with, when they did (:data:`portal.signing.models.SCHEMES`).
    """
    more: dict[str, Any] = {} if files is None else {"files": dict(files)}
    return (
        more
        | ({} if scheme is None else {"signed": scheme})
        | {
            "schema": _SCHEMA,
            "kind": kind,
            "size": size,
            "depositor": depositor,
            **metadata.fields(),
        }
    )


@lru_cache(maxsize=1024)  # it never changes, and some depositors come by the thousand
def pseudonym(secret: bytes, owner_id: str) -> str:
    """The platform's name for a depositor on ledgers: the same for all their deposits, and without
    ``secret`` (32 bytes) nobody can tell whose."""
    digest = hmac.digest(secret, b"notary/depositor/v1\n" + owner_id.encode(), hashlib.sha256)
    return f"user:{digest.hex()[:32]}"


def fingerprint(request: dict[str, Any]) -> str:
    """SHA-256 of the canonical form of what a request asks for."""
    return hashlib.sha256(canonical_json(request)).hexdigest()


def _check(field: str, text: str, limit: int) -> None:
    if not text:
        return
    within(field, text, limit)
    storable(field, text)
