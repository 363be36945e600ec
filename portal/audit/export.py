"""The custody log as files that others read: a table for people, lines for programs.

The lines (``custody-log.jsonl``, one JSON object each) are made for being verified elsewhere:

* first ``{"kind":"head", …}``: which log, how many entries it has, and the last one's hash;
* then ``{"kind":"entry","entry":{…}}`` for each entry, with every column as it was hashed;
* then, with the whole log, ``{"kind":"anchor", …}`` for each head on the ledger: the stamped text,
  the token, the ledger's entry, receipt and proof.

``docs/verify_custody_log.py`` verifies such a file with Python's standard library alone.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any, Final

import rfc8785

from portal.audit.heads import head_of, head_text
from portal.audit.models import AuditAnchor, AuditEntry
from portal.audit.service import Head, canonical
from portal.sheets import Cell, csv_pieces
from timestamping.stored import from_text

#: Column names of the table; programs know them, so they stay English.
HEADER: Final = (
    "number",
    "time (UTC)",
    "who",
    "who (id)",
    "roles",
    "from where",
    "by which way",
    "what",
    "about",
    "details",
    "hash",
)
_FORMAT: Final = "notary/custody-log/v1"

Row = Mapping[str, Any]


def as_table(entries: Iterable[Row]) -> Iterator[bytes]:
    """CSV; see :mod:`portal.sheets`."""
    return csv_pieces(HEADER, map(_cells, entries))


def as_lines(
    head: Head, entries: Iterable[Row], anchors: Iterable[AuditAnchor], *, whole: bool
) -> Iterator[bytes]:
    """JSON lines. ``whole`` says that nothing is left out, so that links can be checked."""
    about = {"kind": "head", "format": _FORMAT, "size": head.size, "hash": head.hash}
    yield _line(about | {"whole": whole})
    for entry in entries:
        yield _line({"kind": "entry", "entry": canonical(entry) | {"hash": entry["hash"]}})
    for anchor in anchors:
        yield _line(_anchor(anchor))


def _cells(entry: Row) -> list[Cell]:
    return [
        entry["seq"],
        entry["at"].astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        entry["actor_name"],
        entry["actor_id"],
        entry["roles"],
        entry["address"],
        entry["via"],
        entry["action"],
        entry["subject"],
        _spoken(entry["detail"]),
        entry["hash"],
    ]


def _spoken(detail: str) -> str:
    """``{"what":"letter"}`` → ``what: letter``; an empty one → nothing."""
    values = json.loads(detail)
    return "; ".join(f"{key}: {value}" for key, value in values.items())


def _anchor(anchor: AuditAnchor) -> dict[str, Any]:
    token = from_text(anchor.stamps) if anchor.stamps else None
    tokens = (token, *token.also) if token else ()
    return {
        "kind": "anchor",
        "id": anchor.id,
        "state": anchor.state,
        "head": head_text(head_of(anchor)).decode(),
        "salt": anchor.salt.hex(),
        "tokens": [b64encode(each.response()).decode() for each in tokens],
        "entry": (anchor.entry or b"").decode(),
        "receipt": anchor.receipt or "",
        "proof": anchor.proof or "",
    }


def _line(value: dict[str, Any]) -> bytes:
    return rfc8785.dumps(value) + b"\n"


def row_of(entry: AuditEntry) -> Row:
    """An entry's columns by name."""
    return {column.name: getattr(entry, column.name) for column in AuditEntry.__table__.columns}
