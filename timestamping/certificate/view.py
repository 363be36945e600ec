"""From a certificate's values to the JSON its template shows.

A certificate is read out in court: names and testimony must be legible as they stand, so a
character that cannot be shown is an error that names its field. What strangers named
(a file, a web address) is shown escaped instead, as on letters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from timestamping.certificate import words
from timestamping.certificate.data import (
    CertificateData,
    CertificateParty,
    CheckedGroup,
    NotaryPerson,
    number_zh,
)
from timestamping.certificate.layout import ANCHORS, CHECK, DRAFT_RECORD, PLACE, RECORD
from timestamping.certificate.record import draft_document, record_document
from timestamping.letter.clock import Clock
from timestamping.letter.token_view import hex_lines
from timestamping.letter.view import qr
from timestamping.letter.words import Words
from timestamping.pdf.errors import LetterError
from timestamping.pdf.fonts import coverage
from timestamping.pdf.text import Run, escaped, pieces, runs, shown

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def view(data: CertificateData, draft: bool) -> dict[str, Any]:
    """Everything the template reads, as JSON values.

    Raises:
        LetterError: a character that must be legible and is not; the field is named.
    """
    clock = Clock(data.zone)
    title = words.TITLES[data.kind]
    record = draft_document(data) if draft else record_document(data)
    return {
        "draft": draft,
        "place": PLACE,
        "title": f"{title.zh} {title.en} {data.number or '草稿 DRAFT'}",
        "issuer": escaped(f"{data.office.zh} {data.office.en}".strip()),
        "keywords": [data.number] if data.number else [],
        "description": f"SHA-256 {hashlib.sha256(record).hexdigest()}",
        "kind": data.kind,
        "heading": _words(title),
        "number": {"zh": number_zh(data.number), "en": data.number},
        "office": {name: legible(getattr(data.office, name), "office") for name in ("zh", "en")},
        "matter": _words(words.MATTERS[data.template]),
        "change": _words(words.MATTERS_OF_KIND[data.kind]) if data.predecessor else None,
        "application": legible(data.matter, "matter"),
        "purpose": paragraphs(data.purpose, "purpose"),
        "destination": data.destination,
        "language": _words(words.LANGUAGES[data.language]),
        "copies": str(data.copies),
        "date": _date(data.issued_at, data.zone),
        "issued": clock.full(data.issued_at),
        "parties": [_party(at, each) for at, each in enumerate(data.parties)],
        "testimony": {
            name: paragraphs(getattr(data.testimony, name), f"testimony.{name}")
            for name in data.language.split("+")
        },
        "predecessor": _predecessor(data),
        "notaries": _notaries(data),
        "evidence": _evidence(data, clock),
        "check": _check(data, clock),
        "verify-url": data.verify_url,
        "verify-shown": runs(data.verify_url),
        "qr": qr(data.verify_url),
        "attachments": list(_attachments(data, record, draft)),
    }


def legible(text: str, field: str) -> list[Run]:
    """``text`` on one line.

    Raises:
        LetterError: a character of it cannot be shown as it is.
    """
    covered = coverage()
    for character in text:
        if not shown(character, covered):
            name = f"U+{ord(character):04X}"
            sentence = f"{field} holds a character that cannot be printed ({name}); write it in "
            raise LetterError(
                sentence + "Chinese or Latin letters", field=field, character=character
            )
    return list(pieces(text))


def paragraphs(text: str, field: str) -> list[list[Run]]:
    """``text`` by its lines, empty ones left out."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [legible(line.strip(), field) for line in lines if line.strip()]


def _party(at: int, party: CertificateParty) -> dict[str, Any]:
    fields = ("name", "document", "number", "acts_for")
    values = {name: legible(getattr(party, name), f"parties.{at}.{name}") for name in fields}
    return {"role": _words(words.ROLES[party.role]), **values}


