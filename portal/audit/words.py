"""The custody log's codes in words people read."""

from __future__ import annotations

from flask_babel import lazy_gettext

ACTIONS = {
    "account.created": lazy_gettext("account created"),
    "account.registered": lazy_gettext("registered"),
    "account.signed_in": lazy_gettext("signed in"),
    "account.signed_out": lazy_gettext("signed out"),
    "account.sign_in_failed": lazy_gettext("sign-in refused"),
    "account.password_changed": lazy_gettext("password changed"),
    "account.roles_changed": lazy_gettext("roles changed"),
    "account.key_created": lazy_gettext("API key created"),
    "account.key_revoked": lazy_gettext("API key revoked"),
    "audit.verified": lazy_gettext("custody log proved"),
}
FAULTS = {
    "missing": lazy_gettext("It is missing."),
    "relinked": lazy_gettext("It does not follow the entry before it."),
    "changed": lazy_gettext("It was changed after it was recorded."),
    "truncated": lazy_gettext("The log ends too early."),
    "surplus": lazy_gettext("It stands behind the end and was never recorded properly."),
}


def act_name(action: str) -> str:
    """``"account.signed_in"`` in words; the code itself when there are none."""
    return str(ACTIONS.get(action, action))
