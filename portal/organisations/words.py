"""Organisations' codes in words people read."""

from __future__ import annotations

from flask_babel import lazy_gettext

ROLES = {
    "manager": lazy_gettext("manager"),
    "member": lazy_gettext("member"),
    "reader": lazy_gettext("reader"),
}
ROLE_NOTES = {
    "manager": lazy_gettext("deposits, and looks after members, keys and particulars"),
    "member": lazy_gettext("deposits, and changes what the organisation deposited"),
    "reader": lazy_gettext("reads and downloads what the organisation deposited"),
}
#: why an invitation cannot be answered
OVER = {
    "accepted": lazy_gettext("This invitation has been accepted."),
    "declined": lazy_gettext("This invitation has been declined."),
    "withdrawn": lazy_gettext("This invitation has been withdrawn, or a newer one replaced it."),
    "expired": lazy_gettext("This invitation has expired. Ask for another one."),
    "other": lazy_gettext(
        "This invitation was sent to another e-mail address. Sign in with the account of that "
        "address to answer it."
    ),
}


def member_role(role: str) -> str:
    """``"manager"`` in words."""
    return str(ROLES.get(role, role))
