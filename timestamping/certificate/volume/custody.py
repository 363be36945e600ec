"""An extract of the custody log: the entries about one matter, each with the hash it was given.

RFC 8785::

    {"schema": "notary/custody-extract/v1", "matter", "subjects": [...], "head": {"size", "hash"},
     "entries": [{"seq", "at", "actor_id", "actor_name", "roles", "address", "via", "action",
                  "subject", "detail", "previous", "hash"}, …]}

The log is one chain over everything the portal does: each entry's ``hash`` is SHA-256 over
``notary/audit/v1\\n`` and the RFC 8785 form of its other fields, the previous entry's hash among
them. Of an extract each entry can be hashed again, and neighbours are linked; what stood between
is not here. ``head`` is where the log ended then: the whole log is anchored on the ledger daily.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chain_adapter.canonical import canonical_json, read_canonical
from timestamping.certificate.volume.errors import BadCustody

SCHEMA: Final = "notary/custody-extract/v1"
_DOMAIN: Final = b"notary/audit/v1\n"
_FIELDS: Final = frozenset(
    {
        *("seq", "at", "actor_id", "actor_name", "roles", "address", "via", "action", "subject"),
        *("detail", "previous", "hash"),
    }
)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
#: No extract is longer, bytes.
MAX_CUSTODY: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class Custody:
    """An extract that was read; nothing of it is verified but its shape."""

    matter: str
    subjects: tuple[str, ...]
    size: int
    head: str
    entries: tuple[Mapping[str, Any], ...]


def custody_document(
    matter: str,
    subjects: Iterable[str],
    head: tuple[int, str],
    entries: Iterable[Mapping[str, Any]],
) -> bytes:
    """The extract; ``entries`` are whole rows of the log, ``at`` as text in UTC, in any order."""
    ordered = sorted((dict(each) for each in entries), key=lambda each: int(each["seq"]))
    return canonical_json(
        {
            "schema": SCHEMA,
            "matter": matter,
            "subjects": sorted(subjects),
            "head": {"size": head[0], "hash": head[1]},
            "entries": ordered,
        }
    )


def read_custody(data: bytes) -> Custody:
    """Exactly what :func:`custody_document` writes.

    Raises:
        BadCustody: naming what is wrong.
    """
    if len(data) > MAX_CUSTODY:
        raise BadCustody(f"an extract has at most {MAX_CUSTODY} bytes")
    try:
        value = read_canonical(data)
    except ValueError as error:
        raise BadCustody("the extract is not JSON") from error
    if value is None or value.get("schema") != SCHEMA:
        raise BadCustody(f"the extract is not {SCHEMA} in canonical form (RFC 8785)")
    head, subjects, entries = value.get("head"), value.get("subjects"), value.get("entries")
    if value.keys() != {"schema", "matter", "subjects", "head", "entries"}:
        raise BadCustody("the extract has other fields than it must")
    if (
        not isinstance(head, dict)
        or head.keys() != {"size", "hash"}
        or type(head["size"]) is not int
    ):
        raise BadCustody("the extract does not say where the log ended")
    if not isinstance(subjects, list) or not isinstance(entries, list) or not entries:
        raise BadCustody("the extract lacks its subjects or its entries")
    if not _texts(subjects):
        raise BadCustody("the extract lacks its subjects or its entries")
    found = tuple(_entry(each) for each in entries)
    return Custody(str(value["matter"]), tuple(subjects), head["size"], str(head["hash"]), found)


def hash_of(entry: Mapping[str, Any]) -> str:
    """The hash that an entry must have."""
    covered = {name: value for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(_DOMAIN + canonical_json(covered)).hexdigest()


def _entry(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict) or value.keys() != _FIELDS or type(value["seq"]) is not int:
        raise BadCustody("an entry of the extract has other fields than it must")
    if not _texts([value[name] for name in sorted(_FIELDS - {"seq"})]):
        raise BadCustody(f"entry {value['seq']} of the extract holds something else than text")
    if not all(_HASH.fullmatch(value[name]) for name in ("previous", "hash")):
        raise BadCustody(f"entry {value['seq']} of the extract has no hash")
    return value


def _texts(values: Sequence[Any]) -> bool:
    return all(isinstance(each, str) for each in values)
