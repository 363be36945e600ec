"""One deposit's page: where it stands, what proves it, who vouches, and its custody log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import segno
from flask import make_response, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from chain_adapter import Trust
from chain_adapter.tlog import TlogLedger
from portal.deposits import facts, present, ruler, vouching
from portal.deposits.blueprint import blueprint
from portal.deposits.filenames import shown_name
from portal.deposits.folders import SEVERAL
from portal.deposits.letters import verify_url
from portal.deposits.models import Deposit, State
from portal.deposits.service import DepositService
from portal.ui.context import current_actor, services
from portal.ui.locale import language
from portal.ui.panels import panels

_FEW: Final = 5
_ENTRIES: Final = 50
_FILES: Final = 20
_LARGEST: Final = 2**63 - 1


@blueprint.get("/deposits/<deposit_id>")
def show(deposit_id: str) -> str:
    """The item's page; ``?files=`` shows a folder's files from that one on."""
    actor = current_actor()
    deposit = _deposits().get(actor, deposit_id)
    return render_template(
        "deposits/item.html",
        **_values(deposit),
        **_files(deposit),
        panels=list(panels(actor, deposit)),
        wide_panels=list(panels(actor, deposit, wide=True)),
        fragment=False,
    )


@blueprint.get("/deposits/<deposit_id>/progress")
def progress(deposit_id: str) -> Response:
    """The moving parts of the item's page; 204 while it is still what ``?seen=`` names."""
    deposit = _deposits().get(current_actor(), deposit_id)
    if request.args.get("seen") == present.mark(deposit):
        return make_response("", 204)
    values = _values(deposit)
    return make_response(render_template("deposits/progress.html", **values, fragment=True))


@blueprint.get("/deposits/<deposit_id>/custody")
def custody(deposit_id: str) -> str:
    """The whole custody log of one deposit, newest first; ``?before=`` goes on below an entry."""
    actor = current_actor()
    deposit = _deposits().get(actor, deposit_id)
    given = request.args.get("before", type=int)
    before = None if given is None else min(max(given, 0), _LARGEST)
    entries, more = _deposits().custody_page(actor, deposit_id, _ENTRIES, before)
    return render_template(
        "deposits/custody.html",
        deposit=deposit,
        title=present.title(deposit),
        lines=list(present.custody(entries)),
        older=entries[-1].seq if more else None,
        continued=before is not None,
    )


def _deposits() -> DepositService:
    return services().deposits


def _values(deposit: Deposit) -> dict[str, Any]:
    """What the moving parts show."""
    tokens = facts.tokens(deposit)
    receipts = facts.receipts(deposit, _explorer_link, _trust())
    link = verify_url(services().settings, deposit.number)
    entries, more = _deposits().custody_page(current_actor(), deposit.id, _FEW)
    return {
        "deposit": deposit,
        "title": present.title(deposit),
        "filename": shown_name(deposit.filename),
        "look": present.look(deposit),
        "steps": present.rail(_deposits().steps(deposit)),
        "mark": present.mark(deposit),
        "issued": deposit.state == State.ISSUED,
        "unsettled": deposit.follow_at is not None,
        "coming": list(facts.coming(deposit)),
        "has_original": deposit.vault_key is not None and deposit.erased_at is None,
        "token": tokens,
        "receipts": receipts,
        "strength": _strength(deposit),
        "parties": list(vouching.parties(deposit, _names(deposit), tokens, receipts, _trust())),
        "ruler": ruler.draw(list(_events(deposit))),
        "custody": list(present.custody(entries)),
        "more_custody": more,
        "verify_link": link,
        "qr": _qr(link),
    }


def _files(deposit: Deposit) -> dict[str, Any]:
    """The files of a folder, a page of them."""
    if deposit.kind not in SEVERAL:
        return {"files": []}
    start = min(max(request.args.get("files", 0, type=int), 0), 2**31 - _FILES)
    found = _deposits().files(current_actor(), deposit.id, start, _FILES + 1)
    return {
        "files": found[:_FILES],
        "first_file": start,
        "files_before": max(0, start - _FILES) if start else None,
        "files_after": start + _FILES if len(found) > _FILES else None,
    }


def _trust() -> Trust:
    return _deposits().tools.ledger_trust()


def _names(deposit: Deposit) -> vouching.Names:
    settings, code = services().settings, language()
    return vouching.Names(
        _deposits().depositor_name(deposit),
        str(getattr(settings, f"platform_name_{code}")),
        str(getattr(settings, f"office_name_{code}")),
    )


def _events(deposit: Deposit) -> list[ruler.Event]:
    times: dict[str, datetime | None] = {
        "received": deposit.received_at,
        "timestamped": deposit.gen_time,
        "anchored": deposit.anchored_at,
        "issued": deposit.issued_at,
    }
    found = [ruler.Event(str(present.STEPS[code]), at) for code, at in times.items() if at]
    if deposit.erased_at is not None:
        found.append(ruler.Event(gettext("Content erased"), deposit.erased_at, "gone"))
    return [*found, ruler.Event(gettext("Now"), services().clock(), "now")]


def _strength(deposit: Deposit) -> list[facts.Point]:
    """Empty while there is no proof whose strength could be told."""
    if deposit.proof is None:
        return []
    return list(facts.strength(_deposits().strength(deposit), language()))


def _explorer_link(ledger: str, position: int) -> str:
    own = services().ledger
    if isinstance(own, TlogLedger) and own.id == ledger:
        return url_for("explorer.entry", index=position)
    return ""


def _qr(link: str) -> Markup:
    """The QR code of an address, as SVG without any style of its own."""
    code = segno.make(link, error="m", micro=False)
    return Markup(code.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None))  # noqa: S704
