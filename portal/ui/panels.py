"""Panels that features add to an item's page without the page knowing the features.

A feature registers a template and a function that gives the template its values; the page renders
what is registered, in order of registration, and leaves out what has nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, current_app, render_template
from markupsafe import Markup

from portal.audit.actor import Actor

if TYPE_CHECKING:
    from portal.deposits.models import Deposit

#: Values for the template, or None when the feature has nothing to say about this deposit.
Values = Callable[[Actor, "Deposit"], dict[str, Any] | None]
_KEY: Final = "notary-item-panels"


@dataclass(frozen=True, slots=True)
class Panel:
    template: str
    values: Values


def add_panel(app: Flask, template: str, values: Values) -> None:
    """Show ``template`` with ``values(actor, deposit)`` on each item's page."""
    app.extensions.setdefault(_KEY, []).append(Panel(template, values))


def panels(actor: Actor, deposit: Deposit) -> Iterator[Markup]:
    """The panels of one deposit, rendered."""
    for panel in current_app.extensions.get(_KEY, ()):
        values = panel.values(actor, deposit)
        if values is not None:
            yield Markup(render_template(panel.template, deposit=deposit, **values))  # noqa: S704
