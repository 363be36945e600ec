"""A report as plain values, in Chinese and English at once: what every way of telling starts from.

The page picks a language out of it, the API and ``--json`` send it, the command line prints it, and
the signed report sets it in type. No web framework in here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chain_adapter.verdict import Check, Outcome
from portal.verification.report import (
    Answer,
    Area,
    Certified,
    Found,
    Report,
    Tick,
    label,
)
from portal.verification.sentences import (
    ANSWERS,
    AREAS,
    DETAILS,
    NOT_COMPARED,
    OUTCOMES,
    PART,
    REASONS,
    SENTENCES,
)
from portal.verification.words import TITLES
from timestamping.letter.words import Words

Told = dict[str, Any]


def told(report: Report) -> Told:
    """Everything a report says, as JSON has it.

    ``sentence``, ``detail``, ``summary``, each tick's ``label``, ``word`` and ``reason`` and each
    check's ``titles`` are ``{"zh": …, "en": …}``; what a check found (``detail``) is the verifier's
    own sentence, in English.
    """
    return {
        "answer": str(report.answer),
        "subject": report.subject,
        "word": _both(ANSWERS[report.answer]),
        "sentence": _both(SENTENCES[report.answer, report.sentence]),
        "detail": _both(_detail(report)),
        "summary": dict(zip(("zh", "en"), report.summary, strict=True)) if report.summary else None,
        "ticks": [_tick(each) for each in report.ticks],
        "found": _found(report.found) if report.found else None,
        "others": [_found(each) for each in report.others],
        "certificate": _certificate(report.certificate) if report.certificate else None,
        "anchors": [
            {"kind": each.kind, "name": each.name, "value": each.value} for each in report.anchors
        ],
        "anchors_given": report.anchors_given,
    }


def _detail(report: Report) -> Words:
    matched = report.answer is Answer.MATCHES and report.subject == "record"
    if matched and report.found is not None and report.found.part:
        return PART
    return DETAILS[report.answer, report.sentence]


def _tick(tick: Tick) -> Told:
    word = OUTCOMES[tick.outcome]
    if tick.area is Area.FILE and tick.outcome is Outcome.UNKNOWN and not _undecided(tick):
        # Nobody handed a file over, which is nothing against the deposit.
        word = NOT_COMPARED
    return {
        "area": str(tick.area),
        "label": _both(AREAS[tick.area]),
        "outcome": str(tick.outcome),
        "word": _both(word),
        "reason": _both(REASONS[tick.area, tick.outcome]),
        "checks": [_check(each) for each in tick.checks],
    }


def _undecided(tick: Tick) -> bool:
    """Whether some check of it could not be decided, other than for want of a file."""
    return any(
        check.outcome is Outcome.UNKNOWN and check.code != "file-absent" for check in tick.checks
    )


def _check(check: Check) -> Told:
    return {
        "number": check.number,
        "label": label(check),
        "code": check.code,
        "title": check.title,
        "titles": {"zh": TITLES.get(check.code, check.title), "en": check.title},
        "outcome": str(check.outcome),
        "detail": check.detail,
    }


def _found(found: Found) -> Told:
    return {
        "number": found.number,
        "state": found.state,
        "received_at": _instant(found.received_at),
        "gen_time": _instant(found.gen_time),
        "anchored_at": _instant(found.anchored_at),
        "position": found.position,
        "file_seen": found.file_seen,
        "part": found.part,
        "files": found.files,
        "erased_at": _instant(found.erased_at),
    }


def _certificate(certified: Certified) -> Told:
    by = certified.by
    return {
        "number": certified.number,
        "kind": certified.kind,
        "status": certified.status,
        "issued_at": _instant(certified.issued_at),
        "by": by.number if by else None,
        "changed_at": _instant(by.issued_at) if by else None,
        "subject_number": certified.subject_number or None,
        "deposit_number": certified.deposit_number or None,
        "pdf_sha256": certified.pdf_sha256 or None,
        "chain": [
            {
                "number": each.number,
                "kind": each.kind,
                "issued_at": _instant(each.issued_at),
                "reason": each.reason,
            }
            for each in certified.chain
        ],
    }


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _both(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}
