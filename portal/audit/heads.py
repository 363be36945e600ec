"""A head of the custody chain as evidence: the canonical text that is stamped and recorded.

The text is the RFC 8785 form of three members::

    {"hash":"<64 hex>","schema":"notary/custody-head/v1","size":<number of entries>}

Its SHA-256 is what the time-stamp token is over and what the ledger entry of kind
``custody-head`` holds, so ``sha256sum`` and ``openssl ts -verify -data`` check a file with this
text as they check any other.
"""

from __future__ import annotations

from typing import Final

import rfc8785

from chain_adapter import Digest, Entry, EntryKey, digest_of, meta_digest
from portal.audit.models import AuditAnchor
from portal.audit.service import Head
from timestamping.token import Token

KIND: Final = "custody-head"
_SCHEMA: Final = "notary/custody-head/v1"
#: whose log it is: the platform's own
_BY: Final = "custody-log"


def head_record(head: Head) -> dict[str, str | int]:
    """What the ledger entry commits to beside the digest."""
    return {"schema": _SCHEMA, "size": head.size, "hash": head.hash}


def head_text(head: Head) -> bytes:
    """The canonical text."""
    return rfc8785.dumps(head_record(head))


def head_digest(head: Head) -> Digest:
    """SHA-256 of the canonical text."""
    return digest_of(head_text(head))


def head_of(anchor: AuditAnchor) -> Head:
    return Head(anchor.size, anchor.hash)


def new_entry(anchor: AuditAnchor, token: Token, key: EntryKey) -> Entry:
    """The signed entry of an anchor whose token has just been verified."""
    return key.sign(unsigned_entry(anchor, token, key.key_id))


def unsigned_entry(anchor: AuditAnchor, token: Token, platform: str) -> Entry:
    """What the entry of this anchor and token says, whoever signs it."""
    head = head_of(anchor)
    return Entry(
        kind=KIND,
        id=anchor.id,
        digests=(head_digest(head),),
        token=token.sha256,
        meta=meta_digest(anchor.salt, head_record(head)),
        by=_BY,
        platform=platform,
    )
