"""The use cases of public verification: a question, or a file that was sent, and the answer.

No Flask in here; staff's questions are recorded where the request is known (:mod:`noting`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from chain_adapter import Digest
from portal.deposits.service import DepositService, PublicEvidence
from portal.problems import NotFound, PortalError
from portal.verification import certificates
from portal.verification.asking import Question, read_digest, read_question
from portal.verification.judging import Examined, examine, may_be_evidence
from portal.verification.report import Answer, Certified, Report
from portal.verification.service import found_of, issued_tick, judge_record, missing

_READ: Final = 1 << 20
#: Tickets of a draw that are recomputed for whoever sends a package: seconds, and some hundred
#: megabytes at most. Larger draws are recomputed by the verifier in their package.
_MOST: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Answered:
    """``evidence`` is what the records hold of it, None when they hold nothing."""

    report: Report
    evidence: PublicEvidence | None = None


class Verification:
    """Answers over the records of ``deposits`` and, where there is one, the ``register``."""

    def __init__(
        self, deposits: DepositService, register: certificates.Register | None = None
    ) -> None:
        self._deposits = deposits
        self._register = register

    def answer(self, asked: str, sha256: str = "") -> Answered | None:
        """By number, digest or address as typed, and perhaps the digest of a file to compare with
        it. None when nothing was asked.

        Raises:
            BadInput: neither a number nor a digest.
        """
        given = read_digest(sha256) if sha256.strip() else None
        if not asked.strip():
            return self._by_digest(given) if given else None
        question = read_question(asked)
        if question.kind == "digest":
            return self._by_digest(given or read_digest(question.text))
        if question.kind == "certificate":
            return self._by_certificate(question, given)
        return self._by_number(question.text, given)

    def answer_upload(self, path: Path) -> Answered:
        """A letter, certificate or package that was sent; for any other file, its digest."""
        with path.open("rb") as stream:
            likely = may_be_evidence(stream.read(8))
        examined = examine(path, self._deposits.trust(), most=_MOST) if likely else None
        if examined is not None and examined.readable:
            return self._with_records(examined, path)
        known = self._by_digest(_sha256(path))
        if known.report.answer is not Answer.MISSING:
            return known
        return Answered(examined.report if examined else missing("upload"))

    def _by_digest(self, digest: Digest) -> Answered:
        certified = certificates.by_digest(self._register, digest.hex)
        if certified is not None:
            return self._of_certificate(certified, digest)
        try:
            evidence = self._deposits.find_evidence(digest.hex)
        except NotFound:
            return Answered(missing("record"))
        return Answered(judge_record(evidence, self._deposits.trust(), digest), evidence)

    def _by_number(self, text: str, given: Digest | None) -> Answered:
        try:
            evidence = self._deposits.find_evidence(text)
        except NotFound:
            return Answered(missing("number"))
        if given is not None and given.hex == evidence.deposit.letter_sha256:
            evidence = replace(evidence, letter=True)
        return Answered(judge_record(evidence, self._deposits.trust(), given), evidence)

    def _by_certificate(self, question: Question, given: Digest | None) -> Answered:
        certified = certificates.by_number(self._register, question.text)
        if certified is None:
            return Answered(missing("certificate"))
        return self._of_certificate(certified, given)

    def _of_certificate(self, certified: Certified, given: Digest | None = None) -> Answered:
        """The certificate's own deposit is judged; ``given`` is compared with its PDF."""
        try:
            evidence = self._deposits.find_evidence(certified.deposit_number)
        except NotFound:
            report = Report(Answer.UNDECIDED, "certificate")
            return Answered(certificates.with_status(report, certified))
        if given is not None and given.hex != certified.pdf_sha256:
            judged = judge_record(evidence, self._deposits.trust(), given)
            return Answered(replace(judged, certificate=certified), evidence)
        judged = judge_record(evidence, self._deposits.trust())
        ticks = judged.ticks if given is None else (issued_tick(given), *judged.ticks[1:])
        judged = replace(judged, subject="certificate", ticks=ticks)
        return Answered(certificates.with_status(judged, certified), evidence)

    def _with_records(self, examined: Examined, path: Path) -> Answered:
        """What was sent is judged by itself; the register is asked whether a certificate stands."""
        report = examined.report
        certified = certificates.by_digest(self._register, _sha256(path).hex)
        if certified is None and examined.certificate and report.answer is Answer.MATCHES:
            certified = certificates.by_number(self._register, examined.certificate)
        if certified is not None:
            report = certificates.with_status(report, certified)
        if report.found is None:
            return Answered(report)
        try:
            evidence = self._deposits.find_evidence(report.found.number)
        except PortalError:  # another office's number, or none of ours at all
            return Answered(report)
        return Answered(replace(report, found=found_of(evidence)), evidence)


def _sha256(path: Path) -> Digest:
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_READ):
            state.update(piece)
    return Digest("sha256", state.digest())
