"""Pages of draws: the list of them, the overview of one, the wizard of its rules."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.draws import (
    forms,
    list_views,
    naming,
    notary_views,
    panel,
    party_views,
    present,
    wizard,
)
from portal.draws.blueprint import blueprint
from portal.draws.frame import draws, framed, refusal
from portal.draws.shapes import DrawView, Plan, PoolCount
from portal.problems import BadInput, PortalError
from portal.ui.context import current_actor, services

__all__ = ["blueprint", "list_views", "notary_views", "panel", "party_views"]


@blueprint.get("/")
def listing() -> str:
    """Draws of whom the visitor acts for, and those they take part in; ``?after=``."""
    found = draws().mine(current_actor(), request.args.get("after") or None)
    return render_template(
        "draws/list.html",
        rows=[(each, present.title(each)) for each in found.lines],
        first=url_for("draws.listing") if request.args.get("after") else None,
        further=url_for("draws.listing", after=found.next) if found.next else None,
        may_begin=current_actor().has("organiser"),
        off=draws().switched_off,
        naming=naming,
    )


@blueprint.get("/new")
def new() -> str:
    """What it is called; everything else can wait."""
    return _new_page({}, None)


@blueprint.post("/new")
def create() -> Response | tuple[str, int]:
    """Begin a draft and go on to its rules."""
    values = {name: request.form.get(name, "").strip() for name in ("title_zh", "title_en")}
    try:
        draw_id = draws().create(current_actor(), values["title_zh"], values["title_en"])
    except BadInput as error:
        return _new_page(values, error), error.status
    return redirect(url_for("draws.rules", draw_id=draw_id), code=303)


@blueprint.get("/<draw_id>")
def show(draw_id: str) -> str:
    """How it stands, who is waited for, and what has been recorded."""
    return framed("draws/show.html", _get(draw_id), "draws.show", **_moving(_get(draw_id)))


@blueprint.get("/<draw_id>/standing")
def standing(draw_id: str) -> str:
    """The moving part of the overview."""
    draw = _get(draw_id)
    return render_template("draws/standing.html", draw=draw, naming=naming, **_moving(draw))


@blueprint.get("/<draw_id>/rules")
def rules(draw_id: str) -> str:
    """The wizard, or what was fixed by it."""
    draw = _get(draw_id)
    if draw.state != "draft" or not draw.may_change:
        return framed("draws/rules_fixed.html", draw, "draws.rules", plan=draw.plan)
    return _wizard(draw, forms.values_of(draw.plan, services().settings.zone))


@blueprint.post("/<draw_id>/rules")
def save_rules(draw_id: str) -> Response | tuple[str | Response, int]:
    """Keep what was typed; the wizard's script asks for JSON, and gets the preview with it."""
    values, quiet = forms.typed(request.form), _wants_json()
    draw = _get(draw_id)
    try:
        plan = forms.plan_of(values, draw.plan, services().settings.zone)
        draws().save_plan(current_actor(), draw.id, plan)
    except PortalError as error:
        if quiet:
            return refusal(error)
        return _wizard(draw, values, error), error.status
    if quiet:
        return make_response(jsonify(saved=True, preview=_preview(draw, plan)))
    flash(gettext("Saved."), "success")
    return redirect(_after_saving(draw.id), code=303)


@blueprint.post("/<draw_id>/delete")
def delete(draw_id: str) -> Response:
    """Forget a draft."""
    draws().delete(current_actor(), draw_id)
    flash(gettext("The draft was deleted."), "success")
    return redirect(url_for("draws.listing"), code=303)


@blueprint.post("/<draw_id>/thaw")
def thaw(draw_id: str) -> Response:
    """Back to the draft, while the rules are not signed."""
    draws().thaw(current_actor(), draw_id)
    flash(gettext("Everything can be changed again."), "success")
    return redirect(url_for("draws.show", draw_id=draw_id), code=303)


@blueprint.post("/<draw_id>/freeze")
def freeze(draw_id: str) -> Response:
    """Fix everything; the organiser then signs on the page this leads to."""
    try:
        draws().freeze(current_actor(), draw_id)
    except BadInput as error:
        flash(gettext(error.message, **error.params), "error")
        return redirect(url_for("draws.show", draw_id=draw_id), code=303)
    return redirect(url_for("draws.part", draw_id=draw_id), code=303)


def _get(draw_id: str) -> DrawView:
    return draws().get(current_actor(), draw_id)


def _moving(draw: DrawView) -> dict[str, Any]:
    return {
        "waited": present.waited(draw),
        "lines": list(present.party_lines(draw)),
        "moves": draw.state in ("frozen", "running"),
        "said": present.said,
    }


def _new_page(values: dict[str, str], error: PortalError | None) -> str:
    return render_template(
        "draws/new.html",
        values=values,
        problem=gettext(error.message, **error.params) if error else "",
        field=error.field if error else None,
        off=draws().switched_off,
    )


def _wizard(draw: DrawView, values: forms.Values, error: PortalError | None = None) -> str:
    return framed(
        "draws/rules.html",
        draw,
        "draws.rules",
        values=values,
        problem=gettext(error.message, **error.params) if error else "",
        field=(error.field if error else None) or "",
        zone=services().settings.timezone,
        step=request.args.get("step", "1"),
        classes=present.classes(draw.list),
        words={name: str(sentence) for name, sentence in wizard.WORDS.items()},
        preview=draw.preview,
        said=present.said,
    )


def _preview(draw: DrawView, plan: Plan) -> dict[str, Any] | None:
    """Of the list's counts, or of those assumed in the form; None while there are none."""
    counts: dict[str, PoolCount] = dict(draw.list.counts) if draw.list else {}
    if not counts:
        try:
            counts = forms.counts_of(request.form, (each.id for each in plan.pools))
        except BadInput:
            return None
    if not any(each.entries for each in counts.values()):
        return None
    return present.preview_json(draws().preview(plan, counts))


def _after_saving(draw_id: str) -> str:
    step = request.form.get("step", "")
    return url_for("draws.rules", draw_id=draw_id, step=step if step.isdecimal() else None)


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
