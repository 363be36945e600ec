"""From a letter's values to the JSON its template shows.

The template decides where things stand; this module decides which things there are. Text of
strangers goes through :func:`timestamping.pdf.text.runs`; everything else is plain ASCII or our own
words.
"""

from __future__ import annotations

import io
from typing import Any

import segno

from timestamping.letter import limits, strength
from timestamping.letter.attachments import attachments
from timestamping.letter.capture import capture_view
from timestamping.letter.clock import Clock
from timestamping.letter.data import Item, LetterData
from timestamping.letter.draw import draw_view
from timestamping.letter.files_view import files_view
from timestamping.letter.ledger_view import ledger_view
from timestamping.letter.notarial import notarial_view
from timestamping.letter.signing import signing_of
from timestamping.letter.steps import steps
from timestamping.letter.token_view import digest_view, hex_lines, token_view
from timestamping.letter.words import Words
from timestamping.package_trust import Fingerprint
from timestamping.pdf.text import escaped, runs

#: Field of an :class:`Item` and its name in both languages, in the order of the letter.
ITEM_FIELDS = {
    "producer": Words("制作者", "Producer"),
    "created": Words("形成时间", "Created"),
    "summary": Words("内容摘要", "Content"),
    "medium": Words("存储介质", "Medium"),
    "location": Words("存放位置", "Location"),
    "custody": Words("保管方式", "Custody method"),
    "captured_by": Words("提取人", "Capture person"),
    "tool": Words("提取工具与版本", "Tool and version"),
    "method": Words("提取方法", "Method"),
    "completeness": Words("完整性说明", "Completeness"),
    "sender": Words("发送人", "Sender"),
    "receiver": Words("接收人", "Receiver"),
    "purpose": Words("证明目的", "Fact to be proved"),
}
_ORDINARY = Words("正常业务中形成", "Made in ordinary business")
_ANCHOR_NAMES = {
    "root": Words("根证书", "Root certificate, SHA-256"),
    "notary": Words("公证员根证书", "Notaries' root certificate, SHA-256"),
    "ledger": Words("账本公钥", "Ledger key"),
    "quorum": Words("须联署的节点数", "Deposit nodes that must cosign"),
    "node": Words("存证节点公钥", "Deposit node's key"),
    "validator": Words("链上验证节点地址", "Validator's address"),
    "platform": Words("平台公钥", "Platform key (Ed25519)"),
}
#: Anchors that are no hexadecimal digits.
_AS_WRITTEN = frozenset({"ledger", "quorum", "node", "validator"})
STATEMENT = Words(
    "兹证明：下述电子数据的摘要已由本平台接收，加盖 RFC 3161 时间戳，并记入账本。",
    "This letter states that the digest of the data below was received by this platform, "
    "time-stamped (RFC 3161) and recorded in the ledger.",
)
#: Names longer than this stand in full only in annex 2, characters.
FRONT_NAME = 260


def view(data: LetterData) -> dict[str, Any]:
    """Everything the template reads, as JSON values."""
    clock = Clock(data.zone)
    first = data.items[0]
    facts = data.strength
    name = first.name if len(first.name) <= FRONT_NAME else first.name[:FRONT_NAME] + "…"
    return {
        "title": f"存证函 Deposit letter {data.number}",
        "issuer": escaped(f"{data.office.name.zh} {data.office.name.en}".strip()),
        "keywords": [data.number, data.code],
        "description": f"SHA-256 {data.entry.digests[0].hex}",
        "number": data.number,
        "code": data.code,
        "verify-url": data.verify_url,
        "verify-shown": runs(data.verify_url),
        "qr": qr(data.verify_url),
        "qr-alt": "QR code of the verification page",
        "office": {
            "name": _words(data.office.name),
            "platform": _words(data.office.platform),
            "location": _words(data.office.location),
            "website": data.office.website,
        },
        "registration": data.office.registration,
        "statement": _words(STATEMENT),
        "depositor": {
            "name": runs(data.depositor.masked),
            "identity": _words(data.depositor.identity),
        },
        "signing": _signing(data),
        "issued": clock.full(data.times.issued),
        "first": {**item_view(first), "name": runs(name)},
        "more": len(data.items) - 1,
        "items": [item_view(item) for item in data.items],
        "files": files_view(data.files),
        "capture": capture_view(data.capture, clock),
        "drawn": draw_view(data.drawn, clock),
        "notarial": notarial_view(data.notarial),
        "stations": stations(data, clock),
        "strength": [_strength(answer) for answer in strength.statement(facts)],
        "proves": [_words(words) for words in limits.proves(facts)],
        "does-not-prove": [_words(words) for words in limits.does_not_prove(facts)],
        "vouchers": vouchers(data),
        "token": token_view(data.token, data.revocation, clock, 1),
        "co-tokens": [
            token_view(token, data.revocation, clock, number)
            for number, token in enumerate(data.token.also, start=2)
        ],
        "ledger": ledger_view(data, clock),
        "custody": [
            {
                "time": clock.full(event.time),
                "action": _words(event.action),
                "actor": runs(event.actor),
                "role": _words(event.role),
                "origin": runs(event.origin),
            }
            for event in data.custody
        ],
        "steps": steps(data),
        "anchors": [_anchor(anchor) for anchor in data.trust.fingerprints()],
        "attachments": attachments(data),
    }


