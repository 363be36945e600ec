"""What a verification found, in a form for people and one for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import rfc8785

from chain_adapter.verdict import Check, Outcome
from timestamping.package_trust import Fingerprint

REPORT_SCHEMA = "notary/verification/v1"


class Result(StrEnum):
    VERIFIED = "verified"
    REFUSED = "refused"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the evidence says; empty where it could not be read. Believe it only when verified.

    ``file_compared`` tells whether any file's bytes were compared with the recorded digest.
    """

    number: str = ""
    digest: str = ""
    time: datetime | None = None
    tsa: str = ""
    ledger: str = ""
    position: int | None = None
    signer: str = ""
    file_compared: bool = False


@dataclass(frozen=True, slots=True)
class PackageReport:
    """``checks`` in the order of the verifier's docstring. ``steps`` holds the checks of token and
    ledger one by one. ``anchors`` are the fingerprints everything hangs on; ``anchors_given`` is
    False when they came with the evidence itself and have yet to be compared."""

    checks: tuple[Check, ...]
    facts: Facts = field(default_factory=Facts)
    anchors: tuple[Fingerprint, ...] = ()
    anchors_given: bool = False
    steps: Mapping[str, tuple[Check, ...]] = field(default_factory=dict)

    @property
    def failed(self) -> Check | None:
        """The first check that failed."""
        return next((check for check in self.checks if check.failed), None)

    @property
    def undecided(self) -> Check | None:
        """The first check that is needed and could not be decided. A file nobody handed over is
        not needed: the summary then says that none was compared."""
        return next(
            (
                check
                for check in self.checks
                if check.outcome is Outcome.UNKNOWN and check.code != "file-absent"
            ),
            None,
        )

    @property
    def result(self) -> Result:
        if self.failed is not None:
            return Result.REFUSED
        return Result.VERIFIED if self.undecided is None else Result.UNDECIDED

    @property
    def ok(self) -> bool:
        return self.result is Result.VERIFIED

    @property
    def exit_code(self) -> int:
        """0 verified, 1 refused, 2 cannot be decided."""
        return {Result.VERIFIED: 0, Result.REFUSED: 1, Result.UNDECIDED: 2}[self.result]

    @property
    def summary(self) -> tuple[str, str]:
        """One sentence in Chinese and in English."""
        if (check := self.failed) is not None:
            zh = f"核验不通过：第 {check.number} 项（{check.code}）不符。"
            return zh, f"Refused: check {check.number} ({check.code}) failed: {check.detail}."
        if (check := self.undecided) is not None:
            zh = f"目前无法判定：第 {check.number} 项（{check.code}）缺少所需材料。"
            return zh, f"Cannot be decided: check {check.number} ({check.code}): {check.detail}."
        return self._verified()

    def _verified(self) -> tuple[str, str]:
        facts = self.facts
        moment = facts.time.isoformat() if facts.time else "?"
        if facts.file_compared:
            zh = f"核验通过：文件与存证一致，不晚于 {moment} 已存在；时间戳、账本、签章均有效。"
            en = f"Verified: the file is the one deposited and existed no later than {moment}"
            return zh, f"{en}; time-stamp, ledger and seal hold."
        zh = f"核验通过：证明有效，所证摘要 {facts.digest} 不晚于 {moment} 已存在"
        en = f"Verified: the proof holds, its digest {facts.digest} existed no later than {moment}"
        return (
            f"{zh}；未提供文件，尚未与任何文件比对。",
            f"{en}; no file was given, so none has been compared.",
        )

    def to_json(self) -> bytes:
        """RFC 8785, schema ``notary/verification/v1``."""
        zh, en = self.summary
        facts = self.facts
        document: dict[str, Any] = {
            "schema": REPORT_SCHEMA,
            "result": str(self.result),
            "summary": {"zh": zh, "en": en},
            "number": facts.number,
            "digest": facts.digest,
            "time": facts.time.isoformat() if facts.time else None,
            "tsa": facts.tsa,
            "ledger": facts.ledger,
            "position": facts.position,
            "signer": facts.signer,
            "file_compared": facts.file_compared,
            "anchors_given": self.anchors_given,
            "anchors": [
                {"kind": each.kind, "name": each.name, "value": each.value} for each in self.anchors
            ],
            "checks": [_check(check) for check in self.checks],
            "steps": {name: [_check(each) for each in part] for name, part in self.steps.items()},
        }
        return rfc8785.dumps(well_formed(document))


def well_formed(value: Any) -> Any:
    """The same without halves of characters (lone surrogates), which names of files and strangers'
    JSON may hold and no UTF-8 does: they are written as escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {well_formed(key): well_formed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [well_formed(each) for each in value]
    return value


def _check(check: Check) -> dict[str, Any]:
    return {
        "number": check.number,
        "code": check.code,
        "title": check.title,
        "outcome": str(check.outcome),
        "detail": check.detail,
    }
