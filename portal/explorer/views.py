"""Pages of the public ledger."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_babel import lazy_gettext

from chain_adapter import NotFound as NoEntry
from chain_adapter.tlog import TlogLedger
from portal.explorer import service
from portal.explorer.picture import draw
from portal.problems import NotFound
from portal.ui.context import services

blueprint = Blueprint("explorer", __name__, template_folder="templates")

#: kinds of entries in words; a kind not named here is shown as it stands
KINDS = {"deposit": lazy_gettext("Deposit")}
#: no ledger is longer, and no database counts further
_LARGEST = 2**62


@blueprint.get("/explorer")
def latest() -> str:
    """The newest checkpoint and the newest entries; ``?before=`` continues below a position."""
    ledger = the_ledger()
    top = service.head(ledger)
    before = request.args.get("before", type=int)
    if before is not None:
        before = min(max(before, 0), _LARGEST)
    page = service.page(ledger, top.size, before)
    return render_template("explorer/latest.html", head=top, page=page, kinds=KINDS)


@blueprint.get("/explorer/<int:index>")
def entry(index: int) -> str:
    """One entry, and the picture of its proof."""
    ledger = the_ledger()
    top = service.head(ledger)
    try:
        found = service.record(ledger, top, index)
    except NoEntry as error:
        message = (
            "The ledger has %(size)s entries, numbered from 0; there is none with this number."
        )
        raise NotFound("no_entry", message, size=top.size) from error
    return render_template(
        "explorer/entry.html", head=top, record=found, picture=draw(found), kinds=KINDS
    )


def the_ledger() -> TlogLedger:
    """The primary ledger, when it is a transparency log that is published here."""
    ledger = services().ledger
    if not isinstance(ledger, TlogLedger):
        message = "This portal's first ledger is no transparency log; it publishes elsewhere."
        raise NotFound("no_tlog", message)
    return ledger
