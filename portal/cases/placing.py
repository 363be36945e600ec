"""Where deposits are put: the panel on an item's page, and the form below a list."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.audit.actor import Actor
from portal.cases.blueprint import blueprint
from portal.cases.tags import MAX_TAGS, split
from portal.deposits.models import Deposit
from portal.problems import PortalError
from portal.security import safe_next
from portal.ui.context import current_actor, services
from portal.ui.panels import add_panel

#: choices of the form below a list, beside a case's id
_AS_IT_IS: Final = ""
_NOWHERE: Final = "none"


@blueprint.post("/cases/assign")
def assign() -> Response:
    """Put many deposits into a case or out of any, and give them tags. Fields: ``deposit`` (many),
    ``case`` (an id, ``none``, or nothing: as it is), ``tags``, ``next``."""
    chosen = request.form.getlist("deposit")
    target = request.form.get("case", _AS_IT_IS)
    words = split(request.form.get("tags", ""))
    if not chosen:
        flash(gettext("Choose deposits first."), "warning")
    elif target == _AS_IT_IS and not words:
        flash(gettext("Choose a case or enter a tag first."), "warning")
    else:
        _assign(current_actor(), chosen, target, words)
    return redirect(safe_next(request.form.get("next"), url_for("deposits.listing")), code=303)


@blueprint.post("/deposits/<deposit_id>/filing")
def file(deposit_id: str) -> Response:
    """Case and tags of one deposit; to htmx the panel anew, else back to the item's page."""
    actor, filing = current_actor(), services().cases.filing
    deposit = services().deposits.get(actor, deposit_id)
    problem = ""
    try:
        words = split(request.form.get("tags", ""))
        filing.place(actor, deposit_id, request.form.get("case") or None, words)
    except PortalError as error:
        problem = gettext(error.message, **error.params)
    if request.headers.get("HX-Request"):
        values = panel_values(actor, deposit) or {}
        typed = {"typed": request.form.get("tags", "")} if problem else {}
        saved = not problem
        return make_response(
            render_template(
                "cases/filing.html", deposit=deposit, problem=problem, saved=saved, **values | typed
            )
        )
    flash(problem or gettext("Case and tags are saved."), "error" if problem else "success")
    return redirect(url_for("deposits.show", deposit_id=deposit_id), code=303)


def panel_values(actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    """What the item page's panel shows; None for those whom the holder's order does not concern."""
    filing = services().cases.filing
    labels = filing.labels(actor, deposit)
    if labels is None:
        return None
    offered = services().cases.offered(actor, deposit.organisation_id or deposit.owner_id)
    if labels.case is not None and labels.case.id not in {case.id for case in offered}:
        offered.insert(0, labels.case)
    return {
        "labels": labels,
        "offered": offered,
        "suggestions": filing.suggestions(actor, deposit),
        "typed": ", ".join(labels.tags),
        "most_tags": MAX_TAGS,
    }


def case_choices() -> dict[str, list[Any]]:
    """For ``cases/bulk.html``: open cases and known tags of whom the visitor acts for."""
    actor = current_actor()
    return {
        "cases": services().cases.offered(actor),
        "tags": services().cases.filing.suggestions(actor),
    }


def _install(state: BlueprintSetupState) -> None:
    add_panel(state.app, "cases/panel.html", panel_values)  # type: ignore[arg-type]
    state.app.jinja_env.globals["case_choices"] = case_choices


blueprint.record_once(_install)


def _assign(actor: Actor, chosen: list[str], target: str, words: list[str]) -> None:
    filing = services().cases.filing
    try:
        if target == _AS_IT_IS:
            filing.add_tags(actor, chosen, words)
        else:
            filing.place_many(actor, chosen, None if target == _NOWHERE else target, words)
    except PortalError as error:
        flash(gettext(error.message, **error.params), "error")
        return
    flash(gettext("Done for %(count)s deposits.", count=len(set(chosen))), "success")
