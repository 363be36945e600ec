"""``certificate.json``: what a certificate says, for programs.

RFC 8785, schema ``notary/certificate/v1``.

It is attached to the PDF, lies beside it in the deposit, and both are held to be the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785

from chain_adapter.canonical import read_canonical
from timestamping.certificate.data import (
    CertificateData,
    CertificateParty,
    CertifiedDeposit,
    CheckedGroup,
    MachineCheck,
    NotaryPerson,
    Predecessor,
)
from timestamping.certificate.errors import BadRecord
from timestamping.letter.words import Words
from timestamping.pdf.errors import LetterError

SCHEMA: Final = "notary/certificate/v1"
#: No well-formed record is longer, bytes.
MAX_RECORD: Final = 4 << 20
_TEXTS: Final = ("number", "kind", "template", "matter", "purpose", "destination", "language")
_FIELDS: Final = frozenset(_TEXTS) | {
    *("schema", "office", "notary", "second", "issued_at", "parties", "subject", "testimony"),
    *("check", "copies", "predecessor"),
}
_SUBJECT_TEXTS: Final = ("number", "kind", "title", "sha256", "ledger", "letter_sha256")
_SUBJECT: Final = (*_SUBJECT_TEXTS, "sm3", "gen_time", "position")
_PARTY: Final = ("role", "name", "document", "number", "acts_for")
_NOTARY: Final = ("name", "name_en", "licence")
_WORDS: Final = ("zh", "en")
_CHECK: Final = ("sha256", "outcome", "groups", "reasons")
_PREDECESSOR: Final = ("number", "pdf_sha256", "reason")


@dataclass(frozen=True, slots=True)
class RecordedCheck:
    """SHA-256 of ``check.json`` (hexadecimal), what it came to, and by group outcome and reason."""

    sha256: str
    outcome: str
    groups: Mapping[str, str]
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A record that was read; see :class:`CertificateData` for its fields."""

    number: str
    kind: str
    template: str
    office: Words
    notary: NotaryPerson
    second: NotaryPerson | None
    issued_at: datetime
    matter: str
    purpose: str
    destination: str
    language: str
    parties: tuple[CertificateParty, ...]
    subject: CertifiedDeposit
    testimony: Words
    check: RecordedCheck | None
    copies: int
    predecessor: Predecessor | None


def record_document(data: CertificateData) -> bytes:
    """The record of ``data``.

    Raises:
        LetterError: a draft without a number has none.
    """
    if not data.number:
        raise LetterError("a certificate has a number", field="number")
    return rfc8785.dumps(_value(data))


