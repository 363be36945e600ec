"""What privacy's codes are called. Needs a request's language."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

#: code of a class of content → its name, and what it is
CLASSES: Final = {
    "originals": (
        lazy_gettext("Originals"),
        lazy_gettext("The files that were deposited, kept encrypted, from the day of the letter."),
    ),
    "proofs": (
        lazy_gettext("Letters and proofs"),
        lazy_gettext(
            "Letters, time-stamps, ledger entries and receipts: they hold digests, no content."
        ),
    ),
    "custody": (
        lazy_gettext("Custody log"),
        lazy_gettext("Who did what and when: it proves that nothing was done in secret."),
    ),
    "accounts": (
        lazy_gettext("Accounts"),
        lazy_gettext(
            "Name and e-mail address, for as long as letters name their holder; nobody signs in "
            "with a closed account."
        ),
    ),
    "drafts": (
        lazy_gettext("Drafts"),
        lazy_gettext("Files that were uploaded and not deposited."),
    ),
    "mail": (
        lazy_gettext("Mail"),
        lazy_gettext("Messages of the portal to you, after they were sent or given up."),
    ),
    "deliveries": (
        lazy_gettext("Webhook deliveries"),
        lazy_gettext("What was sent to your programs, and what they answered."),
    ),
}
#: filter of the activity page → its name
KINDS: Final = {
    "account": lazy_gettext("Account and signing in"),
    "deposit": lazy_gettext("Deposits and cases"),
    "matter": lazy_gettext("Applications for certificates"),
    "export": lazy_gettext("Taken away"),
    "sharing": lazy_gettext("Access and organisations"),
    "erasure": lazy_gettext("Erasure and holds"),
}
#: on whose wish content was erased → a sentence's end
ERASED_FOR: Final = {
    "owner": lazy_gettext("at its owner's request"),
    "manager": lazy_gettext("at the request of a manager of its organisation"),
    "retention": lazy_gettext("because its time of keeping was over"),
}
EXPORT_WARNING: Final = lazy_gettext(
    "The file holds personal data. Keep it where nobody else reads it."
)
