"""Pages of the parties: inviting them, taking the invitation, and what each has to do."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.draws import naming, present
from portal.draws.blueprint import blueprint
from portal.draws.ceremony import WORDS
from portal.draws.frame import draws, framed
from portal.draws.shapes import DrawView
from portal.problems import BadInput, Conflict, PortalError
from portal.ui.context import current_actor, services
from portal.ui.locale import language

#: Roles that can be invited: organiser and portal are there from the beginning.
INVITED: Final = ("notary", "public")


@blueprint.get("/<draw_id>/parties")
def parties(draw_id: str) -> str:
    """Who takes part, who has joined, and a form to invite further ones."""
    return _page(draws().get(current_actor(), draw_id))


@blueprint.post("/<draw_id>/parties")
def invite(draw_id: str) -> str | tuple[str, int]:
    """Invite; the link is shown this once, and mailed."""
    form = {name: request.form.get(name, "").strip() for name in ("role", "name", "email")}
    spoken = request.form.get("language") or language()
    try:
        if form["role"] not in INVITED:
            raise BadInput("role", "Choose whom you invite.", field="role")
        link = draws().invite(current_actor(), draw_id, **form, language=spoken)
    except (BadInput, Conflict) as error:
        return _page(draws().get(current_actor(), draw_id), error, form), error.status
    return _page(draws().get(current_actor(), draw_id), link=link, invited=form["name"])


@blueprint.post("/<draw_id>/parties/<party>/remove")
def uninvite(draw_id: str, party: str) -> Response:
    """Take a party out again."""
    draws().uninvite(current_actor(), draw_id, party)
    flash(gettext("Removed. The link no longer opens anything."), "success")
    return redirect(url_for("draws.parties", draw_id=draw_id), code=303)


@blueprint.get("/invitation/<token>")
def invitation(token: str) -> str:
    """Who asks whom for what."""
    asked = draws().invitation(token)
    return render_template(
        "draws/invitation.html",
        asked=asked,
        token=token,
        name=present.title(asked),
        naming=naming,
    )


@blueprint.post("/invitation/<token>")
def claim(token: str) -> Response:
    """Take part."""
    draw_id = draws().claim(current_actor(), token)
    return redirect(url_for("draws.part", draw_id=draw_id), code=303)


@blueprint.get("/<draw_id>/part")
def part(draw_id: str) -> str | Response:
    """What this party has to do now; its script holds the key and signs."""
    draw = draws().get(current_actor(), draw_id)
    if not draw.party:
        return redirect(url_for("draws.show", draw_id=draw_id), code=303)
    return framed(
        "draws/part.html",
        draw,
        "draws.part",
        own=next(each for each in draw.parties if each.id == draw.party),
        plan=draw.plan,
        minimum=draw.plan.dice_minimum,
        words={name: str(sentence) for name, sentence in WORDS.items()},
        awaited={name: str(word) for name, word in naming.AWAITED.items()},
        reasons={name: str(word) for name, word in naming.VOID_REASONS.items()},
        names={each.id: each.name for each in draw.parties},
        lines=list(present.party_lines(draw)),
        said=present.said,
        late=any(each.code == "seven_days" for each in draw.warnings),
    )


@blueprint.get("/<draw_id>/part/parties")
def part_parties(draw_id: str) -> str:
    """Who is waited for: the part of that page that moves by itself."""
    draw = draws().get(current_actor(), draw_id)
    lines = list(present.party_lines(draw))
    return render_template("draws/part_parties.html", draw=draw, lines=lines)


def _page(
    draw: DrawView,
    error: PortalError | None = None,
    form: dict[str, str] | None = None,
    link: str = "",
    invited: str = "",
) -> str:
    roles = {each.role for each in draw.parties}
    return framed(
        "draws/parties.html",
        draw,
        "draws.parties",
        lines=list(present.party_lines(draw)),
        may_change=draw.may_change and draw.state == "draft",
        form=form or {"role": "public" if "notary" in roles else "notary", "name": "", "email": ""},
        invited_roles=[each for each in INVITED if each == "public" or "notary" not in roles],
        problem=gettext(error.message, **error.params) if error else "",
        field=error.field if error else None,
        link=link,
        invited=invited,
        zone=services().settings.timezone,
    )
