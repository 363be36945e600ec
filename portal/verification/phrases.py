"""Answers of a verification: the sentence first, its meaning, and a reason for each tick."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

from chain_adapter.verdict import Outcome
from portal.verification.report import Answer, Area

AREAS: Final = {
    Area.FILE: lazy_gettext("File"),
    Area.TIME: lazy_gettext("Time"),
    Area.LEDGER: lazy_gettext("Ledger"),
    Area.SIGNER: lazy_gettext("Signer"),
}
OUTCOMES: Final = {
    Outcome.PASS: lazy_gettext("holds"),
    Outcome.FAIL: lazy_gettext("does not hold"),
    Outcome.UNKNOWN: lazy_gettext("cannot be decided"),
}
NOT_COMPARED: Final = lazy_gettext("not compared")

#: (answer, subject) → the sentence that comes first
SENTENCES: Final = {
    (Answer.MATCHES, "record"): lazy_gettext("The file matches."),
    (Answer.MATCHES, "number"): lazy_gettext("This deposit is genuine."),
    (Answer.MATCHES, "letter"): lazy_gettext("The letter is genuine."),
    (Answer.MATCHES, "package"): lazy_gettext("The proof package is genuine."),
    (Answer.DIFFERS, "record"): lazy_gettext("The file does not match."),
    (Answer.DIFFERS, "number"): lazy_gettext("This deposit's proof does not hold."),
    (Answer.DIFFERS, "letter"): lazy_gettext("The letter does not match what was issued."),
    (Answer.DIFFERS, "package"): lazy_gettext("The proof package does not match."),
    (Answer.MISSING, "record"): lazy_gettext("Not found."),
    (Answer.MISSING, "number"): lazy_gettext("Not found."),
    (Answer.UNDECIDED, "record"): lazy_gettext("This cannot be checked now."),
    (Answer.UNDECIDED, "number"): lazy_gettext("This cannot be checked now."),
    (Answer.UNDECIDED, "letter"): lazy_gettext("This cannot be checked."),
    (Answer.UNDECIDED, "package"): lazy_gettext("This cannot be checked."),
}
#: what the sentence means, and what it does not
DETAILS: Final = {
    (Answer.MATCHES, "record"): lazy_gettext(
        "This very file, bit for bit, was deposited here no later than the time below."
    ),
    (Answer.MATCHES, "number"): lazy_gettext(
        "Its time-stamp and its place in the ledger hold. To see whether a file is the one "
        "deposited, drop the file below."
    ),
    (Answer.MATCHES, "letter"): lazy_gettext(
        "Its seal is ours and unbroken, and the proof inside it holds. To see whether a file is "
        "the one deposited, verify the file as well."
    ),
    (Answer.MATCHES, "package"): lazy_gettext(
        "Everything in it belongs together, is sealed by us and stands in the ledger."
    ),
    (Answer.DIFFERS, "record"): lazy_gettext(
        "It is not the file this letter is about: at least one bit differs. A copy that was "
        "opened and saved again, or sent through a messenger, often differs; try the original."
    ),
    (Answer.DIFFERS, "number"): lazy_gettext("At least one of the points below does not hold."),
    (Answer.DIFFERS, "letter"): lazy_gettext(
        "At least one point below does not hold: the letter was changed, or was not issued by us."
    ),
    (Answer.DIFFERS, "package"): lazy_gettext(
        "At least one point below does not hold: something in it was changed or exchanged, or it "
        "was not issued by us."
    ),
    (Answer.MISSING, "record"): lazy_gettext(
        "No file with exactly these bytes was deposited here. If one bit was changed since the "
        "deposit, for instance by saving again, the digest is another one: try the original."
    ),
    (Answer.MISSING, "number"): lazy_gettext(
        "There is no deposit with this number here. Compare it with the letter, sign by sign."
    ),
    (Answer.UNDECIDED, "record"): lazy_gettext(
        "The deposit is known, but its proof is not complete yet. Come back in a moment."
    ),
    (Answer.UNDECIDED, "number"): lazy_gettext(
        "The deposit is known, but its proof is not complete yet. Come back in a moment."
    ),
    (Answer.UNDECIDED, "letter"): lazy_gettext(
        "This is no letter or proof package we can read, or something needed is missing. To "
        "verify any other file, drop it into the zone for files."
    ),
    (Answer.UNDECIDED, "package"): lazy_gettext(
        "This is no letter or proof package we can read, or something needed is missing. To "
        "verify any other file, drop it into the zone for files."
    ),
}
#: the same when the file is one of several that were deposited together
PART: Final = lazy_gettext(
    "This very file, bit for bit, is part of a deposit made here no later than the time below: it "
    "stands in the list of files that was recorded."
)
#: (question, outcome) → the reason beside the tick
REASONS: Final = {
    (Area.FILE, Outcome.PASS): lazy_gettext("Its digests are those that were recorded."),
    (Area.FILE, Outcome.FAIL): lazy_gettext("It is not what was recorded."),
    (Area.FILE, Outcome.UNKNOWN): lazy_gettext("No file was compared."),
    (Area.TIME, Outcome.PASS): lazy_gettext(
        "The time-stamp token (RFC 3161) is intact, over this digest, and from a trusted authority."
    ),
    (Area.TIME, Outcome.FAIL): lazy_gettext("The time-stamp token does not hold."),
    (Area.TIME, Outcome.UNKNOWN): lazy_gettext("Not examined: there is no time-stamp yet."),
    (Area.LEDGER, Outcome.PASS): lazy_gettext(
        "The record stands in the ledger; its proof leads to a signed checkpoint."
    ),
    (Area.LEDGER, Outcome.FAIL): lazy_gettext("The record or its proof does not hold."),
    (Area.LEDGER, Outcome.UNKNOWN): lazy_gettext(
        "Not examined to its end: it is not on the ledger yet, or an earlier step failed."
    ),
    (Area.SIGNER, Outcome.PASS): lazy_gettext("Signed with this office's keys, and unbroken."),
    (Area.SIGNER, Outcome.FAIL): lazy_gettext("A signature or seal is broken or not ours."),
    (Area.SIGNER, Outcome.UNKNOWN): lazy_gettext(
        "Not examined: there is no signature yet, or an earlier step failed."
    ),
}
