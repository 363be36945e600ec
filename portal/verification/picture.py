"""Pictures beside an answer: what happened when, who vouches for what, how strong it is.

From the evidence the records hold, in the visitor's language; no names of depositors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import url_for
from flask_babel import gettext

from chain_adapter.tlog import TlogLedger
from portal.deposits import facts, ruler, vouching
from portal.deposits.folders import CAPTURE
from portal.deposits.public import PublicEvidence
from portal.ui.context import services
from portal.ui.locale import language
from portal.verification.answering import Answered
from portal.verification.report import Answer, Certified


@dataclass(frozen=True, slots=True)
class Picture:
    """``strength`` are the letter's own sentences on what it proves and what it does not."""

    ruler: ruler.Ruler
    parties: tuple[vouching.Party, ...]
    strength: tuple[facts.Point, ...]
    explorer: str


def picture(answered: Answered) -> Picture | None:
    """None when the records hold nothing, or when what was examined is not what they hold: the
    times of one file are no times of another."""
    evidence, report = answered.evidence, answered.report
    other = report.answer is Answer.DIFFERS and not _gone(report.certificate)
    if evidence is None or other:
        return None
    deposit = evidence.deposit
    receipts = facts.receipts(deposit, _explorer_link)
    parties = vouching.parties(
        deposit, _names(), facts.tokens(deposit), receipts, services().deposits.tools.ledger_trust()
    )
    return Picture(
        ruler.draw(list(_events(evidence, report.certificate))),
        tuple(_unlinked(each) for each in parties),
        tuple(_strength(evidence)),
        receipts[0].link if receipts else "",
    )


def _gone(certified: Certified | None) -> bool:
    return certified is not None and certified.status in {"corrected", "revoked"}


def _events(evidence: PublicEvidence, certified: Certified | None) -> Iterator[ruler.Event]:
    """Created → captured → received → stamped → anchored → certified → today, as far as known."""
    deposit = evidence.deposit
    times = [
        *_captured(evidence),
        (gettext("Received"), deposit.received_at),
        (gettext("Time-stamped"), deposit.gen_time),
        (gettext("On the ledger"), deposit.anchored_at),
        (gettext("Letter issued"), deposit.issued_at if certified is None else None),
    ]
    yield from (ruler.Event(name, at) for name, at in times if at is not None)
    if deposit.erased_at is not None:
        yield ruler.Event(gettext("Content erased"), deposit.erased_at, "gone")
    if certified is not None:
        yield ruler.Event(gettext("Certified"), certified.issued_at)
        if (by := certified.by) is not None:
            corrected = by.kind == "correction"
            name = gettext("Corrected") if corrected else gettext("Revoked")
            yield ruler.Event(name, by.issued_at, "gone")
    yield ruler.Event(gettext("Today"), services().clock(), "now")


def _captured(evidence: PublicEvidence) -> Iterator[tuple[str, datetime | None]]:
    """When a capture began and ended, as its manifest says."""
    listed = evidence.listed
    if evidence.deposit.kind != CAPTURE or listed is None or not listed.manifest:
        return
    manifest = json.loads(listed.manifest)
    for name, key in ((gettext("Capture began"), "began"), (gettext("Captured"), "ended")):
        stated = manifest.get(key)
        text = stated.get("utc") if isinstance(stated, dict) else None
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        yield name, moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def _names() -> vouching.Names:
    settings, code = services().settings, language()
    return vouching.Names(
        gettext("known to the office"),
        str(getattr(settings, f"platform_name_{code}")),
        str(getattr(settings, f"office_name_{code}")),
    )


def _unlinked(party: vouching.Party) -> vouching.Party:
    """The particulars stand on the depositor's own page, not here."""
    return vouching.Party(party.role, party.icon, party.name, party.says, party.standing)


def _strength(evidence: PublicEvidence) -> Iterator[facts.Point]:
    if evidence.proof is None:
        return iter(())
    return facts.strength(services().deposits.strength(evidence.deposit), language())


def _explorer_link(ledger: str, position: int) -> str:
    own = services().ledger
    if isinstance(own, TlogLedger) and own.id == ledger:
        return url_for("explorer.entry", index=position)
    return ""
