"""What a certificate says (公证程序规则 42): plain values, no layout.

Everything that is legally said stands in the record too (:mod:`timestamping.certificate.record`);
what is printed beside it, such as the machine's findings, comes from the documents attached.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from timestamping.letter.words import NOTHING, Words
from timestamping.package_trust import PackageTrust
from timestamping.pdf.errors import LetterError

#: ``certificate``: the certificate of a matter; the others name the one they correct or revoke.
CERTIFICATE, CORRECTION, REVOCATION = "certificate", "correction", "revocation"
KINDS: Final = (CERTIFICATE, CORRECTION, REVOCATION)
#: What is certified: preserved evidence, a captured web page, a draw.
TEMPLATES: Final = ("preservation", "web", "draw")
LANGUAGES: Final = ("zh", "en", "zh+en")
#: Groups of a check, in the order of the certificate.
GROUPS: Final = ("content", "time", "ledger", "origin")
#: ``none``: there is nothing to look at, as the origin of a file that somebody brought.
OUTCOMES: Final = ("pass", "fail", "unknown", "none")
ROLES: Final = ("applicant", "agent", "interested")

NUMBER: Final = re.compile(r"([0-9]{4})-([A-Z0-9]{1,12})-([0-9]{6,9})", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
#: Most characters of a name or a short text, and of a long one; most parties and copies.
MAX_SHORT: Final = 400
MAX_LONG: Final = 20_000
MAX_PARTIES: Final = 60
MAX_COPIES: Final = 999


@dataclass(frozen=True, slots=True)
class NotaryPerson:
    """A notary as the certificate names them; ``licence`` is the number of the practising licence
    (公证员执业证号)."""

    name: str
    name_en: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class CertificateParty:
    """``role`` is one of :data:`ROLES`; ``document`` says in words which document of identity
    (身份证 identity card, 营业执照 business licence …), ``number`` as it is to be printed.
    ``acts_for`` is the name of whom an agent acts for, empty for others."""

    role: str
    name: str
    document: str = ""
    number: str = ""
    acts_for: str = ""


@dataclass(frozen=True, slots=True)
class CertifiedDeposit:
    """The deposit concerned. Digests in hexadecimal; ``sm3`` may be missing. ``letter_sha256`` is
    that of its sealed letter; ``position`` its place in ``ledger``. ``size`` in bytes and ``tsa``
    are printed only."""

    number: str
    kind: str
    title: str
    sha256: str
    sm3: str | None
    gen_time: datetime
    ledger: str
    position: int
    letter_sha256: str
    size: int | None = None
    tsa: str = ""
    token_sha256: str = ""
    entry_hash: str = ""


@dataclass(frozen=True, slots=True)
class CheckedGroup:
    """What became of one group. ``finding`` is the machine's in one sentence; ``confirmed_by`` are
    the notaries who confirmed it; ``reason`` is theirs where the machine could not decide."""

    group: str
    outcome: str
    finding: Words = NOTHING
    confirmed_by: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MachineCheck:
    """The check that the certificate rests on. ``document`` are the bytes of ``check.json``; their
    SHA-256 stands in the record."""

    document: bytes
    outcome: str
    groups: tuple[CheckedGroup, ...]
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The certificate that this one corrects or revokes, and why."""

    number: str
    pdf_sha256: str
    reason: str


