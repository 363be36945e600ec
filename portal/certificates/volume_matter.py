"""Sections of an archive volume about the matter: application, people, papers, handling."""

from __future__ import annotations

from collections.abc import Iterator

from portal.certificates import volume_words as words
from portal.certificates.papers import document_words
from portal.certificates.volume_shelf import Shelf
from portal.matters.models import (
    MatterAssignment,
    MatterDocument,
    MatterMaterial,
    MatterMessage,
    MatterParty,
    MatterPause,
)
from portal.matters.words import PURPOSES
from timestamping.certificate import words as certified
from timestamping.certificate.volume import Block, Facts, Note, Table
from timestamping.letter import Words


def application(shelf: Shelf) -> Iterator[Block]:
    """What was applied for, and when it was handled."""
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


def parties(shelf: Shelf) -> Iterator[Block]:
    """Who they are, and who checked it."""
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


def notice(shelf: Shelf) -> Iterator[Block]:
    """What the applicant was told, and confirmed."""
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


def materials(shelf: Shelf) -> Iterator[Block]:
    """What was asked for, what came, what was decided; documents by their digests."""
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


def handling(shelf: Shelf) -> Iterator[Block]:
    """Who had it in hand, and when the clock stood still."""
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


def messages(shelf: Shelf) -> Iterator[Block]:
    """What applicant and office wrote to each other."""
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
