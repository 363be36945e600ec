"""Rule 17, neutrality: who runs the clock and the ledger, who watches, what keys there are."""

from __future__ import annotations

from collections.abc import Iterator

from chain_adapter import Ledger, LedgerError
from chain_adapter.tlog import TlogLedger
from portal.services import Services
from portal.verification.sheet import Row, said
from timestamping.letter.ledger_view import read_checkpoint
from timestamping.letter.words import Words
from timestamping.multi import MultiStamper
from timestamping.stamper import Stamper

_SELF = said("由本平台自行运营，非独立", "run by this platform itself, not independent")
_ELSEWHERE = said(
    "由谁维护，以该账本自身的说明为准", "who keeps it, that ledger's own description says"
)
_OTHERS = said("由独立机构运营", "run by an independent party")


def neutrality(services: Services) -> tuple[Row, ...]:
    """Every party the evidence hangs on, and whether it is the platform itself."""
    return (
        *_authorities(services),
        *(_ledger(number, each) for number, each in enumerate(services.ledgers)),
        _witnesses(services.ledger),
        Row(
            Words("与案件当事人的利害关系", "Ties to a party of the dispute"),
            None,
            "—",
        ),
    )


def _authorities(services: Services) -> Iterator[Row]:
    stampers = _single(services.stamper)
    for each in stampers:
        who = _OTHERS if each.independent else _SELF
        label = Words("时间戳服务", "Time-stamp service")
        yield Row(label, said(f"{each.label}：{who.zh}", f"{each.label}: {who.en}"), "STAMPERS")
    if len(stampers) > 1:
        both = services.settings.stamp_mode == "costamp"
        value = (
            said("每份存证由各机构共同加盖", "every deposit is stamped by each of them")
            if both
            else said("依次尝试，由最先应答者加盖", "the first that answers stamps")
        )
        yield Row(Words("多个时间戳机构", "Several authorities"), value, "STAMP_MODE")


def _single(stamper: Stamper) -> tuple[Stamper, ...]:
    return stamper.stampers if isinstance(stamper, MultiStamper) else (stamper,)


def _ledger(number: int, ledger: Ledger) -> Row:
    label = Words("账本", "Ledger") if number == 0 else Words("其他账本", "Further ledger")
    who = _SELF if isinstance(ledger, TlogLedger) else _ELSEWHERE
    zh, en = f"{ledger.id}（{ledger.scheme}）：{who.zh}", f"{ledger.id} ({ledger.scheme}): {who.en}"
    return Row(label, Words(zh, en), "LEDGERS")


def _witnesses(ledger: Ledger) -> Row:
    """Who else signed the newest checkpoint, which anybody may fetch and see."""
    label = Words("账本见证人", "Witnesses of the ledger")
    note = _newest(ledger)
    if note is None:
        return Row(label, None, "checkpoint")
    names = [name for name in read_checkpoint(note).signers if name != ledger.id]
    none = said("无", "none")
    return Row(label, said("、".join(names), ", ".join(names)) if names else none, "checkpoint")


def _newest(ledger: Ledger) -> str | None:
    if not isinstance(ledger, TlogLedger):
        return None
    try:
        return ledger.latest()
    except LedgerError:
        return None
