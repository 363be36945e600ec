"""What the deposit form's template and script are given, by every page that includes it."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from flask import url_for
from flask_babel import lazy_gettext

from portal.deposits.forms import MODE_NOTES, DepositForm
from portal.signing.choosing import SIGNING_WORDS, choices
from portal.ui.context import current_actor, services

#: where the script puts the id of its draft
_PLACE: Final = "DRAFT"
#: sentences of the form's script; it fills the %(…)s places itself
WORDS: Final = {
    "empty": lazy_gettext("This file is empty; there is nothing to prove about it."),
    "unreadable": lazy_gettext(
        "The file could not be read. It may have been moved or changed, or it is a folder."
    ),
    "unreadable-some": lazy_gettext("Some of it could not be read and was left out: %(names)s"),
    "digesting": lazy_gettext("Computing the digest in your browser …"),
    "digested": lazy_gettext("The digest is ready."),
    "starting": lazy_gettext("Starting …"),
    "many": lazy_gettext("%(count)s files · %(size)s"),
    "many-digested": lazy_gettext("%(done)s of %(count)s digested"),
    "many-received": lazy_gettext("%(done)s of %(count)s received"),
    "remove": lazy_gettext("Remove"),
    "row-large": lazy_gettext("larger than the limit"),
    "row-missing": lazy_gettext("%(share)s % received; choose it again"),
    "row-done": lazy_gettext("received, browser and portal agree"),
    "row-noted": lazy_gettext("digest received"),
    "row-comparing": lazy_gettext("comparing the digests …"),
    "row-digesting": lazy_gettext("being digested …"),
    "rows-more": lazy_gettext("Only the first %(count)s files are shown here."),
    "uploading": lazy_gettext("%(done)s of %(total)s · %(speed)s/s · %(left)s left"),
    "retrying": lazy_gettext("Connection lost; trying again by itself …"),
    "paused": lazy_gettext("Paused. What has come stays with the portal."),
    "storing": lazy_gettext("Received; being stored and checked …"),
    "broken": lazy_gettext(
        "The upload broke off at %(share)s %. Nothing was deposited, and your text is still here: "
        "press the button to go on where it stopped."
    ),
    "stopped": lazy_gettext("Stopped. Nothing was deposited."),
    "stopped-many": lazy_gettext(
        "Stopped. Nothing was deposited. Press the button to go on, or discard everything."
    ),
    "session": lazy_gettext(
        "Your session has ended. Sign in again in another tab, then press the button here: your "
        "text and the files are still chosen."
    ),
    "fault": lazy_gettext(
        "The portal could not take the deposit just now. Your text is still here; try again in a "
        "moment."
    ),
    "refused": lazy_gettext("The deposit was refused (status %(status)s)."),
}


def form_values(form: DepositForm, problem: str = "") -> dict[str, Any]:
    """What ``deposits/form.html`` needs."""
    waiting = services().uploads.waiting(current_actor())
    if waiting and not (form.title.data or form.note.data):
        form.title.data, form.note.data = waiting.title, waiting.note
    return {
        "form": form,
        "problem": problem,
        "limits": services().deposits.limits(),
        "settings": services().settings,
        "mode_notes": MODE_NOTES,
        "waiting": waiting,
        "draft_id": waiting.id if waiting else str(uuid4()),
        "addresses": _addresses(),
        "words": {name: str(sentence) for name, sentence in (WORDS | SIGNING_WORDS).items()},
        "signing": choices(form.sign_with.data or ""),
    }


def _addresses() -> dict[str, str]:
    """Where the script sends what, with a place for the draft's id."""
    pages = {
        "files": "uploads.files",
        "digests": "uploads.add_digests",
        "words": "uploads.describe",
        "deposits": "uploads.deposit",
        "discard": "uploads.discard",
        "review": "drafts.review",
    }
    found = {name: url_for(endpoint, draft_id=_PLACE) for name, endpoint in pages.items()}
    return found | {"uploads": url_for("uploads.create")}
