"""What the PDF of an archive volume shows, from the rows of its matter."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.audit.words import ACTIONS
from portal.certificates import volume_words as words
from portal.certificates.models import Certificate, CertificateCopy
from portal.certificates.papers import document_words
from portal.checks.models import Check
from portal.checks.shapes import GROUPS
from portal.checks.standing import confirmations, outcomes_of
from portal.deposits.models import Deposit
from portal.matters.models import (
    Matter,
    MatterAssignment,
    MatterDocument,
    MatterMaterial,
    MatterMessage,
    MatterParty,
    MatterPause,
)
from portal.matters.shapes import Particulars
from portal.matters.words import PURPOSES
from timestamping.certificate import words as certified
from timestamping.certificate.volume import Block, Facts, Note, Section, Table
from timestamping.letter import Words
from timestamping.letter.clock import Clock

#: Characters of a custody entry's detail that the PDF shows; custody.json has all of it.
_DETAIL: Final = 300


@dataclass(frozen=True)
class Shelf:
    """Everything that goes in: rows read in one session, and the clock of the office."""

    session: Session
    matter: Matter
    deposit: Deposit
    parties: Sequence[Particulars]
    certificates: Sequence[Certificate]
    custody: Sequence[AuditEntry]
    clock: Clock

    def name(self, user_id: str | None) -> str:
        user = self.session.get(User, user_id) if user_id else None
        return user.name if user is not None else ""

    def at(self, moment: datetime | None) -> str:
        return self.clock.full(moment) if moment is not None else ""

    def rows(self, table: type[Any], *order: Any) -> list[Any]:
        """The matter's rows of a table, in order."""
        query = select(table).where(table.matter_id == self.matter.id)
        return list(self.session.scalars(query.order_by(*order)))


def sections_of(shelf: Shelf, files: Sequence[tuple[str, int, str]]) -> tuple[Section, ...]:
    """All sections in order; ``files``: path, size and SHA-256 of what lies beside the PDF."""
    made: dict[str, Callable[[Shelf], Iterator[Block]]] = {
        "application": _application,
        "parties": _parties,
        "notice": _notice,
        "materials": _materials,
        "handling": _handling,
        "messages": _messages,
        "deposit": _deposit,
        "checks": _checks,
        "certificates": _certificates,
        "copies": _copies,
        "custody": _custody,
    }
    found = [_section(name, tuple(build(shelf))) for name, build in made.items()]
    rows = tuple((path, f"{size:,}", sha256) for path, size, sha256 in files)
    columns = (Words("文件", "File"), Words("字节", "Bytes"), Words("SHA-256", ""))
    return (*found, _section("files", (Table(columns, (4, 2, 7), rows, frozenset({2})),)))


def _section(name: str, blocks: tuple[Block, ...]) -> Section:
    empty = all(isinstance(each, Table) and not each.rows for each in blocks)
    return Section(words.SECTIONS[name], (Note(words.NONE),) if empty else blocks)


def _application(shelf: Shelf) -> Iterator[Block]:
    matter = shelf.matter
    purpose = PURPOSES.get(matter.purpose_code)
    said = (words.both(purpose) if purpose else "", matter.purpose)
    yield Facts(
        (
            (Words("事项编号", "Matter"), matter.number),
            (Words("公证事项", "Matter certified"), words.of(certified.MATTERS, matter.template)),
            (Words("用途", "Purpose"), "\n".join(filter(None, said))),
            (Words("待证事实", "Facts to be proved"), matter.facts),
            (Words("使用地", "Used in"), matter.destination),
            (Words("文字", "Language"), words.of(certified.LANGUAGES, matter.language)),
            (Words("份数", "Copies"), str(matter.copies)),
            (Words("费用", "Fee"), matter.fee),
            (Words("申请账户", "Applied by"), shelf.name(matter.owner_id)),
            (Words("提交", "Submitted"), shelf.at(matter.submitted_at)),
            (Words("受理", "Accepted"), shelf.at(matter.accepted_at)),
            (Words("办结", "Ended"), shelf.at(matter.ended_at)),
        )
    )


def _parties(shelf: Shelf) -> Iterator[Block]:
    names = {each.id: each.name for each in shelf.parties}
    yield Table(
        (
            Words("身份", "Role"),
            Words("姓名或名称", "Name"),
            Words("证件", "Document"),
            Words("代理", "Acting for"),
            Words("核对", "Checked"),
        ),
        (2, 3, 4, 2, 4),
        tuple(
            (
                words.of(certified.ROLES, each.role),
                each.name,
                f"{document_words(each.document)}\n{each.number}".strip(),
                names.get(each.acts_for or "", ""),
                f"{shelf.name(each.checked_by)}\n{shelf.at(each.checked_at)}".strip(),
            )
            for each in shelf.parties
        ),
    )


