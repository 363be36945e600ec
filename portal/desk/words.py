"""The desk's codes in words people read: label and icon, or label alone."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

from portal.desk.reasons import PAUSES, REFUSALS, Reason
from portal.matters import words as matters
from portal.matters.words import KINDS as PARTY_KINDS
from portal.matters.words import LANGUAGES, PURPOSES, WITHDRAWALS
from portal.ui.locale import language

__all__ = ["LANGUAGES", "PARTY_KINDS", "PURPOSES", "WITHDRAWALS"]

#: state → its name, how its badge looks, its icon
STATES: Final = {
    "submitted": (lazy_gettext("to be decided on"), "moving", "inbox"),
    "accepted": (lazy_gettext("being examined"), "moving", "writing-sign"),
    "issued": (lazy_gettext("certificate issued"), "issued", "certificate"),
    "refused": (lazy_gettext("not notarised"), "off", "circle-x"),
    "withdrawn": (lazy_gettext("withdrawn"), "off", "arrow-back-up"),
    "archived": (lazy_gettext("archived"), "issued", "stack-2"),
}
TEMPLATES: Final = {code: words[0] for code, words in matters.TEMPLATES.items()}
MATERIALS: Final = {code: words[0] for code, words in matters.MATERIALS.items()}
PARTY_ROLES: Final = {code: words[0] for code, words in matters.ROLES.items()}
VIEWS: Final = {
    "open": lazy_gettext("All open"),
    "mine": lazy_gettext("Mine"),
    "unassigned": lazy_gettext("Unassigned"),
    "waiting": lazy_gettext("Waiting for the applicant"),
    "paused": lazy_gettext("Clock stands still"),
    "overdue": lazy_gettext("Overdue"),
    "ended": lazy_gettext("Concluded"),
}
PARTS: Final = {
    "first": lazy_gettext("First notary"),
    "second": lazy_gettext("Second notary"),
}
#: state of a material → its name, the look of its badge, its icon
MATERIAL_STATES: Final = {
    "missing": (lazy_gettext("waited for"), "waiting", "hourglass"),
    "handed-in": (lazy_gettext("to be looked at"), "moving", "eye"),
    "accepted": (lazy_gettext("accepted"), "issued", "circle-check"),
    "waived": (lazy_gettext("not needed"), "off", "circle-dashed"),
}
KINDS: Final = {
    "file": lazy_gettext("File"),
    "digest": lazy_gettext("Digest only"),
    "folder": lazy_gettext("Folder"),
    "capture": lazy_gettext("Capture"),
    "draw": lazy_gettext("Draw"),
}
TROUBLES: Final = {
    "check": lazy_gettext("The machine check could not run"),
    "certificate": lazy_gettext("The sealing of the certificate waits"),
    "volume": lazy_gettext("The archive volume waits"),
}
OUTCOMES: Final = {
    "issued": lazy_gettext("With certificate"),
    "refused": lazy_gettext("Refused"),
    "withdrawn": lazy_gettext("Withdrawn"),
    "open": lazy_gettext("Open"),
}
BARRED: Final = {
    "own_matter": lazy_gettext("This is a matter of your own: another notary has to act on it."),
    "keeps_away": lazy_gettext("You keep away from this matter: another notary has to act on it."),
}
#: key of an entry's detail → its name; those not named here say nothing to people
DETAILS: Final = {
    "reason": lazy_gettext("reason"),
    "note": lazy_gettext("note"),
    "notary": lazy_gettext("notary"),
    "due": lazy_gettext("last day"),
    "part": lazy_gettext("part"),
    "code": lazy_gettext("material"),
    "material": lazy_gettext("material"),
    "number": lazy_gettext("number"),
    "outcome": lazy_gettext("outcome"),
    "sha256": lazy_gettext("SHA-256"),
    "before": lazy_gettext("before"),
    "now": lazy_gettext("now"),
    "needed": lazy_gettext("needed"),
}


def reason_words(code: str | None) -> str:
    """A reason of the law, or of a withdrawal, in the visitor's language."""
    known: tuple[Reason, ...] = (*REFUSALS, *PAUSES)
    for each in known:
        if each.code == code:
            return each.said(language())
    return str(WITHDRAWALS.get(code or "", code or ""))
