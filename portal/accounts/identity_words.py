"""Levels of identity and kinds of documents, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext

LEVELS = {
    "self-declared": lazy_gettext("self-declared: nobody has checked it"),
    "email-proven": lazy_gettext("e-mail address proven; the name is self-declared"),
    "document-checked": lazy_gettext("identity document checked by the notary's office"),
    "organisation-verified": lazy_gettext("organisation verified by the notary's office"),
}
DOCUMENTS = {
    "id-card": lazy_gettext("Identity card"),
    "passport": lazy_gettext("Passport"),
    "hk-macao-permit": lazy_gettext("Mainland travel permit for Hong Kong and Macao residents"),
    "taiwan-permit": lazy_gettext("Mainland travel permit for Taiwan residents"),
    "residence-permit": lazy_gettext("Foreign permanent resident's identity card"),
    "military-id": lazy_gettext("Military identity card"),
    "business-licence": lazy_gettext("Business licence (organisation)"),
    "other": lazy_gettext("Another document"),
}
STATES = {
    "submitted": lazy_gettext("waits for the notary's office"),
    "checked": lazy_gettext("checked"),
    "refused": lazy_gettext("not accepted"),
}
WAYS = {
    "password": lazy_gettext("password"),
    "totp": lazy_gettext("password and app code"),
    "recovery": lazy_gettext("password and recovery code"),
    "passkey": lazy_gettext("passkey"),
    "register": lazy_gettext("registration"),
    "confirm": lazy_gettext("confirmation of the address"),
}
