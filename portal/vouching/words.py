"""Codes of the voucher check in words people read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from flask_babel import LazyString, gettext, lazy_gettext

OUTCOMES: Final = {
    "untampered": lazy_gettext("untampered"),
    "tampered": lazy_gettext("tampered"),
    "unknown": lazy_gettext("could not be decided"),
}
#: What does not hold, by the code of the check.
FAULTS: Final[dict[str, LazyString]] = {
    "original-kept": lazy_gettext("Something that was deposited is no longer kept."),
    "original-digest": lazy_gettext("The file that is kept is not the one deposited."),
    "list-digest": lazy_gettext("The list of files is not the one deposited."),
    "files-digests": lazy_gettext("A file that is kept is not the one deposited."),
    "metadata": lazy_gettext("What was said at the deposit is not what the ledger's entry binds."),
    "ledger-known": lazy_gettext("The ledger does not acknowledge the record."),
    "ledger-latest": lazy_gettext("The ledger's latest checkpoint is not signed by its key."),
    "ledger-consistent": lazy_gettext("The ledger has not only grown since."),
    "ledger-receipt": lazy_gettext("The ledger's receipt is missing or cannot be read."),
    "ledger-entry": lazy_gettext("The ledger holds other bytes than were recorded."),
}
_RECORD: Final = lazy_gettext("Entry, receipt or proof does not verify.")


def fault(code: str) -> str:
    """One sentence for what a check found."""
    return str(FAULTS.get(code, _RECORD))


def ages(limits: Sequence[int]) -> list[str]:
    """Names of the groups: within a day, within each further limit, longer ago, never."""
    names = [gettext("within a day")]
    for least, limit in pairwise(limits):
        names.append(gettext("%(least)s–%(most)s days ago", least=least, most=limit))
    return [*names, gettext("longer ago"), gettext("not since it was deposited")]
