"""Why a message is refused: one code and one sentence each, the same in both executions.

The numbers are those the contract reverts with (``error Refused(uint8 code)``); a code keeps its
number for ever.
"""

from __future__ import annotations

from typing import Final

from chain_adapter.errors import LedgerError

#: code → (number in the contract, the sentence)
CODES: Final[dict[str, tuple[int, str]]] = {
    "malformed": (1, "The message is not well formed."),
    "expired": (2, "The message's time has run out."),
    "expires_late": (3, "The message stays open for longer than 400 days."),
    "replayed": (4, "This message was carried out before."),
    "application": (5, "The application is not well formed, or changes what stays as it is."),
    "member_exists": (6, "There is a member with this identity already."),
    "round": (7, "The application names another round of registration than the present one."),
    "blacklisted": (8, "This identity or key is blacklisted."),
    "key_taken": (9, "This key belongs to somebody already."),
    "key_retired": (10, "This key was replaced and counts no more."),
    "parent": (11, "The account above is unknown, or of a kind that cannot stand above this one."),
    "parent_blocked": (12, "The account above, or one above it, is blocked."),
    "signature_order": (13, "Signers must stand in ascending order of their addresses."),
    "signer_twice": (14, "The same signer stands twice."),
    "signature_high": (15, "A signature's s lies in the upper half."),
    "signature_wrong": (16, "A signature does not fit the message and its signer."),
    "signer_unknown": (17, "A signer has no office here."),
    "signer_retired": (18, "A signer's key was replaced by another."),
    "not_enough": (19, "Fewer have signed than the rule demands, or none who may do this."),
    "certificate_early": (20, "A certificate is not valid yet."),
    "certificate_expired": (21, "A certificate is not valid any more."),
    "member_unknown": (22, "There is no such member."),
    "state": (23, "The member's state does not allow this."),
    "value": (24, "The message's value does not fit what it asks for."),
    "version": (25, "The change was made for another version of the rule."),
    "rule": (26, "The rule does not hold together."),
}


class Refused(LedgerError):
    """A message that changes nothing. ``code`` is a key of :data:`CODES`; ``str()`` its sentence,
    with what was found when there is more to say."""

    code = "refused"

    def __init__(self, code: str, found: str = "") -> None:
        self.number, sentence = CODES[code]
        self.code = code  # type: ignore[misc]
        self.found = found
        super().__init__(f"{sentence} ({found})" if found else sentence)
