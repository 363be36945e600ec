"""From rows to what the certificate says: the domain's values, for a draft or to be signed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from portal.accounts.letter_words import DOCUMENT_WORDS
from portal.accounts.models import User
from portal.certificates import evidence
from portal.certificates.gathering import Whole
from portal.certificates.kit import Kit
from portal.certificates.models import Certificate
from portal.certificates.numbers import Number
from portal.certificates.shapes import CERTIFICATE, PartyLine
from portal.checks.models import Check
from portal.checks.shapes import Standing
from portal.deposits.evidence import receipt_of, token_of
from portal.deposits.models import Deposit
from portal.problems import Conflict
from timestamping.certificate import (
    CertificateData,
    CertificateParty,
    CertifiedDeposit,
    CheckedGroup,
    MachineCheck,
    NotaryPerson,
    Predecessor,
)
from timestamping.letter import Words

_GROUPS: Final = ("content", "time", "ledger", "origin")
#: Stands in a draft over a deposit whose letter is made on demand, or has not come yet.
_NO_DIGEST: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class People:
    """Who signs, and who approved beside them."""

    notary: NotaryPerson
    second: NotaryPerson | None


def people_of(
    session: Session, certificate: Certificate, notary_id: str, second_needed: bool
) -> People:
    """The notary who issues and, where the rule asks for one, the second who approved."""
    notary = session.get_one(User, notary_id)
    approver = certificate.approved_by
    second = None
    if second_needed and approver is not None and approver != notary_id:
        second = NotaryPerson(_one_line(session.get_one(User, approver).name))
    return People(NotaryPerson(_one_line(notary.name)), second)


def machine_check(session: Session, standing: Standing | None) -> MachineCheck | None:
    """The check that a certificate rests on; None for a revocation, or while there is none."""
    if standing is None or standing.check_id is None or standing.outcome is None:
        return None
    row = session.get_one(Check, standing.check_id)
    if row.document is None:
        return None
    document: Mapping[str, Any] = json.loads(row.document)
    groups = tuple(
        CheckedGroup(
            group=name,
            outcome=standing.outcomes[name],
            finding=_finding(document, name),
            confirmed_by=tuple(
                dict.fromkeys(each.name for each in standing.confirmed if each.group == name)
            ),
            reason=standing.reasons.get(name, ""),
        )
        for name in _GROUPS
        if name in standing.outcomes
    )
    return MachineCheck(row.document, standing.outcome, groups, row.ended_at)


def data_of(
    kit: Kit,
    whole: Whole,
    people: People,
    check: MachineCheck | None,
    number: Number | None,
    moment: datetime,
) -> CertificateData:
    """Everything a certificate says.

    Raises:
        LetterError: naming what cannot stand on it.
    """
    settings, matter, certificate = kit.tools.settings, whole.matter, whole.certificate
    before = whole.predecessor
    base = settings.base_url.rstrip("/")
    return CertificateData(
        number=str(number) if number else "",
        kind=certificate.kind,
        template=certificate.template,
        office=Words(settings.office_name_zh, settings.office_name_en),
        notary=people.notary,
        second=people.second,
        issued_at=moment,
        matter=matter.number,
        purpose=matter.purpose,
        destination=matter.destination,
        language=matter.language,
        parties=tuple(map(_party, whole.parties)),
        subject=_subject(whole.deposit, whole),
        testimony=Words(certificate.testimony_zh, certificate.testimony_en),
        check=check,
        copies=copies_of(matter.copies, whole.parties),
        predecessor=Predecessor(before.number or "", before.pdf_sha256 or "", certificate.reason)
        if before
        else None,
        verify_url=f"{base}/verify/{number}" if number else base,
        trust=kit.tools.trust(),
        facts=evidence.facts_of(kit, whole.deposit) if certificate.kind == CERTIFICATE else (),
        zone=settings.timezone,
    )


def copies_of(wished: int, parties: tuple[PartyLine, ...]) -> int:
    """As many as were applied for, and one for each applicant at least."""
    return max(wished, sum(each.role == "applicant" for each in parties), 1)


def document_words(code: str) -> str:
    """The document of identity in words of both languages; what is not known stays as it is."""
    words = DOCUMENT_WORDS.get(code)
    return f"{words.zh} {words.en}" if words else code


def _party(line: PartyLine) -> CertificateParty:
    return CertificateParty(
        role=line.role,
        name=_one_line(line.name),
        document=document_words(line.document),
        number=_one_line(line.number),
        acts_for=_one_line(line.acts_for),
    )


def _subject(deposit: Deposit, whole: Whole) -> CertifiedDeposit:
    line = whole.subject
    return CertifiedDeposit(
        number=line.number,
        kind=line.kind,
        title=line.title,
        sha256=line.sha256,
        sm3=line.sm3,
        gen_time=line.gen_time,
        ledger=line.ledger,
        position=line.position,
        letter_sha256=line.letter_sha256 or _NO_DIGEST,
        size=line.size,
        tsa=line.tsa,
        token_sha256=token_of(deposit).sha256.hex(),
        entry_hash=receipt_of(deposit).entry_hash.hex(),
    )


def _finding(document: Mapping[str, Any], group: str) -> Words:
    """How many of the group's numbered checks held, and the first that could not be decided."""
    checks = document.get("groups", {}).get(group, {}).get("checks", [])
    if not checks:
        return Words("", "")
    passed = sum(each["outcome"] == "pass" for each in checks)
    zh = f"共 {len(checks)} 项检查，{passed} 项通过"
    en = f"{passed} of {len(checks)} checks hold"
    open_ = [each for each in checks if each["outcome"] == "unknown"]
    if open_:
        numbers = ", ".join(str(each["number"]) for each in open_)
        return Words(f"{zh}；未能判定：第 {numbers} 项", f"{en}; undecided: {numbers}")
    return Words(zh, en)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def check_letter(deposit: Deposit) -> None:
    """Raises Conflict while the deposit has no letter to name."""
    if not deposit.has_letter:
        message = "The deposit's letter is not issued yet; nothing can be certified of it."
        raise Conflict("deposit_not_issued", message)