def _notice(shelf: Shelf) -> Iterator[Block]:
    matter = shelf.matter
    if matter.informed_at is None:
        yield Note(words.NONE)
        return
    yield Facts(
        (
            (Words("告知书版本", "Notice"), matter.informed_edition or ""),
            (Words("告知书摘要", "SHA-256 of it"), matter.informed_sha256 or ""),
            (Words("确认人", "Confirmed by"), shelf.name(matter.informed_by)),
            (Words("确认时间", "Confirmed"), shelf.at(matter.informed_at)),
        )
    )


def _materials(shelf: Shelf) -> Iterator[Block]:
    documents: dict[str, list[MatterDocument]] = {}
    for each in shelf.rows(MatterDocument, MatterDocument.added_at):
        documents.setdefault(each.material_id, []).append(each)
    masked = {row.id: row.masked_name for row in shelf.rows(MatterParty, MatterParty.place)}
    materials = shelf.rows(MatterMaterial, MatterMaterial.asked_at, MatterMaterial.id)
    yield Table(
        (
            Words("材料", "Material"),
            Words("状态", "State"),
            Words("文件与 SHA-256", "Documents, SHA-256"),
            Words("决定", "Decided"),
        ),
        (4, 2, 7, 4),
        tuple(
            (
                "\n".join(
                    filter(
                        None,
                        (
                            words.of(words.MATERIALS, each.code),
                            masked.get(each.party_id or "", ""),
                            each.note,
                        ),
                    )
                ),
                words.of(words.MATERIAL_STATES, each.state),
                "\n".join(_document(one) for one in documents.get(each.id, ())),
                f"{shelf.name(each.decided_by)} {shelf.at(each.decided_at)}\n{each.reason}".strip(),
            )
            for each in materials
        ),
    )
    yield Note(words.IDENTITY)


def _document(document: MatterDocument) -> str:
    taken = "（已撤回 taken back）" if document.removed_at is not None else ""
    return f"{document.filename} · {document.size:,} B{taken}\n{document.sha256}"


def _handling(shelf: Shelf) -> Iterator[Block]:
    matter = shelf.matter
    yield Facts(
        (
            (Words("受理", "Accepted"), shelf.at(matter.accepted_at)),
            (Words("办理期限", "Due on"), matter.due_on.isoformat() if matter.due_on else ""),
            (Words("办结", "Ended"), shelf.at(matter.ended_at)),
        )
    )
    yield Table(
        (
            Words("承办", "Handled by"),
            Words("职责", "Part"),
            Words("自", "From"),
            Words("至", "Until"),
        ),
        (3, 3, 4, 4),
        tuple(
            (
                shelf.name(each.notary_id),
                words.of(words.PARTS, each.part),
                shelf.at(each.at),
                shelf.at(each.ended_at),
            )
            for each in shelf.rows(MatterAssignment, MatterAssignment.at)
        ),
    )
    yield Table(
        (
            Words("期限中止事由", "Clock stopped for"),
            Words("说明", "Note"),
            Words("自", "From"),
            Words("至", "Until"),
        ),
        (4, 5, 4, 4),
        tuple(
            (
                words.of(words.PAUSES, each.reason),
                each.note,
                shelf.at(each.begun_at),
                shelf.at(each.ended_at),
            )
            for each in shelf.rows(MatterPause, MatterPause.begun_at)
        ),
    )


def _messages(shelf: Shelf) -> Iterator[Block]:
    yield Table(
        (Words("时间", "Time"), Words("来自", "From"), Words("内容", "Text")),
        (3, 3, 8),
        tuple(
            (
                shelf.at(each.at),
                f"{words.of(words.SIDES, each.side)}\n{shelf.name(each.author_id)}",
                each.text,
            )
            for each in shelf.rows(MatterMessage, MatterMessage.at, MatterMessage.id)
        ),
    )


