"""What codes of draws are called on pages: word, and where one is needed an icon and a look."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from flask_babel import lazy_gettext

Word: TypeAlias = Any
Look: TypeAlias = tuple[Word, str, str]

#: state → word, icon, the badge's look
STATES: Final[dict[str, Look]] = {
    "draft": (lazy_gettext("Being prepared"), "pencil", "draft"),
    "frozen": (lazy_gettext("Frozen, to be signed"), "lock", "frozen"),
    "running": (lazy_gettext("Announced"), "speakerphone", "running"),
    "complete": (lazy_gettext("Complete"), "circle-check", "complete"),
    "cancelled": (lazy_gettext("Cancelled"), "circle-x", "cancelled"),
}

#: phase of the record → what is going on
PHASES: Final[dict[str, Word]] = {
    "config": lazy_gettext("Rules are being signed"),
    "list": lazy_gettext("The list is being approved"),
    "commit": lazy_gettext("Seeds are being committed"),
    "shares": lazy_gettext("Shares are being dealt"),
    "acknowledge": lazy_gettext("Shares are being acknowledged"),
    "ready": lazy_gettext("Ready; the notary has not opened the draw yet"),
    "dice": lazy_gettext("Dice are being rolled"),
    "reveal": lazy_gettext("Seeds are being revealed"),
    "beacon": lazy_gettext("The beacon is awaited"),
    "draw": lazy_gettext("The draw is being computed"),
    "final": lazy_gettext("Drawn"),
    "audited": lazy_gettext("Drawn and audited"),
    "void": lazy_gettext("The attempt was voided"),
    "cancelled": lazy_gettext("Cancelled"),
}

_DRAWN: Final[Look] = (lazy_gettext("Drawn"), "circle-check", "complete")


def look(state: str, phase: str) -> Look:
    """What the public is told of a draw: that it was drawn, before its record has ended too."""
    return _DRAWN if state == "running" and phase == "final" else STATES[state]


#: type of step → word, icon
STEPS: Final[dict[str, tuple[Word, str]]] = {
    "config": (lazy_gettext("Rules fixed"), "scale"),
    "list": (lazy_gettext("List fixed"), "list"),
    "commit": (lazy_gettext("Seed committed"), "lock"),
    "shares": (lazy_gettext("Shares dealt"), "users"),
    "acknowledge": (lazy_gettext("Shares acknowledged"), "check"),
    "open": (lazy_gettext("Opened by the notary"), "lock-open"),
    "dice": (lazy_gettext("Dice rolled"), "dice-5"),
    "reveal": (lazy_gettext("Seed revealed"), "eye"),
    "recover": (lazy_gettext("Seed recovered from shares"), "arrow-back-up"),
    "beacon": (lazy_gettext("Beacon received"), "world"),
    "seed": (lazy_gettext("Seed of the draw"), "fingerprint"),
    "result": (lazy_gettext("Stage drawn"), "rosette-discount-check"),
    "final": (lazy_gettext("Result final"), "circle-check"),
    "void": (lazy_gettext("Attempt voided"), "circle-x"),
    "audit": (lazy_gettext("Sample audited"), "search"),
}

#: type of statement → what somebody is waited for to do
AWAITED: Final[dict[str, Word]] = {
    "config": lazy_gettext("sign the rules"),
    "list": lazy_gettext("approve the list"),
    "commit": lazy_gettext("commit a seed"),
    "shares": lazy_gettext("deal the shares"),
    "acknowledge": lazy_gettext("acknowledge the shares"),
    "open": lazy_gettext("open the draw"),
    "dice": lazy_gettext("enter the dice"),
    "reveal": lazy_gettext("reveal the seed"),
    "share": lazy_gettext("hand in a share of a withheld seed"),
    "void": lazy_gettext("sign the voiding"),
    "audit": lazy_gettext("sign the audit"),
}

ROLES: Final[dict[str, tuple[Word, str]]] = {
    "organiser": (lazy_gettext("Organiser"), "speakerphone"),
    "notary": (lazy_gettext("Notary"), "scale"),
    "portal": (lazy_gettext("Portal"), "server"),
    "public": (lazy_gettext("Public"), "users"),
    "": (lazy_gettext("Onlooker"), "eye"),
}
ROLE_NOTES: Final[dict[str, Word]] = {
    "organiser": lazy_gettext("who runs the draw and answers for the list"),
    "notary": lazy_gettext("approves rules and list, attends, and enters the dice"),
    "portal": lazy_gettext("takes part by itself; its seed is one among the others"),
    "public": lazy_gettext("somebody the participants trust, with a seed of their own"),
}

UNFILLED: Final[dict[str, Word]] = {
    "refuse": lazy_gettext("Refuse such a list before the draw"),
    "leave": lazy_gettext("Leave the places empty"),
    "carry": lazy_gettext("Add the places to the next stage"),
}

VOID_REASONS: Final[dict[str, Word]] = {
    "list_error": lazy_gettext("An error in the list"),
    "late_reveal": lazy_gettext("A seed was revealed too late"),
    "bad_shares": lazy_gettext("Shares that do not fit"),
    "equipment": lazy_gettext("Equipment failed"),
    "force_majeure": lazy_gettext("Force majeure"),
    "organiser_request": lazy_gettext("The organiser cancels the draw"),
}

FINDINGS: Final[dict[str, tuple[Word, str]]] = {
    "genuine": (lazy_gettext("Genuine"), "circle-check"),
    "ghost": (lazy_gettext("No such participant"), "circle-x"),
    "unclear": (lazy_gettext("Unclear"), "help-circle"),
}

#: state of the list → what is going on
LISTS: Final[dict[str, Word]] = {
    "survey": lazy_gettext("The list is being read"),
    "surveyed": lazy_gettext("The list was read; choose what its columns mean"),
    "commit": lazy_gettext("The list is being committed to"),
    "committed": lazy_gettext("The list is ready to be frozen"),
    "failed": lazy_gettext("The list could not be taken"),
    "going": lazy_gettext("The list is being removed"),
}

#: code of what is wrong with a row, or with the list as a whole → a sentence
PROBLEMS: Final[dict[str, Word]] = {
    "cells": lazy_gettext("The row has more or fewer cells than there are columns."),
    "form": lazy_gettext("A line ends within the row."),
    "fields-long": lazy_gettext("What is shown to everybody is too long together."),
    "id-number": lazy_gettext("Excel rounded this long number; write the numbers as text."),
    "id-missing": lazy_gettext("The number is missing."),
    "id-long": lazy_gettext("The number is too long."),
    "id-form": lazy_gettext("The number of an identity card has 18 characters (or 15 digits)."),
    "id-check": lazy_gettext("The check character of the identity card’s number is wrong."),
    "value-long": lazy_gettext("The value is too long."),
    "pool-missing": lazy_gettext("The pool is missing."),
    "pool-unknown": lazy_gettext("There is no such pool in this draw."),
    "weight-missing": lazy_gettext("The weight is missing."),
    "weight-form": lazy_gettext("The weight is not a whole number."),
    "weight-bounds": lazy_gettext("The weight is outside of what the rules allow."),
    "encoding": lazy_gettext("The text is in an encoding that cannot be read; save it as UTF-8."),
    "control": lazy_gettext("Control characters cannot stand in a list."),
    "no-columns": lazy_gettext("The first rows are no table with headings."),
    "too-many-rows": lazy_gettext("The file has more rows than a draw can have."),
    "long-line": lazy_gettext("A row is far too long for a list of entries."),
    "empty": lazy_gettext("The file is empty."),
    "old-excel": lazy_gettext(
        "This is an old Excel file, or one with a password; save it as .xlsx."
    ),
    "binary": lazy_gettext("This is not a table: neither text nor an Excel workbook."),
    "reader_died": lazy_gettext("The list could not be read; an operator is needed."),
}
