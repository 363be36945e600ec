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
    wide: bool


def add_panel(app: Flask, template: str, values: Values, *, wide: bool = False) -> None:
    """Show ``template`` with ``values(actor, deposit)`` on each item's page: beside the evidence,
    or above it when it needs the room."""
    app.extensions.setdefault(_KEY, []).append(Panel(template, values, wide))


def panels(actor: Actor, deposit: Deposit, *, wide: bool = False) -> Iterator[Markup]:
    """The panels of one deposit, rendered: the wide ones, or the others."""
    for panel in current_app.extensions.get(_KEY, ()):
        values = panel.values(actor, deposit) if panel.wide == wide else None
        if values is not None:
            yield Markup(render_template(panel.template, deposit=deposit, **values))  # noqa: S704
