"""What the office's register says of a certificate, and what that means for a verification."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Protocol

from chain_adapter.verdict import Check, Outcome
from portal.problems import NotFound
from portal.verification.report import Answer, Area, Certified, Link, Report, Tick

IN_FORCE: Final = "in-force"
_TITLE: Final = "The register holds the certificate as in force"
#: Of packages, the numbers end at 120; this is asked of the register alone.
_NUMBER: Final = 121


class Register(Protocol):
    """What is asked of the service that issues certificates."""

    def find(self, number: str) -> Any:
        """By number; raises NotFound."""

    def find_by_digest(self, sha256: str) -> Any:
        """By the digest of the PDF; None for any other."""


def by_number(register: Register | None, number: str) -> Certified | None:
    """The certificate of this number; None when there is none, or no register at all."""
    if register is None:
        return None
    try:
        return _certified(register.find(number))
    except NotFound:
        return None


def by_digest(register: Register | None, sha256: str) -> Certified | None:
    """The certificate whose PDF has this digest; None when none has."""
    found = register.find_by_digest(sha256) if register is not None else None
    return _certified(found) if found is not None else None


def with_status(report: Report, certified: Certified) -> Report:
    """``report`` with what the register says beside it.

    A certificate that was corrected or revoked does not match the register any more, however sound
    its seal and its proof are.
    """
    tick = _tick(certified)
    answer = Answer.DIFFERS if tick.outcome is Outcome.FAIL else report.answer
    return replace(report, answer=answer, ticks=(*report.ticks, tick), certificate=certified)


def _tick(certified: Certified) -> Tick:
    by = certified.by
    outcome = Outcome.PASS if certified.status == IN_FORCE else Outcome.FAIL
    detail = f"{certified.number}: {certified.status}"
    if by is not None:
        detail += f" by {by.number} on {by.issued_at.isoformat()}"
    check = Check(_NUMBER, "certificate-status", _TITLE, outcome, detail)
    return Tick(Area.STATUS, outcome, (check,))


def _certified(found: Any) -> Certified:
    return Certified(
        number=found.number,
        kind=found.kind,
        status=found.status,
        issued_at=found.issued_at,
        template=found.template,
        subject_number=found.subject_number or "",
        deposit_number=found.deposit_number or "",
        pdf_sha256=found.pdf_sha256 or "",
        chain=tuple(_link(each) for each in found.chain),
    )


def _link(link: Any) -> Link:
    """One of the chain, whether it comes as an object or as a tuple in this order."""
    names = ("number", "kind", "issued_at", "reason")
    if isinstance(link, tuple):
        return Link(*link[: len(names)])
    return Link(*(getattr(link, name) for name in names))
