"""Panels that features add to a matter's pages without these knowing the features.

A feature registers a template, a function that gives it its values, and the side of the desk the
page is on; the page renders what is registered, in order of registration, and leaves out what has
nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask import current_app, render_template
from flask.sansio.app import App
from markupsafe import Markup

from portal.audit.actor import Actor
from portal.matters.shapes import Side

#: Values for the template, or None when the feature has nothing to say about this matter (by id).
Values = Callable[[str, Actor], dict[str, Any] | None]
_KEY: Final = "notary-matter-panels"


@dataclass(frozen=True, slots=True)
class MatterPanel:
    template: str
    values: Values
    side: Side


def add_matter_panel(app: App, template: str, values: Values, side: Side) -> None:
    """Show ``template`` with ``values(matter_id, actor)`` on each matter's page of this side."""
    app.extensions.setdefault(_KEY, []).append(MatterPanel(template, values, side))


def matter_panels(matter_id: str, actor: Actor, side: Side) -> Iterator[Markup]:
    """The panels of one matter, rendered. Whoever calls has checked that the actor may see it."""
    for panel in current_app.extensions.get(_KEY, ()):
        values = panel.values(matter_id, actor) if panel.side == side else None
        if values is not None:
            page = render_template(panel.template, matter_id=matter_id, side=side, **values)
            yield Markup(page)  # noqa: S704 - rendered, and escaped, by a template
