"""The queue; and the modules with the desk's further pages."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from portal.deposits.reasons import wait_sentence
from portal.desk import (
    act_views,
    calendar_views,
    material_views,
    matter_views,
    present,
    statistics_views,
    words,
)
from portal.desk.blueprint import LOOKING, blueprint
from portal.desk.clock import day_of
from portal.desk.queue import VIEWS, QueueFilter
from portal.security import roles_required
from portal.ui.context import current_actor, services
from portal.ui.locale import language

__all__ = [
    "act_views",
    "blueprint",
    "calendar_views",
    "material_views",
    "matter_views",
    "statistics_views",
]
_TEXT = 100


@blueprint.get("")
@roles_required(*LOOKING)
def queue() -> str:
    """What is to be done, by its legal deadline; ``?view= template= text= page=``."""
    view = request.args.get("view", "open")
    wanted = QueueFilter(
        view=view if view in VIEWS else "open",
        template=request.args.get("template", ""),
        text=request.args.get("text", "")[:_TEXT],
        page=request.args.get("page", 1, type=int),
    )
    found, zone = services().desk.queue(current_actor(), wanted), services().settings.zone
    asked: dict[str, Any] = {"view": wanted.view}
    asked |= {name: getattr(wanted, name) for name in ("template", "text") if getattr(wanted, name)}
    return render_template(
        "desk/queue.html",
        found=found,
        rows=[
            (row, present.days_bar(row.clock, row.state), day_of(row.submitted_at, zone))
            for row in found.rows
        ],
        wanted=wanted,
        words=words,
        around=services().desk.around(),
        wait_sentence=wait_sentence,
        chinese=language() == "zh",
        visitor_operates=current_actor().has("operator", "administrator"),
        narrowed=bool(wanted.template or wanted.text),
        address=lambda page: url_for("desk.queue", **asked, page=page),
    )