def _deposit(shelf: Shelf) -> Iterator[Block]:
    deposit = shelf.deposit
    yield Facts(
        (
            (Words("存证编号", "Deposit"), deposit.number),
            (Words("类型", "Kind"), words.of(certified.KINDS_OF_DEPOSIT, deposit.kind)),
            (Words("名称", "Title"), deposit.title or deposit.filename),
            (Words("SHA-256", "Digest"), deposit.sha256),
            (Words("SM3", "Digest"), deposit.sm3 or ""),
            (Words("时间戳", "Time-stamp"), shelf.at(deposit.gen_time)),
            (Words("存证函摘要", "SHA-256 of the letter"), deposit.letter_sha256 or ""),
        )
    )


def _checks(shelf: Shelf) -> Iterator[Block]:
    """Those that certificates rest on."""
    wanted = list(dict.fromkeys(each.check_id for each in shelf.certificates if each.check_id))
    for check_id in wanted:
        check = shelf.session.get_one(Check, check_id)
        outcomes = outcomes_of(check)
        said = list(confirmations(shelf.session, check.id))
        yield Facts(
            (
                (Words("核验次序", "Check no."), str(check.n)),
                (Words("结束", "Ended"), shelf.at(check.ended_at)),
                (Words("报告摘要", "SHA-256 of the report"), check.sha256 or ""),
            )
        )
        yield Table(
            (
                Words("项目", "Group"),
                Words("机器结论", "Machine"),
                Words("公证员确认", "Confirmed by notaries"),
            ),
            (2, 3, 8),
            tuple(
                (
                    words.of(certified.GROUPS, name),
                    words.of(words.OUTCOMES, outcomes.get(name)),
                    "\n".join(
                        f"{each.name} {shelf.at(each.at)}"
                        + (f"：{each.reason}" if each.reason else "")
                        for each in said
                        if each.group == name
                    ),
                )
                for name in GROUPS
            ),
        )


def _certificates(shelf: Shelf) -> Iterator[Block]:
    for each in shelf.certificates:
        made = shelf.session.get(Deposit, each.deposit_id) if each.deposit_id else None
        yield Facts(
            (
                (Words("编号", "Number"), each.number or ""),
                (Words("种类", "Kind"), words.of(certified.TITLES, each.kind)),
                (Words("出具", "Issued"), shelf.at(each.issued_at)),
                (Words("公证员", "Notary"), shelf.name(each.issued_by)),
                (Words("审批", "Approved by"), shelf.name(each.approved_by)),
                (Words("理由", "Reason"), each.reason),
                (Words("公证词", "Testimony"), each.testimony_zh),
                (Words("公证词（英文）", "Testimony"), each.testimony_en),
                (Words("PDF 摘要", "SHA-256 of the PDF"), each.pdf_sha256 or ""),
                (Words("存证编号", "Its deposit"), made.number if made else ""),
            )
        )


def _copies(shelf: Shelf) -> Iterator[Block]:
    names = {each.id: each.name for each in shelf.parties}
    rows: list[tuple[str, ...]] = []
    for certificate in shelf.certificates:
        query = select(CertificateCopy).where(CertificateCopy.certificate_id == certificate.id)
        rows += [
            (
                certificate.number or "",
                str(each.n),
                names.get(each.party_id, ""),
                words.of(words.HOW, each.how),
                f"{shelf.at(each.handed_at)}\n{shelf.name(each.by)}".strip(),
            )
            for each in shelf.session.scalars(query.order_by(CertificateCopy.n))
        ]
    yield Table(
        (
            Words("公证书", "Certificate"),
            Words("副本", "Copy"),
            Words("当事人", "Party"),
            Words("方式", "How"),
            Words("交付", "Handed over"),
        ),
        (5, 1, 3, 3, 4),
        tuple(rows),
    )


def _custody(shelf: Shelf) -> Iterator[Block]:
    yield Note(words.EXTRACT)
    yield Table(
        (
            Words("序号", "No."),
            Words("时间", "Time"),
            Words("经手人", "Who"),
            Words("行为", "Act"),
            Words("细节", "Detail"),
        ),
        (2, 4, 3, 5, 6),
        tuple(
            (
                str(each.seq),
                shelf.at(each.at),
                f"{each.actor_name}\n{each.roles}".strip(),
                words.both(ACTIONS.get(each.action, each.action)),
                _detail(each.detail),
            )
            for each in shelf.custody
        ),
        frozenset({4}),
    )


def _detail(text: str) -> str:
    found: Mapping[str, Any] = json.loads(text)
    lines = "\n".join(f"{name}: {value}" for name, value in found.items())
    return lines if len(lines) <= _DETAIL else lines[:_DETAIL] + "…"
