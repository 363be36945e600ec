"""The check in words: groups, outcomes, titles of its own checks, and what nobody can know."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

from portal.checks.shapes import CONTENT, LEDGER, NOTHING, ORIGIN, TIME

#: group → name, icon, what it asks
GROUPS: Final = {
    CONTENT: (
        lazy_gettext("The content"),
        "fingerprint",
        lazy_gettext("Is it still, byte for byte, what was deposited?"),
    ),
    TIME: (
        lazy_gettext("Time"),
        "clock",
        lazy_gettext("Does the time-stamp hold today, and who made it?"),
    ),
    LEDGER: (
        lazy_gettext("Ledger"),
        "list-tree",
        lazy_gettext("Does it stand on the ledger, and has the ledger only grown since?"),
    ),
    ORIGIN: (
        lazy_gettext("Origin"),
        "user",
        lazy_gettext("How did it come about, as far as there is a record of that?"),
    ),
}
#: outcome → word, icon, look
OUTCOMES: Final = {
    "pass": (lazy_gettext("holds"), "circle-check", "good"),
    "fail": (lazy_gettext("does not hold"), "circle-x", "bad"),
    "unknown": (lazy_gettext("not decided"), "help-circle", "wait"),
    NOTHING: (lazy_gettext("nothing to decide"), "info-circle", "none"),
}
#: (group, outcome) → one sentence
SENTENCES: Final = {
    (CONTENT, "pass"): lazy_gettext("Everything asked about the content holds."),
    (CONTENT, "fail"): lazy_gettext("The content is not what was deposited. See which file below."),
    (CONTENT, "unknown"): lazy_gettext(
        "The machine cannot tell whether the content is what was deposited."
    ),
    (TIME, "pass"): lazy_gettext("Every time-stamp verifies now, step by step."),
    (TIME, "fail"): lazy_gettext("A time-stamp does not verify now."),
    (TIME, "unknown"): lazy_gettext("Whether the time-stamps hold cannot be decided now."),
    (LEDGER, "pass"): lazy_gettext("The record is on every ledger, and each has only grown since."),
    (LEDGER, "fail"): lazy_gettext("The ledger does not bear the record out."),
    (LEDGER, "unknown"): lazy_gettext("Not every ledger bears the record out yet."),
    (ORIGIN, "pass"): lazy_gettext("The record of how it came about holds."),
    (ORIGIN, "fail"): lazy_gettext("The record of how it came about does not hold."),
    (ORIGIN, "unknown"): lazy_gettext("Of how it came about, something is not decided."),
    (ORIGIN, NOTHING): lazy_gettext(
        "Somebody brought it here. What they stated is below; whether it is true, no machine knows."
    ),
}
#: what nobody here can know of what was brought
UNKNOWABLE: Final = {
    "source": lazy_gettext("Where it comes from: that is the depositor's word alone."),
    "before": lazy_gettext("Whether it was changed before it was deposited."),
    "author": lazy_gettext("Who made it."),
    "unseen": lazy_gettext("What it contains: the portal never had the file, only its digest."),
}
#: code → title, of checks that only this feature makes
TITLES: Final = {
    "original-kept": lazy_gettext("What was deposited is kept here"),
    "original-digest": lazy_gettext("The original, read again, has the digests deposited"),
    "list-digest": lazy_gettext("The list of files is the one recorded"),
    "files-digests": lazy_gettext("Every file, read again, is the one listed"),
    "applicant-file": lazy_gettext("The applicant's file is the one deposited"),
    "token-kept": lazy_gettext("The token is the one kept since"),
    "metadata": lazy_gettext("What was said at the deposit is what the entry commits to"),
    "ledger-known": lazy_gettext("The ledger acknowledges this record now"),
    "ledger-latest": lazy_gettext("The ledger signed its latest checkpoint"),
    "ledger-consistent": lazy_gettext("The ledger has only grown since"),
    "ledger-receipt": lazy_gettext("The ledger gave a receipt"),
    "origin-files": lazy_gettext("What is judged can be read"),
    "capture-complete": lazy_gettext("The session was not interrupted"),
    "capture-clean": lazy_gettext("No check of the environment failed"),
    "draw-real": lazy_gettext("It is no rehearsal"),
}
#: state of a reread file → word, look
FILES: Final = {
    "same": (lazy_gettext("the same"), "good"),
    "changed": (lazy_gettext("changed"), "bad"),
    "missing": (lazy_gettext("missing"), "bad"),
    "damaged": (lazy_gettext("damaged"), "bad"),
    "absent": (lazy_gettext("not kept here"), "wait"),
}
#: stage of a run → what the machine does
STAGES: Final = {
    "": lazy_gettext("Waits for its turn"),
    LEDGER: lazy_gettext("Asks the ledgers"),
    TIME: lazy_gettext("Verifies the time-stamps"),
    ORIGIN: lazy_gettext("Checks how it came about"),
    CONTENT: lazy_gettext("Reads the content again and digests it"),
}
#: part of a difference that is no group → name
PARTS: Final = {
    "trust": lazy_gettext("Trust anchors"),
    "versions": lazy_gettext("Software"),
    "inputs": lazy_gettext("What was looked at"),
}
KINDS: Final = {
    "file": lazy_gettext("A file"),
    "digest": lazy_gettext("A digest alone; the file stayed with its owner"),
    "folder": lazy_gettext("Several files"),
    "capture": lazy_gettext("A recording at a desktop of the portal"),
    "draw": lazy_gettext("A draw"),
}
#: draw's or capture's end → word
ENDS: Final = {
    "complete": lazy_gettext("complete"),
    "interrupted": lazy_gettext("interrupted"),
    "failed": lazy_gettext("failed"),
    "final": lazy_gettext("drawn"),
    "audited": lazy_gettext("drawn and audited"),
    "cancelled": lazy_gettext("cancelled"),
    "void": lazy_gettext("void"),
}
