"""Codes of certificates in words people read: label alone, or label, look and icon."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext

from portal.matters import words as matters

Word = Any

KINDS: Final[dict[str, Word]] = {
    "certificate": lazy_gettext("Certificate"),
    "correction": lazy_gettext("Correction"),
    "revocation": lazy_gettext("Revocation"),
}
TEMPLATES: Final[dict[str, Word]] = {code: each[0] for code, each in matters.TEMPLATES.items()}
ROLES: Final[dict[str, Word]] = {code: each[0] for code, each in matters.ROLES.items()}
#: state of writing → its name, how its badge looks, its icon
STATES: Final[dict[str, tuple[Word, str, str]]] = {
    "draft": (lazy_gettext("Draft"), "waiting", "pencil"),
    "approved": (lazy_gettext("Approved, to be signed"), "moving", "check"),
    "issued": (lazy_gettext("Issued"), "issued", "certificate"),
    "dropped": (lazy_gettext("Given up"), "off", "trash"),
}
STATUSES: Final[dict[str, tuple[Word, str, str]]] = {
    "in-force": (lazy_gettext("In force"), "issued", "circle-check"),
    "corrected": (lazy_gettext("Corrected since"), "waiting", "writing-sign"),
    "revoked": (lazy_gettext("Revoked since"), "failed", "circle-x"),
}
KEYS: Final[dict[str, tuple[Word, str]]] = {
    "pkcs12": (lazy_gettext("Key file handed in"), "file-upload"),
    "office": (lazy_gettext("Made by the office's authority"), "building-bank"),
    "pkcs11": (lazy_gettext("On a signing token"), "key"),
}
HOWS: Final[dict[str, tuple[Word, str]]] = {
    "download": (lazy_gettext("downloaded by the applicant"), "download"),
    "paper": (lazy_gettext("handed over on paper"), "file-text"),
    "post": (lazy_gettext("sent by post"), "send"),
}
OUTCOMES: Final[dict[str, tuple[Word, str]]] = {
    "pass": (lazy_gettext("holds"), "good"),
    "unknown": (lazy_gettext("not decided by machine; explained by the notary"), "wait"),
    "fail": (lazy_gettext("does not hold"), "bad"),
    "none": (lazy_gettext("nothing to look at"), "off"),
}
GROUPS: Final[dict[str, Word]] = {
    "content": lazy_gettext("Content"),
    "time": lazy_gettext("Time"),
    "ledger": lazy_gettext("Ledger"),
    "origin": lazy_gettext("Origin"),
}
