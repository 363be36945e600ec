"""What a letter carries inside: the evidence itself, so that the letter alone can be verified."""

from __future__ import annotations

from typing import Any

import rfc8785

from timestamping.letter.data import LetterData
from timestamping.package_files import (
    ANCHORS,
    FACTS,
    FILE_LIST,
    LETTER_SCHEMA,
    further_attached,
)


def metadata_document(data: LetterData) -> bytes:
    """``ledger/metadata.json``: the salt and the canonical metadata ``entry.meta`` commits to."""
    return rfc8785.dumps({"metadata": dict(data.metadata), "salt": data.salt.hex()})


def letter_document(data: LetterData) -> bytes:
    """``letter.json``: the facts by which a program recognises the letter."""
    return rfc8785.dumps(
        {
            "schema": LETTER_SCHEMA,
            "number": data.number,
            "code": data.code,
            "verify": data.verify_url,
            "issued": data.times.issued.isoformat(),
            "digests": {digest.algorithm: digest.hex for digest in data.entry.digests},
            "tokens": [token.sha256.hex() for token in (data.token, *data.token.also)],
            "entry": data.receipt.entry_hash.hex(),
        }
    )


def attachments(data: LetterData) -> list[dict[str, Any]]:
    """Associated files of the PDF (ISO 19005-3 §6.8), smallest surprise first."""
    rows: list[tuple[str, bytes, str, str, str]] = [
        (FACTS, letter_document(data), "application/json", "data", "Facts of this letter"),
        (
            "token.tsr",
            data.token.response(),
            "application/timestamp-reply",
            "data",
            "RFC 3161 time-stamp response",
        ),
        ("entry.json", data.entry.encode(), "application/json", "data", "Ledger entry"),
        ("receipt.json", data.receipt.to_json(), "application/json", "data", "Ledger receipt"),
        ("proof", data.proof.encode(), "text/plain", "data", "Inclusion proof"),
        (
            "metadata.json",
            metadata_document(data),
            "application/json",
            "data",
            "Metadata and salt",
        ),
        (ANCHORS, data.trust.to_json(), "application/json", "supplement", "Certificates and keys"),
    ]
    if data.files is not None:
        rows.append(
            (FILE_LIST, data.files.encode(), "application/json", "data", "List of the files")
        )
    for number, each in enumerate(data.further, start=2):
        receipt, proof = further_attached(number)
        what = f"ledger {number}, {each.ledger}"
        rows.append(
            (receipt, each.receipt.to_json(), "application/json", "data", f"Receipt of {what}")
        )
        rows.append((proof, each.proof.encode(), "text/plain", "data", f"Proof of {what}"))
    for number, token in enumerate(data.token.also, start=2):
        rows.append(
            (
                f"token-{number}.tsr",
                token.response(),
                "application/timestamp-reply",
                "data",
                "RFC 3161 co-stamp",
            )
        )
    return [
        {
            "name": name,
            "data": _portable(content),
            "mime": mime,
            "relationship": relationship,
            "description": description,
        }
        for name, content, mime, relationship, description in rows
    ]


def _portable(content: bytes) -> str | list[int]:
    """Text as text, anything else as a list of octets: typst takes both for bytes."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return list(content)