def _notaries(data: CertificateData) -> list[dict[str, Any]]:
    rows = [_notary(data.notary, words.FIRST, "notary")]
    if data.second is not None:
        rows.append(_notary(data.second, words.SECOND, "second"))
    return rows


def _notary(person: NotaryPerson, label: Words, field: str) -> dict[str, Any]:
    values = {
        name: legible(getattr(person, name), f"{field}.{name}")
        for name in ("name", "name_en", "licence")
    }
    return {"label": _words(label), **values}


def _predecessor(data: CertificateData) -> dict[str, Any] | None:
    before = data.predecessor
    if before is None:
        return None
    return {
        "number": {"zh": number_zh(before.number), "en": before.number},
        "sha256": hex_lines(before.pdf_sha256),
        "title": _words(words.REASON_TITLES[data.kind]),
        "reason": paragraphs(before.reason, "predecessor.reason"),
    }


def _evidence(data: CertificateData, clock: Clock) -> dict[str, Any]:
    subject = data.subject
    kind = words.KINDS_OF_DEPOSIT.get(subject.kind, Words(escaped(subject.kind), ""))
    return {
        "number": runs(subject.number),
        "kind": _words(kind),
        "title": runs(subject.title),
        "size": "" if subject.size is None else f"{subject.size:,}",
        "sha256": hex_lines(subject.sha256),
        "sm3": hex_lines(subject.sm3 or ""),
        "gen-time": clock.full(subject.gen_time),
        "tsa": runs(subject.tsa),
        "token": hex_lines(subject.token_sha256),
        "ledger": runs(subject.ledger),
        "position": str(subject.position),
        "entry": hex_lines(subject.entry_hash),
        "letter": hex_lines(subject.letter_sha256),
        "facts": [{**_words(label), "value": runs(value)} for label, value in data.facts],
    }


def _check(data: CertificateData, clock: Clock) -> dict[str, Any] | None:
    if data.check is None:
        return None
    return {
        "ended": clock.full(data.check.ended_at) if data.check.ended_at else "",
        "sha256": hex_lines(hashlib.sha256(data.check.document).hexdigest()),
        "groups": [_group(each) for each in data.check.groups],
    }


def _group(group: CheckedGroup) -> dict[str, Any]:
    field = f"check.groups.{group.group}"
    return {
        "label": _words(words.GROUPS[group.group]),
        "question": _words(words.GROUP_QUESTIONS[group.group]),
        "code": group.outcome,
        "outcome": _words(words.OUTCOMES[group.outcome]),
        "finding": {"zh": runs(group.finding.zh), "en": runs(group.finding.en)},
        "confirmed": [legible(name, field) for name in group.confirmed_by],
        "reason": paragraphs(group.reason, field),
    }


def _attachments(data: CertificateData, record: bytes, draft: bool) -> Iterator[dict[str, Any]]:
    """Associated files of the PDF (ISO 19005-3 §6.8)."""
    name = DRAFT_RECORD if draft else RECORD
    yield _file(name, record, "data", "The certificate for programs")
    if data.check is not None:
        yield _file(CHECK, data.check.document, "data", "The machine's check")
    if data.trust is not None:
        yield _file(ANCHORS, data.trust.to_json(), "supplement", "Certificates and keys")


def _file(name: str, content: bytes, relationship: str, description: str) -> dict[str, Any]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LetterError(f"{name} is no text", field="check.document") from error
    return {
        "name": name,
        "data": text,
        "mime": "application/json",
        "relationship": relationship,
        "description": description,
    }


def _date(moment: datetime, zone: str) -> dict[str, str]:
    """The date of issue as each language writes it."""
    day = moment.astimezone(ZoneInfo(zone))
    return {
        "zh": f"{day.year}年{day.month}月{day.day}日",
        "en": f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    }


def _words(words_: Words) -> dict[str, str]:
    return {"zh": words_.zh, "en": words_.en}
