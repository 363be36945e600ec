"""Letters, certificates and packages judged by themselves: one way for page, API and command line.

No web framework and no database in here, and nothing is fetched: what is not in the evidence comes
from the trust anchors handed in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chain_adapter.verdict import Check, Outcome
from portal.verification.further import further_checks
from portal.verification.report import (
    Anchor,
    Answer,
    Area,
    Found,
    Report,
    Tick,
    in_order,
    ticks_of,
)
from timestamping.certificate import CertificateReport, verify_evidence
from timestamping.filelist import NOTARIAL
from timestamping.package import Carried, PackageReport, Result
from timestamping.package_trust import PackageTrust

_ANSWERS: Final = {
    Result.VERIFIED: Answer.MATCHES,
    Result.REFUSED: Answer.DIFFERS,
    Result.UNDECIDED: Answer.UNDECIDED,
}
_PDF: Final = b"%PDF-"
#: How archives begin: with a member, with their end when empty, or with the mark of a first part.
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


@dataclass(frozen=True, slots=True)
class Examined:
    """``package`` is the verifier's own report; ``certificate`` the number of the notarial
    certificate that the evidence says to be, empty when it is none."""

    report: Report
    package: PackageReport
    certificate: str = ""

    @property
    def readable(self) -> bool:
        """Whether it was a letter or package at all, of whatever kind."""
        first = self.package.checks[0]
        return not (first.code == "container" and first.outcome is Outcome.UNKNOWN)


def may_be_evidence(start: bytes) -> bool:
    """Whether a file that begins so may be a letter, a certificate or a package."""
    return start.startswith((_PDF, *_ZIP))


def examine(
    path: Path,
    trust: PackageTrust | None = None,
    file: Path | None = None,
    most: int | None = None,
) -> Examined:
    """Judge the letter, certificate or package at ``path``, comparing ``file`` when given.

    Under ``trust`` when given, else under the anchors that came with it, which prove nothing until
    somebody compares their fingerprints. Of a draw at ``most`` so many tickets are recomputed.
    Never raises for bad evidence.
    """
    named: list[str] = []

    def further(carried: Carried) -> Sequence[Check]:
        named.append(_certificate_in(carried.listed))
        return further_checks(carried, most)

    found = verify_evidence(path, file=file, trust=trust, more=further)
    if isinstance(found, CertificateReport):
        return Examined(report_of(found, "notarial"), found, found.facts.number)
    return Examined(report_of(found, _subject(path)), found, named[0] if named else "")


def report_of(found: PackageReport, subject: str) -> Report:
    """A package's report in the order people ask."""
    return Report(
        _ANSWERS[found.result],
        subject,
        _ticks(found),
        _found(found) if found.ok and subject != "notarial" else None,
        summary=found.summary,
        anchors=tuple(Anchor(each.kind, each.name, each.value) for each in found.anchors),
        anchors_given=found.anchors_given or not found.anchors,
    )


def _subject(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return "letter" if stream.read(len(_PDF)) == _PDF else "package"
    except OSError:
        return "package"


def _certificate_in(listed: bytes) -> str:
    """The number in the manifest of a notarial certificate's files; empty for other lists."""
    try:
        value = json.loads(listed)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(value, dict) or value.get("schema") != NOTARIAL:
        return ""
    number = value.get("number")
    return number if isinstance(number, str) else ""


def _ticks(found: PackageReport) -> tuple[Tick, ...]:
    """The package's checks with the steps of token and ledger among them. The package's own checks
    decide: a step that failed has failed the check above it."""
    by_package = {tick.area: tick for tick in ticks_of(found.checks)}
    steps = [step for part in ("token", "ledger") for step in found.steps.get(part, ())]
    by_step = {tick.area: tick.checks for tick in ticks_of(steps)}
    return tuple(
        Tick(area, _outcome(tick), in_order((*tick.checks, *by_step.get(area, ()))))
        for area, tick in by_package.items()
    )


def _outcome(tick: Tick) -> Outcome:
    """A sound package without a file says nothing about any file."""
    absent = any(check.code == "file-absent" for check in tick.checks)
    unseen = tick.area is Area.FILE and absent and tick.outcome is Outcome.PASS
    return Outcome.UNKNOWN if unseen else tick.outcome


def _found(found: PackageReport) -> Found:
    facts = found.facts
    return Found(facts.number, gen_time=facts.time, position=facts.position)
