"""Sections of an archive volume about the evidence: the deposit, checks, certificates, custody."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import select

from portal.audit.words import ACTIONS
from portal.certificates import volume_words as words
from portal.certificates.models import CertificateCopy
from portal.certificates.volume_shelf import Shelf
from portal.checks.models import Check
from portal.checks.shapes import GROUPS
from portal.checks.standing import confirmations, outcomes_of
from portal.deposits.models import Deposit
from timestamping.certificate import words as certified
from timestamping.certificate.volume import Block, Facts, Note, Table
from timestamping.letter import Words

#: Characters of a custody entry's detail that the PDF shows; custody.json has all of it.
_DETAIL: Final = 300


def deposit(shelf: Shelf) -> Iterator[Block]:
    """The deposit concerned."""
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


def checks(shelf: Shelf) -> Iterator[Block]:
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


def certificates(shelf: Shelf) -> Iterator[Block]:
    """Every certificate issued, with its testimony."""
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


def copies(shelf: Shelf) -> Iterator[Block]:
    """Who was handed which copy."""
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


def custody(shelf: Shelf) -> Iterator[Block]:
    """What the custody log says of the matter."""
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
