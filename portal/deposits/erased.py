"""Content that was erased on purpose is gone, and says when and why."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from portal.deposits.models import Deposit
from portal.problems import Gone

_ERASED: Final = {
    "owner": Gone(
        "content_erased",
        "The content was erased on %(day)s at its owner's request. Letter and proof remain: "
        "whoever still has the file can verify it.",
    ),
    "manager": Gone(
        "content_erased",
        "The content was erased on %(day)s at the request of a manager of its organisation. "
        "Letter and proof remain: whoever still has the file can verify it.",
    ),
    "retention": Gone(
        "content_erased",
        "The content was erased on %(day)s because its time of keeping was over. Letter and "
        "proof remain: whoever still has the file can verify it.",
    ),
}


def refuse_erased(deposit: Deposit, zone: ZoneInfo) -> None:
    """Raise Gone, with the day in ``zone``, when there is no content any more."""
    if deposit.erased_at is None:
        return
    said = _ERASED[deposit.erased_for or "owner"]
    day = deposit.erased_at.astimezone(zone).strftime("%Y-%m-%d")
    raise Gone(said.code, said.message, day=day)
