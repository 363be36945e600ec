"""What scripts of the public pages say. Each word is handed to them in both languages."""

from __future__ import annotations

from typing import Final, TypeAlias

from flask_babel import LazyString, lazy_gettext

Word: TypeAlias = LazyString

#: the live page and the big screen
SCREEN: Final[dict[str, Word]] = {
    "rehearsal": lazy_gettext("Rehearsal"),
    "rehearsal_note": lazy_gettext("Nothing drawn here counts"),
    "until": lazy_gettext("Until the draw"),
    "begins": lazy_gettext("The draw is due"),
    "begins_note": lazy_gettext("It begins when the notary opens it"),
    "days": lazy_gettext("days"),
    "list": lazy_gettext("The list"),
    "entries": lazy_gettext("entries"),
    "root": lazy_gettext("Fingerprint of the list"),
    "parties": lazy_gettext("Who provides randomness"),
    "committed": lazy_gettext("Seed committed"),
    "acknowledged": lazy_gettext("Shares checked"),
    "not_yet": lazy_gettext("not yet"),
    "revealed": lazy_gettext("Seed revealed"),
    "present": lazy_gettext("Present"),
    "nobody": lazy_gettext("Not opened yet"),
    "dice": lazy_gettext("The public's dice"),
    "dice_wait": lazy_gettext("Dice are rolled by the public, before any seed is revealed"),
    "dice_count": lazy_gettext("rolls"),
    "beacon": lazy_gettext("The public beacon"),
    "beacon_wait": lazy_gettext("Until the beacon's round"),
    "beacon_late": lazy_gettext("The round is due; it is waited for"),
    "round": lazy_gettext("Round"),
    "seed": lazy_gettext("Seed of the draw"),
    "winners": lazy_gettext("Winners"),
    "alternates": lazy_gettext("Alternates"),
    "alternate": lazy_gettext("Alternate"),
    "stage": lazy_gettext("Stage"),
    "display_only": lazy_gettext(
        "The animation is for display only: the result was fixed before it was shown"
    ),
    "display_since": lazy_gettext("Result fixed at"),
    "drawn": lazy_gettext("drawn"),
    "to_come": lazy_gettext("still to be drawn"),
    "check": lazy_gettext("Check my number"),
    "scan": lazy_gettext("Scan, then check on your own phone"),
    "void": lazy_gettext("This attempt was voided"),
    "void_next": lazy_gettext("A new attempt follows, with new seeds"),
    "void_last": lazy_gettext("No attempt follows"),
    "void_kept": lazy_gettext("It stays in the record for ever"),
    "cancelled": lazy_gettext("The draw was cancelled"),
    "lost": lazy_gettext("Connection lost; trying again. Shown is the state of"),
    "sealed": lazy_gettext("sealed"),
    "sealing": lazy_gettext("being sealed"),
    "step": lazy_gettext("Step"),
    "pause": lazy_gettext("Pause"),
    "play": lazy_gettext("Go on"),
    "before": lazy_gettext("Page before"),
    "after": lazy_gettext("Next page"),
    "none": lazy_gettext("Nobody was drawn"),
}

#: what *check my number* answers; keys are the codes of js/draws/receipt.js
CHECK: Final[dict[str, Word]] = {
    "id-missing": lazy_gettext("Type your number first."),
    "id-long": lazy_gettext("That is longer than any number on a list."),
    "id-form": lazy_gettext(
        "An ID-card number has 18 characters, the last of which may be X, or 15 digits."
    ),
    "id-check": lazy_gettext(
        "The last character of this ID-card number does not fit the others: there is a typing "
        "mistake in it."
    ),
    "control": lazy_gettext("There are characters in it that no number has."),
    "damaged": lazy_gettext("This is no receipt, or it was damaged."),
    "wrong-draw": lazy_gettext("This receipt is of another draw."),
    "wrong-list": lazy_gettext("This receipt is of another list than the one committed to."),
    "wrong-entry": lazy_gettext(
        "Pool and weight on this receipt are not those of its position in the list."
    ),
    "wrong-proof": lazy_gettext(
        "The proof does not lead to the fingerprint of the list: this entry is not on the list, "
        "or the receipt was changed."
    ),
    "searching": lazy_gettext("Looking it up …"),
    "missing": lazy_gettext("This number is not on the list of this draw."),
    "unreachable": lazy_gettext("The portal cannot be reached. Your number was not sent."),
    "slow": lazy_gettext("Too many numbers were asked about from here. Try again in a minute."),
    "wrong-camera": lazy_gettext(
        "The camera cannot be used, or the code is no receipt of this draw; choose it as a file."
    ),
}

#: the verifier's checks, by their keys, in order
CHECKS: Final[dict[str, Word]] = {
    "form": lazy_gettext("The transcript has the form it should have"),
    "chain": lazy_gettext("Every step names the one before it"),
    "step_signatures": lazy_gettext("Every step and statement is signed"),
    "config": lazy_gettext("The rules are the ones that were signed"),
    "list": lazy_gettext("Organiser and notary signed the list"),
    "order": lazy_gettext("The steps come in the order of the protocol"),
    "commitments": lazy_gettext("Every party committed to its seed, freshly"),
    "shares": lazy_gettext("Shares were dealt and acknowledged before the draw was opened"),
    "dice": lazy_gettext("The dice came before any seed was revealed"),
    "reveals": lazy_gettext("Every revealed seed is the one committed to"),
    "recoveries": lazy_gettext("Withheld seeds were recovered from their shares"),
    "deadline": lazy_gettext("Every seed was known a minute before the beacon's round"),
    "beacon": lazy_gettext("The beacon is of the chain and the round agreed on"),
    "beacon_signature": lazy_gettext("The beacon's signature holds"),
    "seed": lazy_gettext("The seed of the draw follows from all of them"),
    "winners": lazy_gettext("The winners follow from the seed"),
    "alternates": lazy_gettext("The alternates follow from the seed"),
    "final": lazy_gettext("The record ends with these results"),
    "voids": lazy_gettext("Voided attempts have their reason and two signatures"),
    "attempts": lazy_gettext("There were no more attempts than allowed"),
    "audit": lazy_gettext("The audited sample follows from the seed"),
    "leaves": lazy_gettext("The published hashes of all entries have the list's fingerprint"),
}

#: what the verify page says of a check, and of all together
VERIFY: Final[dict[str, Word]] = {
    "verified": lazy_gettext("Verified: everything in this draw follows from its record"),
    "refused": lazy_gettext("NOT verified"),
    "all-undecided": lazy_gettext("Nothing is wrong, but not everything could be decided here"),
    "running": lazy_gettext("Being checked …"),
    "unreadable": lazy_gettext("The transcript could not be loaded."),
    "passed": lazy_gettext("holds"),
    "failed": lazy_gettext("does not hold"),
    "undecided": lazy_gettext("cannot be decided here"),
    "absent": lazy_gettext("not part of this draw"),
    "rehearsal": lazy_gettext("This is a rehearsal: nothing drawn in it counts."),
}
