"""The organisation chosen in the site's head, kept in the session.

The names to choose from are kept there too, so that a page costs no query for them; what they
allow is asked of the membership whenever one acts (:mod:`portal.organisations.acting`).
"""

from __future__ import annotations

from typing import Any, Final

from flask import session
from flask.sansio.app import App

from portal.problems import NotFound
from portal.security import ACTING_FOR, ORGANISATIONS
from portal.ui.context import current_actor, services

#: a cookie has 4 KiB; whoever has more finds them on the page
_MOST: Final = 6
_SHORT: Final = 30


def install(app: App) -> None:
    """Give the site's head its values."""
    app.jinja_env.globals.update(organisation_choices=choices)


def choices() -> dict[str, Any]:
    """What the head's include shows: whom one acts for, and whom else one may."""
    actor = current_actor()
    if not actor.id:
        return {"offered": [], "acting": "", "role": ""}
    if ORGANISATIONS not in session:
        refresh()
    return {
        "offered": [each for each in session[ORGANISATIONS] if each[0] != actor.organisation],
        "acting": actor.organisation_name,
        "role": actor.organisation_role,
    }


def refresh() -> None:
    """Keep anew what there is to choose from; call it when the person's memberships change."""
    mine = [each.organisation for each in services().organisations.mine(current_actor())]
    session[ORGANISATIONS] = [[each.id, _short(each.name)] for each in mine[:_MOST]]


def choose(organisation_id: str) -> None:
    """Act for this organisation from now on; for oneself when "".

    Raises:
        NotFound: one does not belong to it.
    """
    if organisation_id:
        try:
            services().organisations.get(current_actor(), organisation_id)
        except NotFound:
            refresh()  # the head offered what is over
            raise
        session[ACTING_FOR] = organisation_id
    else:
        session.pop(ACTING_FOR, None)


def _short(name: str) -> str:
    return name if len(name) <= _SHORT else name[: _SHORT - 1] + "…"
