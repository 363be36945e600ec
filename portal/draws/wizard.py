"""The sentences of the wizard's script; it fills the ``%(…)s`` places itself."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

WORDS: Final = {
    "saving": lazy_gettext("Saving …"),
    "saved": lazy_gettext("Saved at %(time)s"),
    "unsaved": lazy_gettext("Not saved yet: %(why)s"),
    "offline": lazy_gettext(
        "Not saved: the portal does not answer. What you typed is kept in this browser."
    ),
    "session": lazy_gettext(
        "Not saved: your session has ended. What you typed is kept in this browser; sign in again."
    ),
    "stage": lazy_gettext("Stage %(number)s"),
    "places": lazy_gettext("%(count)s places"),
    "carried": lazy_gettext("%(count)s of them carried over"),
    "alternates": lazy_gettext("%(count)s alternates"),
    "ranked": lazy_gettext("everybody is ranked"),
    "entries": lazy_gettext("Entries in the list"),
    "tickets": lazy_gettext("Tickets"),
    "winners": lazy_gettext("Winners"),
    "empty-places": lazy_gettext("Places that stay empty: %(count)s"),
    "refused": lazy_gettext("There are fewer entries than places: such a list would be refused."),
    "no-entries": lazy_gettext("No entries in these pools."),
    "one-in": lazy_gettext("1 in %(count)s"),
    "certain": lazy_gettext("wins for certain"),
    "none": lazy_gettext("no chance"),
    "about": lazy_gettext("about %(count)s"),
    "chance": lazy_gettext("An entry of %(pool)s"),
    "chance-weight": lazy_gettext("An entry of %(pool)s with weight %(weight)s"),
    "checked": lazy_gettext("The portal’s own calculation agrees."),
    "differs": lazy_gettext(
        "The portal calculates %(places)s places of %(tickets)s tickets in stage %(number)s; "
        "reload the page."
    ),
    "unchecked": lazy_gettext("The portal checks this as soon as everything is filled in."),
    "assume-entries": lazy_gettext("Entries of %(pool)s"),
    "assume-weight": lazy_gettext("Weight each"),
    "pool": lazy_gettext("Pool %(id)s"),
    "light": lazy_gettext("lighter: smaller weights"),
    "feasible": lazy_gettext("A list like this can be frozen."),
    "not-feasible": lazy_gettext("A list like this could not be frozen."),
}
