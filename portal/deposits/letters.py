"""The letter's data, from the deposit's row and the real configuration."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Any, BinaryIO, Final, cast

from chain_adapter import Trust
from lottery.bundle import layout
from portal.accounts.letter_words import depositor_of
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.audit.service import entries_for
from portal.deposits.capture_letter import Paper
from portal.deposits.captured import Kept, read_captured
from portal.deposits.depositor import depositor, role_of
from portal.deposits.draw_letter import DrawPaper
from portal.deposits.evidence import (
    digests_of,
    entry_of,
    proof_of,
    receipt_of,
    record_of,
    token_of,
)
from portal.deposits.folders import (
    CAPTURE,
    DRAW,
    NOTARIAL,
    OFFICE_KINDS,
    VOLUME,
    Folders,
    seen,
)
from portal.deposits.folders import KIND as FOLDER
from portal.deposits.further import finals_of
from portal.deposits.models import Deposit
from portal.deposits.notarial_letter import RECORD, NotarialPaper
from portal.deposits.public import Proven
from portal.deposits.signed import depositor_key
from portal.deposits.tools import Tools
from portal.settings import Settings
from timestamping.filelist import FileList
from timestamping.letter import (
    Capture,
    CustodyEvent,
    Item,
    LedgerKind,
    LetterData,
    Office,
    StrengthFacts,
    Times,
    Words,
    issue_letter,
    mask,
)
from timestamping.letter.ledger_view import cosigned, signed_note

_ACTIONS: Final = {
    "deposit.received": Words("接收并计算摘要", "received and digested"),
    "deposit.timestamped": Words("加盖时间戳", "time-stamped"),
    "deposit.anchored": Words("记入账本", "recorded on the ledger"),
    "deposit.waiting": Words("等待重试", "waiting to be tried again"),
    "deposit.followed": Words("记入另一账本", "recorded on a further ledger"),
}
_SYSTEM: Final = Words("系统", "system")
_SEVERAL: Final = {
    FOLDER: "文件夹 folder",
    CAPTURE: "采集 capture (notary/capture/v1)",
    DRAW: "抽签记录 record of a draw (notary/draw-files/v1)",
    NOTARIAL: "公证书 notarial certificate (notary/certificate-files/v1)",
    VOLUME: "公证卷宗 archive volume (notary/volume/v1)",
}
_KEPT: Final = Words("平台加密保存", "kept encrypted by the platform")
_MEDIA: Final = {
    "web": "网页上传 uploaded through the web page",
    "api": "程序接口上传 sent through the API",
    "cli": "服务器命令行 deposited on the server's command line",
}


class Letters:
    """Issues letters and gives packages what they need. No receipt, no letter."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._folders = Folders(tools)

    def issue(self, deposit: Deposit, moment: datetime) -> bytes:
        """The sealed letter of an anchored deposit, dated ``moment``.

        Raises:
            PdfError, TimestampError, LedgerError: the reason why there is none yet.
        """
        data = self.data(deposit, moment)
        if deposit.kind == CAPTURE:
            data = replace(data, capture=self._capture(deposit))
        elif deposit.kind == DRAW:
            data = replace(data, drawn=self._draw(deposit).annex())
        elif deposit.kind in OFFICE_KINDS:
            data = replace(data, notarial=self._notarial(deposit).annex())
        return issue_letter(data, self._tools.sealer)

    def data(self, deposit: Deposit, moment: datetime) -> LetterData:
        """Everything a letter or a package says."""
        settings = self._tools.settings
        with self._tools.database.reading() as session:
            owner = session.get_one(User, deposit.owner_id)
            custody = _until_issued(entries_for(session, deposit.subject))
            person = depositor_of(session, owner)
            named = depositor(session, deposit, person, custody)
        files = self._folders.listed(deposit)
        return LetterData(
            number=deposit.number,
            code=deposit.code,
            verify_url=verify_url(settings, deposit.number),
            office=_office(settings),
            depositor=named,
            items=(self._item(deposit, named.masked, custody, files),),
            times=Times(deposit.received_at, deposit.hashed_at, moment),
            token=token_of(deposit),
            entry=entry_of(deposit),
            receipt=receipt_of(deposit),
            proof=proof_of(deposit),
            salt=deposit.salt,
            metadata=record_of(deposit),
            trust=self._tools.trust().with_depositor(depositor_key(deposit)),
            strength=self._strength(deposit, files),
            custody=tuple(_event(entry) for entry in custody if entry.action in _ACTIONS),
            zone=settings.timezone,
            files=files,
            further=finals_of(deposit),
        )

    def _item(
        self, deposit: Deposit, sender: str, custody: list[AuditEntry], files: FileList | None
    ) -> Item:
        """What nobody stated stays empty, and the letter says so."""
        received = seen(deposit)
        via = next((entry.via for entry in custody if entry.action == "deposit.received"), "")
        item = Item(
            name=deposit.filename or deposit.title or deposit.number,
            digests=digests_of(deposit),
            size=deposit.size,
            media_type=_SEVERAL.get(deposit.kind, deposit.media_type),
            summary=deposit.title,
            purpose=deposit.note,
            custody=f"{_KEPT.zh} {_KEPT.en}" if received else "",
            method=_MEDIA.get(via, ""),
            sender=sender,
            completeness="逐字节原样保存 kept byte for byte" if received else "",
        )
        if files is None or not files.manifest:
            return item
        return replace(item, **self._fields(deposit, files))

    def _fields(self, deposit: Deposit, files: FileList) -> dict[str, Any]:
        """What the manifest says for the item."""
        if deposit.kind == DRAW:
            return self._draw(deposit).item_fields()
        if deposit.kind in OFFICE_KINDS:
            return self._notarial(deposit).item_fields()
        return Paper.read(files.manifest).item_fields()

    def _capture(self, deposit: Deposit) -> Capture:
        """What the letter prints of a capture's evidence."""
        files = [
            Kept(row.position, row.path, row.size, row.sha256, row.vault_key)
            for row in self._folders.files(deposit)
        ]

        def opener(file: Kept) -> BinaryIO:
            return cast(BinaryIO, self._tools.vault.open(file.vault_key or ""))

        manifest = self._tools.vault.read(deposit.vault_key or "")
        return Paper.read(manifest).annex(read_captured(files, opener), opener)

    def _draw(self, deposit: Deposit) -> DrawPaper:
        """A draw's manifest, and of its files those that a letter repeats."""
        wanted = (layout.TRANSCRIPT, layout.SEALS, layout.WINNERS)
        rows = {row.path: row.vault_key for row in self._folders.files(deposit)}
        read = self._tools.vault.read
        files = {path: read(rows[path] or "") for path in wanted if path in rows}
        return DrawPaper(read(deposit.vault_key or ""), files)

    def _notarial(self, deposit: Deposit) -> NotarialPaper:
        """The manifest of a document of the office and, of a certificate, its record."""
        read = self._tools.vault.read
        rows = {row.path: row.vault_key for row in self._folders.files(deposit)}
        record = read(rows[RECORD] or "") if rows.get(RECORD) else None
        return NotarialPaper(read(deposit.vault_key or ""), record)

    def _strength(self, deposit: Deposit, files: FileList | None) -> StrengthFacts:
        facts = self.strength(deposit)
        if deposit.kind != NOTARIAL or files is None:
            return facts
        return replace(facts, certificate=NotarialPaper(files.manifest).number)

    def strength(self, deposit: Proven) -> StrengthFacts:
        """What an anchored deposit's evidence rests on: from the evidence, never from wishes. A
        ledger of which nothing better is known counts as the platform's own."""
        token, receipt, trust = token_of(deposit), receipt_of(deposit), self._tools.ledger_trust()
        nodes = cosigned(receipt.ledger, signed_note(receipt, proof_of(deposit)), trust)
        names = nodes.names if nodes else ()
        also = tuple(each.ledger for each in finals_of(deposit))
        shared = tuple(each for each in (receipt.ledger, *also) if _is_shared(each, trust))
        kind = LedgerKind.WITNESSED if names else LedgerKind.EMBEDDED
        independent = [each for each in (token, *token.also) if each.independent]
        return StrengthFacts(
            authorities=tuple(dict.fromkeys(each.tsa or each.source for each in independent)),
            ledger=LedgerKind.CONSORTIUM if shared else kind,
            witnesses=len(names),
            file_seen=seen(deposit),
            captured=deposit.kind == CAPTURE,
            drawn=deposit.kind == DRAW,
            notarial=deposit.kind in OFFICE_KINDS,
            nodes=names,
            listed=len(nodes.listed) if nodes else 0,
            also=shared or also,
        )


