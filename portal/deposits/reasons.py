"""Why a deposit waits: the codes of what failed, in sentences for those who wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask_babel import LazyString, lazy_gettext

#: why a deposit waits (codes of timestamping, chain_adapter and the vault), for those who wait
WAITS: Final[Mapping[str, LazyString]] = {
    "tsa-retryable": lazy_gettext("The time-stamping authority cannot answer just now."),
    "tsa-unavailable": lazy_gettext("The time-stamping authority cannot be reached."),
    "tsa-timeout": lazy_gettext("The time-stamping authority did not answer in time."),
    "tsa-rejected": lazy_gettext("The time-stamping authority refused the request."),
    "tsa-permanent": lazy_gettext("The time-stamping authority refused the request."),
    "bad-reply": lazy_gettext("The time-stamping authority answered with something unreadable."),
    "bad-token": lazy_gettext("The time-stamping authority answered with something unreadable."),
    "token-refused": lazy_gettext("The time-stamp received does not pass its verification."),
    "unsupported-digest": lazy_gettext("The time-stamping authority does not take this digest."),
    "no-tsa-answered": lazy_gettext("None of the time-stamping authorities answered as it should."),
    "ledger_retryable": lazy_gettext("The ledger cannot take the record just now."),
    "ledger_unknown": lazy_gettext("The ledger did not confirm the record; it is being looked up."),
    "ledger_conflict": lazy_gettext("The ledger holds another record under this number."),
    "ledger_denied": lazy_gettext(
        "The ledger's nodes, or the ledger itself, refused this record; the operator has to look "
        "at it."
    ),
    "ledger_quorum": lazy_gettext("Too few of the ledger's nodes have cosigned so far."),
    "ledger_pending": lazy_gettext("The ledger has the record, which is not final yet."),
    "ledger_further": lazy_gettext("Too few of the ledgers that must hold it do so far."),
    "ledger_fatal": lazy_gettext("The ledger does not work; the operator has to look at it."),
    "packets_cutting": lazy_gettext("The content is being cut into packets for the deposit nodes."),
    "vault_unavailable": lazy_gettext("The storage cannot be written just now."),
    "letter": lazy_gettext("The letter could not be made; the operator has to look at it."),
    "seal": lazy_gettext("The letter could not be sealed; the operator has to look at it."),
    "pdf": lazy_gettext("The letter could not be made; the operator has to look at it."),
    "internal": lazy_gettext("A step failed; the operator has to look at it."),
}
UNKNOWN: Final = WAITS["internal"]


def wait_sentence(code: str) -> LazyString | None:
    """The sentence for a reason; ``bad-reply-type`` is also a ``bad-reply``."""
    while code and code not in WAITS:
        code = code.rpartition("-")[0]
    return WAITS.get(code)
