"""The consortium's codes in words people read."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

KINDS: Final = {
    1: lazy_gettext("Organisation"),
    2: lazy_gettext("Department"),
    3: lazy_gettext("Individual"),
}
#: standing → word, icon, class of the icon
STANDINGS: Final = {
    "active": (lazy_gettext("Active"), "circle-check", "good"),
    "limited": (lazy_gettext("Limited"), "filter", "wait"),
    "branch_blocked": (lazy_gettext("Blocked from above"), "lock", "bad"),
    "blacklisted": (lazy_gettext("Blacklisted"), "hand-stop", "bad"),
    "removed": (lazy_gettext("Removed"), "circle-x", "bad"),
}
#: what a message asks for
TYPES: Final = {
    "genesis": lazy_gettext("The first rule"),
    "register": lazy_gettext("Registration"),
    "blacklist": lazy_gettext("Blacklist"),
    "remove": lazy_gettext("Remove"),
    "limit": lazy_gettext("Limit permissions"),
    "degrade": lazy_gettext("Degrade to a lower level"),
    "restore": lazy_gettext("Restore"),
    "rotate": lazy_gettext("New key of an office"),
    "replace": lazy_gettext("New key of a member"),
    "change": lazy_gettext("Change of the rule"),
}
PERMISSIONS: Final = {
    "deposit": lazy_gettext("deposits"),
    "capture": lazy_gettext("captures"),
    "draw": lazy_gettext("draws"),
    "certificate": lazy_gettext("certificates"),
    "contract": lazy_gettext("contracts"),
}
METHODS: Final = {
    "blacklist": lazy_gettext("blacklist"),
    "remove": lazy_gettext("remove"),
    "limit": lazy_gettext("limit permissions"),
    "degrade": lazy_gettext("degrade"),
    "restore": lazy_gettext("restore"),
    "change": lazy_gettext("change the rule"),
}
ROLES: Final = {
    "authority": lazy_gettext("Certification authority"),
    "regulator": lazy_gettext("Regulator"),
    "account": lazy_gettext("Account key"),
    "deposit": lazy_gettext("Deposit key"),
}
#: state of a message → word, icon, class of the icon
STATES: Final = {
    "collecting": (lazy_gettext("Waits for signatures"), "writing-sign", "wait"),
    "ready": (lazy_gettext("Signed by enough; is being time-stamped"), "clock", "wait"),
    "timestamped": (lazy_gettext("Time-stamped; is being recorded"), "clock", "wait"),
    "anchored": (lazy_gettext("Stands on the ledger"), "circle-check", "good"),
    "refused": (lazy_gettext("Refused by the rule"), "circle-x", "bad"),
}
#: code of the rule → sentence, as :data:`chain_adapter.consortium.refusals.CODES`
REFUSALS: Final = {
    "malformed": lazy_gettext("The message is not well formed."),
    "expired": lazy_gettext("The message's time has run out."),
    "expires_late": lazy_gettext("The message stays open for longer than 400 days."),
    "replayed": lazy_gettext("This message was carried out before."),
    "application": lazy_gettext(
        "The application is not well formed, or changes what stays as it is."
    ),
    "member_exists": lazy_gettext("There is a member with this identity already."),
    "round": lazy_gettext(
        "The application names another round of registration than the present one."
    ),
    "blacklisted": lazy_gettext("This identity or key is blacklisted."),
    "key_taken": lazy_gettext("This key belongs to somebody already."),
    "key_retired": lazy_gettext("This key was replaced and counts no more."),
    "parent": lazy_gettext(
        "The account above is unknown, or of a kind that cannot stand above this one."
    ),
    "parent_blocked": lazy_gettext("The account above, or one above it, is blocked."),
    "signature_order": lazy_gettext("Signers must stand in ascending order of their addresses."),
    "signer_twice": lazy_gettext("The same signer stands twice."),
    "signature_high": lazy_gettext("A signature's s lies in the upper half."),
    "signature_wrong": lazy_gettext("A signature does not fit the message and its signer."),
    "signer_unknown": lazy_gettext("A signer has no office here."),
    "signer_retired": lazy_gettext("A signer's key was replaced by another."),
    "not_enough": lazy_gettext("Fewer have signed than the rule demands, or none who may do this."),
    "certificate_early": lazy_gettext("A certificate is not valid yet."),
    "certificate_expired": lazy_gettext("A certificate is not valid any more."),
    "member_unknown": lazy_gettext("There is no such member."),
    "state": lazy_gettext("The member's state does not allow this."),
    "value": lazy_gettext("The message's value does not fit what it asks for."),
    "version": lazy_gettext("The change was made for another version of the rule."),
    "rule": lazy_gettext("The rule does not hold together."),
}
#: code of :data:`chain_adapter.consortium.standing.DENIALS` → what depositors are told, as
#: :mod:`portal.consortium.membership` says it
DENIALS: Final = {
    "unknown": lazy_gettext(
        "The key you deposit with belongs to no member of the consortium, so the deposit is "
        "refused. Register as a member first."
    ),
    "blacklisted": lazy_gettext(
        "The member whose key you deposit with is blacklisted by the consortium, so the deposit is "
        "refused."
    ),
    "removed": lazy_gettext(
        "The member whose key you deposit with was removed from the consortium, so the deposit is "
        "refused."
    ),
    "branch_blocked": lazy_gettext(
        "An account above yours in the consortium is blocked, and its whole branch with it, so "
        "the deposit is refused."
    ),
    "permission": lazy_gettext(
        "Your account level in the consortium does not permit this, so the deposit is refused."
    ),
}
