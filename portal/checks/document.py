"""The canonical report of a check, ``notary/check/v1`` (RFC 8785), and what changed between two.

::

    {"schema", "id", "n", "matter", "revision", "begun_at", "started_at", "ended_at", "outcome",
     "subject": {"deposit", "number", "kind", "sha256", "sm3", "size", "files"},
     "inputs": {"tokens": [SHA-256 …], "entry": SHA-256, "entry_hash": RFC 6962 leaf hash,
                "proof": SHA-256, "trust": [{"kind", "name", "value"} …],
                "comparisons": [{"seq", "at", "by", "sha256", "sm3", "name", "path"} …]},
     "versions": {name: version …},
     "groups": {"content" | "time" | "ledger" | "origin":
                {"outcome", "checks": [{"number", "code", "title", "outcome", "detail", "about"}],
                 "facts": {…}}}}

Sizes and roots of the ledgers' checkpoints that were compared stand in the facts of ``ledger``.
"""

from __future__ import annotations

import hashlib
import json
import platform
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import rfc8785
from cryptography.hazmat.backends.openssl.backend import backend

from chain_adapter import Receipt
from chain_adapter.errors import LedgerError
from chain_adapter.merkle import leaf_hash
from portal.checks.evidence import Subject
from portal.checks.shapes import GROUPS, Group, overall
from portal.deposits.evidence import receipts_of, token_of
from timestamping.errors import TimestampError
from timestamping.package_trust import PackageTrust

SCHEMA: Final = "notary/check/v1"
#: What judged: the project and the libraries whose verdicts it relies on.
_LIBRARIES: Final = (
    "notary-evidence-portal",
    "asn1crypto",
    "cryptography",
    "pyhanko",
    "pyhanko-certvalidator",
    "pyrage",
    "rfc3161ng",
    "rfc8785",
    "sqlalchemy",
)
#: Inputs whose change is worth a line; anchors have lines of their own.
_INPUTS: Final = ("tokens", "entry", "entry_hash", "proof", "receipts", "comparisons")


@dataclass(frozen=True, slots=True)
class Run:
    """Which run it was, and when; times are aware."""

    id: str
    n: int
    revision: int
    begun_at: datetime
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was. ``part`` is a group, ``"trust"``, ``"versions"`` or
    ``"inputs"``; ``what`` names it there; empty ``before`` or ``after``: it was not there."""

    part: str
    what: str
    before: str
    after: str

    @property
    def decisive(self) -> bool:
        """Whether a check came out otherwise; anything else only explains why it might have."""
        return self.part in GROUPS


def document_of(
    run: Run, subject: Subject, trust: PackageTrust, groups: Sequence[Group]
) -> dict[str, Any]:
    """The report, ready for :func:`encode`."""
    return {
        "schema": SCHEMA,
        "id": run.id,
        "n": run.n,
        "matter": subject.matter.number,
        "revision": run.revision,
        "begun_at": _instant(run.begun_at),
        "started_at": _instant(run.started_at),
        "ended_at": _instant(run.ended_at),
        "outcome": overall(group.outcome for group in groups),
        "subject": _subject(subject),
        "inputs": _inputs(subject, trust),
        "versions": versions(),
        "groups": {group.name: group.document() for group in groups},
    }


def encode(document: Mapping[str, Any]) -> bytes:
    """RFC 8785."""
    return rfc8785.dumps(dict(document))


def decode(data: bytes) -> dict[str, Any]:
    """Exactly what :func:`encode` wrote.

    Raises:
        ValueError: it is not such a report.
    """
    value = json.loads(data)
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise ValueError(f"the report's schema is not {SCHEMA}")
    if encode(value) != data:
        raise ValueError("the report is not in canonical form (RFC 8785)")
    return value


def groups_of(document: Mapping[str, Any]) -> tuple[Group, ...]:
    """The groups of a report, in their order."""
    found = document["groups"]
    return tuple(Group.of(name, found[name]) for name in GROUPS)


def versions() -> dict[str, str]:
    """The software that judges here and now."""
    found = {"python": platform.python_version(), "openssl": ssl.OPENSSL_VERSION}
    found["openssl (cryptography)"] = backend.openssl_version_text()
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What is not the same in two reports of one matter, the checks first."""
    found = [*_changed_checks(before, after), *_changed_anchors(before, after)]
    for part, name in (("versions", "versions"), ("inputs", "subject")):
        old, new = before[name], after[name]
        found += _changed_values(part, old, new, sorted(old.keys() | new.keys()))
    found += _changed_values("inputs", before["inputs"], after["inputs"], _INPUTS)
    return tuple(found)


def _changed_values(
    part: str, old: Mapping[str, Any], new: Mapping[str, Any], names: Sequence[str]
) -> Iterator[Difference]:
    for name in names:
        if old.get(name) != new.get(name):
            yield Difference(part, name, _text(old.get(name)), _text(new.get(name)))


def _changed_checks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for group in GROUPS:
        old, new = _by_code(before["groups"][group]), _by_code(after["groups"][group])
        for key in [*old, *(key for key in new if key not in old)]:
            was, now = old.get(key, ""), new.get(key, "")
            if was != now:
                yield Difference(group, " · ".join(filter(None, key)), was, now)
        was, now = before["groups"][group]["outcome"], after["groups"][group]["outcome"]
        if was != now:
            yield Difference(group, "", was, now)


def _by_code(group: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    return {(each["code"], each["about"]): each["outcome"] for each in group["checks"]}


def _changed_anchors(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = (
        {(e["kind"], e["value"]): e["name"] for e in x["inputs"]["trust"]} for x in (before, after)
    )
    for key in sorted(old.keys() ^ new.keys()):
        kind, value = key
        name = f"{kind} {old.get(key) or new.get(key)}"
        yield Difference("trust", name, value if key in old else "", value if key in new else "")


def _subject(subject: Subject) -> dict[str, Any]:
    deposit = subject.deposit
    return {
        "deposit": deposit.id,
        "number": deposit.number,
        "kind": deposit.kind,
        "sha256": deposit.sha256,
        "sm3": deposit.sm3,
        "size": deposit.size,
        "files": deposit.file_count,
    }


def _inputs(subject: Subject, trust: PackageTrust) -> dict[str, Any]:
    deposit = subject.deposit
    entry, proof = deposit.entry or b"", (deposit.proof or "").encode()
    return {
        "tokens": _tokens(subject),
        "entry": hashlib.sha256(entry).hexdigest(),
        "entry_hash": leaf_hash(entry).hex(),
        "proof": hashlib.sha256(proof).hexdigest(),
        "receipts": _receipts(subject),
        "trust": [
            {"kind": each.kind, "name": each.name, "value": each.value}
            for each in trust.fingerprints()
        ],
        "comparisons": [asdict(each) | {"at": _instant(each.at)} for each in subject.comparisons],
    }


def _tokens(subject: Subject) -> list[str]:
    try:
        first = token_of(subject.deposit)
    except (TimestampError, ValueError, KeyError, TypeError):
        return []
    return [each.sha256.hex() for each in (first, *first.also)]


def _receipts(subject: Subject) -> dict[str, str]:
    """Ledger id → SHA-256 of its receipt."""
    try:
        found: Mapping[str, Receipt] = receipts_of(subject.deposit)
    except (LedgerError, ValueError, AttributeError):
        return {}
    return {name: hashlib.sha256(each.to_json()).hexdigest() for name, each in found.items()}


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