def draft_document(data: CertificateData) -> bytes:
    """The same of a draft, whose number may be empty; never to be taken for a record."""
    return rfc8785.dumps({**_value(data), "schema": f"{SCHEMA}-draft"})


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, with what fraction there is.

    >>> stamp(datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    '2026-11-21T09:00:00Z'
    """
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _value(data: CertificateData) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "number": data.number,
        "kind": data.kind,
        "template": data.template,
        "office": _plain(data.office, _WORDS),
        "notary": _plain(data.notary, _NOTARY),
        "second": None if data.second is None else _plain(data.second, _NOTARY),
        "issued_at": stamp(data.issued_at),
        "matter": data.matter,
        "purpose": data.purpose,
        "destination": data.destination,
        "language": data.language,
        "parties": [_plain(each, _PARTY) for each in data.parties],
        "subject": {**_plain(data.subject, _SUBJECT), "gen_time": stamp(data.subject.gen_time)},
        "testimony": _plain(data.testimony, _WORDS),
        "check": None if data.check is None else _check(data.check),
        "copies": data.copies,
        "predecessor": None if data.predecessor is None else _plain(data.predecessor, _PREDECESSOR),
    }


def _check(check: MachineCheck) -> dict[str, Any]:
    return {
        "sha256": hashlib.sha256(check.document).hexdigest(),
        "outcome": check.outcome,
        "groups": {each.group: each.outcome for each in check.groups},
        "reasons": {each.group: each.reason for each in check.groups if each.reason},
    }


def _plain(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def read_record(data: bytes) -> CertificateRecord:
    """Exactly what :func:`record_document` writes, nothing more lenient.

    Raises:
        BadRecord: naming what is wrong.
    """
    if len(data) > MAX_RECORD:
        raise BadRecord(f"a certificate's record has at most {MAX_RECORD} bytes")
    try:
        value = read_canonical(data)
    except ValueError as error:
        raise BadRecord("the certificate's record cannot be read") from error
    if value is None:
        raise BadRecord("the certificate's record is not in canonical form (RFC 8785)")
    _object(value, _FIELDS, "record")
    if value["schema"] != SCHEMA:
        raise BadRecord(f"the record's schema is not {SCHEMA}", field="schema")
    try:
        return _record(value)
    except LetterError as error:
        raise BadRecord(
            f"the record's {error.field} is wrong: {error}", field=error.field
        ) from None


def _record(value: dict[str, Any]) -> CertificateRecord:
    """The values, judged by the same rules as those of a new certificate."""
    check = None if value["check"] is None else _read_check(value["check"])
    texts = {name: _string(value, name) for name in _TEXTS}
    if not texts["number"]:
        raise BadRecord("the record has no number", field="number")
    fields: dict[str, Any] = {
        **texts,
        "office": _words(value, "office"),
        "notary": _person(value["notary"], "notary"),
        "second": None if value["second"] is None else _person(value["second"], "second"),
        "issued_at": _moment(value, "issued_at"),
        "parties": _parties(value["parties"]),
        "subject": _deposit(value["subject"]),
        "testimony": _words(value, "testimony"),
        "copies": _integer(value, "copies"),
        "predecessor": _before(value["predecessor"]),
    }
    # Constructing it applies the rules; the check's bytes and the address are not in a record.
    CertificateData(**fields, check=_as_checked(check), verify_url="-")
    return CertificateRecord(**fields, check=check)


def _as_checked(check: RecordedCheck | None) -> MachineCheck | None:
    if check is None:
        return None
    groups = sorted(check.groups.items(), key=lambda item: _ORDER.get(item[0], 9))
    rows = (CheckedGroup(name, how, reason=check.reasons.get(name, "")) for name, how in groups)
    return MachineCheck(b"", check.outcome, tuple(rows))


_ORDER: Final = {"content": 0, "time": 1, "ledger": 2, "origin": 3}


def _read_check(value: Any) -> RecordedCheck:
    _object(value, frozenset(_CHECK), "check")
    for name in ("groups", "reasons"):
        table = value[name]
        if not isinstance(table, dict) or not all(isinstance(each, str) for each in table.values()):
            raise BadRecord(f"the check's {name} are no table of texts", field=f"check.{name}")
    if value["reasons"].keys() - value["groups"].keys():
        raise BadRecord("a reason is given for no group", field="check.reasons")
    sha256 = _digest(value, "sha256", "check")
    outcome = _string(value, "outcome")
    return RecordedCheck(sha256, outcome, dict(value["groups"]), dict(value["reasons"]))


def _person(value: Any, field: str) -> NotaryPerson:
    _object(value, frozenset(_NOTARY), field)
    return NotaryPerson(**{name: _string(value, name, field) for name in _NOTARY})


def _parties(value: Any) -> tuple[CertificateParty, ...]:
    if not isinstance(value, list):
        raise BadRecord("the parties are no list", field="parties")
    found = []
    for at, each in enumerate(value):
        _object(each, frozenset(_PARTY), f"parties.{at}")
        texts = {name: _string(each, name, f"parties.{at}") for name in _PARTY}
        found.append(CertificateParty(**texts))
    return tuple(found)


def _deposit(value: Any) -> CertifiedDeposit:
    _object(value, frozenset(_SUBJECT), "subject")
    texts: dict[str, Any] = {name: _string(value, name, "subject") for name in _SUBJECT_TEXTS}
    return CertifiedDeposit(
        **texts,
        sm3=None if value["sm3"] is None else _string(value, "sm3", "subject"),
        gen_time=_moment(value, "gen_time", "subject"),
        position=_integer(value, "position", "subject"),
    )


def _before(value: Any) -> Predecessor | None:
    if value is None:
        return None
    _object(value, frozenset(_PREDECESSOR), "predecessor")
    return Predecessor(**{name: _string(value, name, "predecessor") for name in _PREDECESSOR})


def _words(value: dict[str, Any], field: str) -> Words:
    _object(value[field], frozenset(_WORDS), field)
    return Words(_string(value[field], "zh", field), _string(value[field], "en", field))


def _object(value: Any, fields: frozenset[str], where: str) -> None:
    if not isinstance(value, dict) or value.keys() != fields:
        names = ", ".join(sorted(fields))
        raise BadRecord(f"the certificate's {where} has the fields {names}", field=where)


def _string(value: dict[str, Any], name: str, where: str = "") -> str:
    text = value[name]
    if type(text) is not str:
        raise BadRecord(f"{_at(where, name)} in the record is no text", field=_at(where, name))
    return text


def _integer(value: dict[str, Any], name: str, where: str = "") -> int:
    number = value[name]
    if type(number) is not int:
        raise BadRecord(f"{_at(where, name)} in the record is no number", field=_at(where, name))
    return number


def _digest(value: dict[str, Any], name: str, where: str) -> str:
    text = _string(value, name, where)
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise BadRecord(f"{where}.{name} is not 64 hexadecimal digits", field=f"{where}.{name}")
    return text


def _moment(value: dict[str, Any], name: str, where: str = "") -> datetime:
    text = _string(value, name, where)
    try:
        moment = datetime.fromisoformat(text)
        exact = moment.tzinfo is not None and stamp(moment) == text
    except (ValueError, OverflowError):
        exact = False
    if not exact:
        raise BadRecord(f"{_at(where, name)} is no time in UTC", field=_at(where, name))
    return moment


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