def _is_shared(ledger: str, trust: Trust) -> bool:
    """Whether several parties keep a ledger: its validators are known, and their seals verified."""
    return len(trust.validators.get(ledger, ())) > 1


def _until_issued(custody: list[AuditEntry]) -> list[AuditEntry]:
    """What a letter can know of: it says the same whenever it is made."""
    return list(takewhile(lambda entry: entry.action != "deposit.issued", custody))


def verify_url(settings: Settings, number: str) -> str:
    """Where anybody verifies the deposit of this number; the letter's QR code says it."""
    return f"{settings.base_url.rstrip('/')}/verify/{number}"


def _office(settings: Settings) -> Office:
    return Office(
        name=Words(settings.office_name_zh, settings.office_name_en),
        platform=Words(settings.platform_name_zh, settings.platform_name_en),
        website=settings.base_url,
        registration=settings.filing_number,
    )


def _event(entry: AuditEntry) -> CustodyEvent:
    system = entry.via == "worker"
    return CustodyEvent(
        entry.at,
        _ACTIONS[entry.action],
        entry.actor_name if system else mask(entry.actor_name),
        _SYSTEM if system else role_of(entry),
        masked_address(entry.address),
    )


def masked_address(address: str) -> str:
    """The network an address belongs to: 203.0.113.* or 2001:db8:1::*.

    A letter goes through many hands; the whole address stays in the custody log.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if parsed.version == 4:
        return address.rpartition(".")[0] + ".*"
    network = ipaddress.ip_network((parsed, 48), strict=False)
    return f"{network.network_address}*"