@dataclass(frozen=True, slots=True)
class CertificateData:
    """Everything of one certificate.

    ``number`` (``2026-OFFICE-000123``) may be empty in a draft only. ``office`` is the notary
    office's name; ``verify_url`` goes into the QR code. ``testimony`` is 公证证词 in the languages
    of ``language``; paragraphs are parted by line ends. ``facts`` are label and value of what a
    capture or draw was about, printed below the evidence. ``trust`` goes along as ``trust.json``,
    so that the PDF alone can be examined. ``zone`` is an IANA name.

    Raises:
        LetterError: naming the field that cannot stand on a certificate.
    """

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
    check: MachineCheck | None
    copies: int
    predecessor: Predecessor | None
    verify_url: str
    trust: PackageTrust | None = None
    facts: tuple[tuple[Words, str], ...] = ()
    zone: str = "Asia/Shanghai"

    def __post_init__(self) -> None:
        if self.number:
            _fits(NUMBER, self.number, "number")
        _one_of(KINDS, self.kind, "kind")
        _one_of(TEMPLATES, self.template, "template")
        _one_of(LANGUAGES, self.language, "language")
        _fits(_COUNTRY, self.destination, "destination")
        _aware(self.issued_at, "issued_at")
        if not 1 <= self.copies <= MAX_COPIES:
            raise LetterError(f"a certificate has 1 to {MAX_COPIES} copies", field="copies")
        self._texts()
        self._parties()
        self._subject()
        _testimony(self.testimony, self.language)
        _predecessor(self.kind, self.number, self.predecessor)
        _check(self.kind, self.check)

    def _texts(self) -> None:
        _short(self.office.zh, "office.zh")
        _short(self.office.en, "office.en", needed=False)
        _short(self.matter, "matter")
        _text(self.purpose, "purpose", MAX_LONG)
        _short(self.verify_url, "verify_url", most=1000)
        for name, each in (("notary", self.notary), ("second", self.second)):
            if each is not None:
                _short(each.name, f"{name}.name")
                _short(each.name_en, f"{name}.name_en", needed=False)
                _short(each.licence, f"{name}.licence", needed=False)

    def _parties(self) -> None:
        if not 1 <= len(self.parties) <= MAX_PARTIES:
            raise LetterError(f"a certificate has 1 to {MAX_PARTIES} parties", field="parties")
        for at, party in enumerate(self.parties):
            _one_of(ROLES, party.role, f"parties.{at}.role")
            _short(party.name, f"parties.{at}.name")
            for name in ("document", "number", "acts_for"):
                _short(getattr(party, name), f"parties.{at}.{name}", needed=False)

    def _subject(self) -> None:
        subject = self.subject
        for name in ("number", "kind", "ledger"):
            _short(getattr(subject, name), f"subject.{name}")
        _text(subject.title, "subject.title", MAX_LONG)
        for name in ("sha256", "letter_sha256"):
            _fits(_HEX, getattr(subject, name), f"subject.{name}")
        if subject.sm3 is not None:
            _fits(_HEX, subject.sm3, "subject.sm3")
        _aware(subject.gen_time, "subject.gen_time")
        if not 0 <= subject.position < 2**53:
            raise LetterError("the place in the ledger is no number", field="subject.position")


def _predecessor(kind: str, number: str, before: Predecessor | None) -> None:
    if (before is None) != (kind == CERTIFICATE):
        raise LetterError("corrections and revocations name their predecessor", field="predecessor")
    if before is not None:
        _fits(NUMBER, before.number, "predecessor.number")
        _fits(_HEX, before.pdf_sha256, "predecessor.pdf_sha256")
        _text(before.reason, "predecessor.reason", MAX_LONG)
        if not before.reason.strip():
            raise LetterError("a correction or revocation has a reason", field="predecessor.reason")
        if before.number == number:
            raise LetterError(
                "a certificate is not its own predecessor", field="predecessor.number"
            )


def _check(kind: str, check: MachineCheck | None) -> None:
    """No certificate over a failed check, and a reason where the machine could not decide."""
    if (check is None) != (kind == REVOCATION):
        raise LetterError("a certificate rests on a check, a revocation on none", field="check")
    if check is None:
        return
    _one_of(("pass", "unknown"), check.outcome, "check.outcome")
    groups = [each.group for each in check.groups]
    if groups != [each for each in GROUPS if each in groups] or not groups:
        raise LetterError("the groups of a check stand in their order", field="check.groups")
    for each in check.groups:
        field = f"check.groups.{each.group}"
        _one_of(("pass", "unknown", "none"), each.outcome, field)
        _text(each.reason, field, MAX_LONG)
        if each.outcome == "unknown" and not each.reason.strip():
            raise LetterError("what the machine could not decide needs a reason", field=field)


def _testimony(testimony: Words, language: str) -> None:
    for name in ("zh", "en"):
        text = getattr(testimony, name)
        _text(text, f"testimony.{name}", MAX_LONG)
        if (name in language.split("+")) != bool(text.strip()):
            sentence = "the testimony is given in the languages of the certificate, and no other"
            raise LetterError(sentence, field=f"testimony.{name}")


def _short(text: str, field: str, *, needed: bool = True, most: int = MAX_SHORT) -> None:
    _text(text, field, most)
    if "\n" in text or "\r" in text:
        raise LetterError("this stands on one line", field=field)
    if needed and not text.strip():
        raise LetterError("this must not be empty", field=field)


def _text(text: str, field: str, most: int) -> None:
    if len(text) > most:
        raise LetterError(f"this has at most {most} characters", field=field)
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise LetterError("this holds half a character (a lone surrogate)", field=field)


def _one_of(known: tuple[str, ...], value: str, field: str) -> None:
    if value not in known:
        raise LetterError(f"{field} is one of {', '.join(known)}", field=field)


def _fits(pattern: re.Pattern[str], value: str, field: str) -> None:
    if pattern.fullmatch(value) is None:
        raise LetterError(f"{field} is not of the form it must have", field=field)


def _aware(moment: datetime, field: str) -> None:
    if moment.tzinfo is None:
        raise LetterError(f"the time {field} has no zone", field=field)


def number_zh(number: str) -> str:
    """The number as Chinese certificates bear it.

    >>> number_zh("2026-DEMO-000123")
    '（2026）DEMO证字第000123号'
    """
    found = NUMBER.fullmatch(number)
    return f"（{found[1]}）{found[2]}证字第{found[3]}号" if found else number