def qr(url: str) -> str:
    """The URL as a QR code in SVG, error correction M (ISO/IEC 18004)."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        out, kind="svg", border=0, xmldecl=False, svgns=True, dark="#1b1f24"
    )
    return out.getvalue().decode()


def size(value: int | None) -> str:
    """``1,234,567 字节 bytes``; a digest without a file has no size."""
    return "大小未知 size unknown" if value is None else f"{value:,} 字节 bytes"


def item_view(item: Item) -> dict[str, Any]:
    """One item, what was stated of it apart from what was not."""
    values = {name: getattr(item, name) for name in ITEM_FIELDS}
    if item.ordinary_course is not None:
        values["ordinary"] = "是 yes" if item.ordinary_course else "否 no"
    names = {**ITEM_FIELDS, "ordinary": _ORDINARY}
    return {
        "name": runs(item.name),
        "media-type": runs(item.media_type or "未知类型 unknown type"),
        "size": size(item.size),
        "digests": [digest_view(digest) for digest in item.digests],
        "stated": [
            {**_words(names[name]), "value": runs(value)} for name, value in values.items() if value
        ],
        "unstated": [_words(names[name]) for name in names if not values.get(name)],
    }


def stations(data: LetterData, clock: Clock) -> list[dict[str, Any]]:
    """The five times of a deposit, in the order of the spine."""
    times = (
        (Words("接收", "received"), data.times.received),
        (Words("计算摘要", "hashed"), data.times.hashed),
        (Words("时间戳", "stamped"), data.token.gen_time),
        (Words("记入账本", "recorded"), data.receipt.time),
        (Words("签发", "issued"), data.times.issued),
    )
    return [
        {"label": _words(label), "date": clock.date(time), "clock": clock.time(time)}
        for label, time in times
    ]


def vouchers(data: LetterData) -> list[dict[str, Any]]:
    """Who vouches for what, each with how it can be checked."""
    tokens = (data.token, *data.token.also)
    platform = f"{data.office.platform.zh} {data.office.platform.en}".strip()
    rows = [
        (
            Words("数据来源", "Origin of the data"),
            platform if data.strength.made_here else data.depositor.masked,
            Words("见附件 2", "See annex 2"),
        ),
        *_signer(data),
        (
            Words("接收与摘要", "Receipt, digests"),
            platform,
            Words("平台对账本记录的签名", "The platform's signature on the ledger entry"),
        ),
        *(
            (
                Words("时间", "Time"),
                token.tsa,
                Words("时间戳令牌上的签名", "The signature on the time-stamp token"),
            )
            for token in tokens
        ),
        (
            Words("记录未改动", "Record unaltered"),
            data.receipt.ledger,
            Words("账本检查点与包含证明", "The ledger's checkpoint and the inclusion proof"),
        ),
        (
            Words("本函", "This letter"),
            f"{data.office.name.zh} {data.office.name.en}",
            Words("本 PDF 的电子签章", "The electronic seal on this PDF"),
        ),
    ]
    return [{"what": _words(what), "who": runs(who), "how": _words(how)} for what, who, how in rows]


def _signer(data: LetterData) -> list[tuple[Words, str, Words]]:
    """The depositor's own signature, where there is one."""
    signing = signing_of(data.entry, data.metadata, data.trust.ledger.depositors)
    if not signing.scheme:
        return []
    how = Words("存证人对存证交易的签名", "The depositor's signature on the deposit's transaction")
    who = signing.subject or data.depositor.masked
    return [(Words("提交意思", "Will to deposit"), who, how)]


def _signing(data: LetterData) -> dict[str, Any]:
    """Who signed the transaction: title and sentence, key id, and of a certificate its names."""
    signing = signing_of(data.entry, data.metadata, data.trust.ledger.depositors)
    return {
        "title": _words(signing.title),
        "sentence": _words(signing.sentence),
        "key": signing.key_id,
        "subject": runs(signing.subject),
        "issuer": runs(signing.issuer),
    }


def _words(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _strength(answer: strength.Strength) -> dict[str, Any]:
    return {
        "label": _words(answer.label),
        "short": _words(answer.short),
        "sentence": _words(answer.sentence),
        "strong": answer.strong,
    }


def _anchor(anchor: Fingerprint) -> dict[str, Any]:
    value = anchor.value
    return {
        "label": _words(_ANCHOR_NAMES[anchor.kind]),
        "name": runs(anchor.name),
        "value": [value] if anchor.kind in _AS_WRITTEN else hex_lines(value),
    }
