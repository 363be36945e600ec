"""The sentences of the script with which a party signs; it fills the ``%(…)s`` places itself."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

#: Refusals of the key's keeper, by its codes.
_KEEPER: Final = {
    "insecure": lazy_gettext(
        "This page was opened over an insecure connection, so your browser refuses to keep a key. "
        "Open it over https."
    ),
    "unavailable": lazy_gettext(
        "This browser keeps nothing for this page (a private window, or its storage is full). Use "
        "a normal window of an up-to-date browser."
    ),
    "damaged": lazy_gettext("This file is not a backup of a draw's key, or it is damaged."),
    "wrongDraw": lazy_gettext("This backup belongs to another draw."),
    "wrongParty": lazy_gettext("This backup belongs to another party of the draw."),
    "wrongKey": lazy_gettext("This backup holds another key than the one that joined the draw."),
    "needsPassphrase": lazy_gettext("This backup is protected; type its passphrase."),
    "wrongPassphrase": lazy_gettext("The passphrase does not open this backup."),
    "other": lazy_gettext("This browser has another key for this party already."),
    "missing": lazy_gettext("This browser has no key for this party."),
}
#: Refusals while signing, by the party's and the record's codes.
_SIGNING: Final = {
    "stranger": lazy_gettext("The rules do not name your party. Nothing was signed."),
    "tooEarly": lazy_gettext("It is not yet time for this. Nothing was signed."),
    "notMine": lazy_gettext("The rules name another key for your party. Nothing was signed."),
    "badShare": lazy_gettext(
        "The share that %(who)s dealt to you does not fit what they committed. Nothing was signed: "
        "tell the notary, who can void this attempt."
    ),
    "lost": lazy_gettext(
        "The key here is not the one that committed. Restore the backup of the right one."
    ),
    "chain": lazy_gettext("The record is broken at step %(step)s. Nothing was signed."),
    "signature": lazy_gettext("A signature at step %(step)s does not hold. Nothing was signed."),
    "config": lazy_gettext("The rules in the record contradict themselves. Nothing was signed."),
    "list": lazy_gettext("The list in the record contradicts itself. Nothing was signed."),
    "order": lazy_gettext("Step %(step)s of the record is out of order. Nothing was signed."),
    "form": lazy_gettext("The record cannot be read. Nothing was signed."),
    "offline": lazy_gettext("The portal does not answer just now; this page goes on trying."),
    "session": lazy_gettext("Your session has ended. Sign in again; your key stays here."),
    "failed": lazy_gettext("That did not work: %(why)s"),
}
#: What is to be done: a headline and a sentence for each.
_TASKS: Final = {
    "wait": lazy_gettext("Nothing for you to do just now"),
    "wait-lead": lazy_gettext("This page moves on by itself. Leave it open."),
    "wait-for": lazy_gettext("Waiting for %(who)s"),
    "draft-lead": lazy_gettext(
        "The draw is still being prepared. You will be asked here once its rules are fixed."
    ),
    "sealing": lazy_gettext("Being time-stamped and written to the ledger …"),
    "sealing-lead": lazy_gettext("What you signed becomes a step of the record in a moment."),
    "done": lazy_gettext("The draw is complete"),
    "done-lead": lazy_gettext("Everybody can see and verify the result on its public page."),
    "cancelled": lazy_gettext("The draw was cancelled"),
    "cancelled-lead": lazy_gettext("The record says why, and stays for ever."),
    "join": lazy_gettext("Make your key"),
    "join-lead": lazy_gettext(
        "Your browser makes a secret key that never leaves it. Your part of the draw's seed comes "
        "from it, so use a browser that you will have with you on the day."
    ),
    "lost-key": lazy_gettext("This browser does not have your key"),
    "lost-key-lead": lazy_gettext(
        "Open this page in the browser in which you made it, or restore the backup file below."
    ),
    "config": lazy_gettext("Sign the rules"),
    "config-lead": lazy_gettext(
        "From this signature on nothing can be changed, and the draw is announced to everybody."
    ),
    "list": lazy_gettext("Approve the list"),
    "list-lead": lazy_gettext(
        "You sign the list's root and count: no entry can be added, removed or changed afterwards."
    ),
    "commit": lazy_gettext("Commit your seed"),
    "commit-lead": lazy_gettext(
        "Your seed is fixed but stays secret. Nobody can choose theirs after seeing yours."
    ),
    "shares": lazy_gettext("Deal the shares of your seed"),
    "shares-lead": lazy_gettext(
        "Each other party gets a sealed share, so that the draw can go on should you be missing."
    ),
    "acknowledge": lazy_gettext("Acknowledge the shares dealt to you"),
    "acknowledge-lead": lazy_gettext("Your browser opens each share and checks that it fits."),
    "open": lazy_gettext("Open the draw"),
    "open-lead": lazy_gettext("You attend; nothing happens before you say so."),
    "dice": lazy_gettext("Enter the dice"),
    "dice-lead": lazy_gettext(
        "Members of the public roll, you tap what lies. Before any seed is revealed."
    ),
    "reveal": lazy_gettext("Reveal your seed"),
    "reveal-lead": lazy_gettext("Now it is added to the others. It cannot be changed any more."),
    "share": lazy_gettext("Help to recover the seed of %(who)s"),
    "share-lead": lazy_gettext(
        "%(who)s has not revealed. If they do not, enough shares bring the same seed to light, and "
        "the result is the same as if they had revealed it."
    ),
    "audit": lazy_gettext("Audit the sample"),
    "audit-lead": lazy_gettext("Look at the sampled entries and say what you found."),
    "signed": lazy_gettext("Signed."),
    "backed-up": lazy_gettext("The backup file was saved. Keep it apart from this computer."),
    "restored": lazy_gettext("The key was restored."),
    "joined": lazy_gettext("You have joined. Now save a backup of your key."),
    "handed-in": lazy_gettext("Handed in; waiting for the others."),
    "step": lazy_gettext("step %(step)s"),
    "dice-count": lazy_gettext("%(count)s of at least %(minimum)s"),
    "names-missing": lazy_gettext("Write who is present, one name on each line."),
    "note-missing": lazy_gettext("Say what happened."),
    "findings-missing": lazy_gettext("%(count)s entries have no finding yet."),
    "confirm-alone": lazy_gettext("Tick the box first, or save a backup."),
}
WORDS: Final = _KEEPER | _SIGNING | _TASKS
