"""A stored check run again, years later perhaps: is it what was stored, and is it still so?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.checks.document import Difference, decode, differences
from portal.checks.evidence import subject_of
from portal.checks.judging import Begun, judge
from portal.checks.models import Check
from portal.deposits.tools import Tools
from portal.matters.models import Matter
from portal.problems import NotFound


@dataclass(frozen=True, slots=True)
class Repeated:
    """``before`` is the stored report, ``after`` the new one, which is kept nowhere. ``intact``:
    the stored report is still the one that was made."""

    intact: bool
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether every check came out as it did."""
        return self.intact and not any(each.decisive for each in self.differences)


def repeat(tools: Tools, actor: Actor, check_id: str) -> Repeated:
    """Run a stored check again over what is kept now, with the comparisons it had.

    Raises:
        NotFound: no such check, or one that never ended.
        LedgerError, VaultError: somebody who is needed cannot answer now.
        ValueError: the stored report cannot be read.
    """
    with tools.database.reading() as session:
        check = session.get(Check, check_id)
        if check is None or check.document is None:
            raise NotFound("check_not_found", "There is no such check.")
        before = decode(check.document)
        matter = session.get_one(Matter, check.matter_id)
        subject = subject_of(session, matter, check.revision, _last(before))
    intact = hashlib.sha256(check.document).hexdigest() == check.sha256
    begun = Begun(check.id, check.n, check.revision, check.begun_at)
    after = judge(tools, begun, subject, lambda _group, _percent: None)
    found = Repeated(intact, before, after, differences(before, after))
    detail: dict[str, str | int] = {"n": check.n, "outcome": after["outcome"]}
    with tools.database.transaction() as session:
        record(session, actor, "check.repeated", matter.subject, detail | {"same": int(found.same)})
    return found


def _last(document: Mapping[str, Any]) -> int:
    """The last entry of the custody log that the stored check took a comparison from."""
    return max((int(each["seq"]) for each in document["inputs"]["comparisons"]), default=0)
