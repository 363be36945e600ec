"""Why work waits, and until when."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from chain_adapter import errors as ledger
from portal.storage import VaultError
from timestamping.errors import TimestampError
from timestamping.pdf.errors import PdfError

_log = structlog.get_logger(__name__)
#: Seconds: the first delay and the longest one, for what passes by itself and for what does not.
_PASSING: Final = (1.0, 60.0)
_LASTING: Final = (5.0, 300.0)
#: For what others are about to finish: whoever comes back finds the work done within seconds.
_SOON: Final = (0.5, 5.0)


class NotFinal(Exception):
    """A ledger has the record, and it is not final yet; nothing is wrong.

    ``code`` as :class:`Wait` has it; ``awaited`` names who is waited for, empty where nobody can be
    named.
    """

    def __init__(self, code: str, sentence: str, awaited: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.code = code
        self.awaited = awaited


def not_final(awaited: tuple[str, ...]) -> NotFinal:
    """A record that a ledger has taken and that is not final there."""
    if not awaited:
        return NotFinal("ledger_pending", "the ledger has the record, and it is not final yet")
    names = ", ".join(awaited)
    return NotFinal("ledger_quorum", f"the ledger has the record and waits for {names}", awaited)


@dataclass(frozen=True, slots=True)
class Wait:
    """``code`` is stable and short, ``sentence`` one for people; ``passing`` when waiting alone may
    help, ``soon`` when it will, within seconds of others' answers; ``awaited`` names them. It waits
    on everything: an operator may mend what does not mend itself."""

    code: str
    sentence: str
    passing: bool
    soon: bool = False
    awaited: tuple[str, ...] = ()


def wait_for(error: Exception) -> Wait:
    """What to tell about ``error``. The unexpected is logged with its trace and told in general."""
    match error:
        case NotFinal():
            return Wait(error.code, str(error), True, soon=True, awaited=error.awaited)
        case ledger.QuorumNotReached():
            return Wait(error.code, str(error), True, soon=True)
        case TimestampError():
            return Wait(error.code, str(error), error.retryable)
        case ledger.LedgerError():
            passing = isinstance(error, ledger.Retryable | ledger.Unknown)
            return Wait(error.code, str(error), passing)
        case VaultError():
            return Wait("vault_unavailable", str(error), True)
        case PdfError():
            return Wait(error.code, str(error), False)
    _log.error("step_failed", exc_info=error)
    name = type(error).__name__
    return Wait("internal", f"An operator is needed: the step failed with {name}.", False)


def delay(attempts: int, *, passing: bool, soon: bool = False) -> timedelta:
    """How long to wait after ``attempts`` failures before this one, with jitter, so that what
    failed together does not come back together."""
    first, most = _SOON if soon else _PASSING if passing else _LASTING
    seconds = min(first * 2 ** min(attempts, 20), most)
    return timedelta(seconds=seconds * random.uniform(0.5, 1))  # noqa: S311 (no secret)


def goes_on(now: datetime) -> dict[str, Any]:
    """Values of a row whose step succeeded: it waits for nothing, and the next step is due."""
    return {"wait_reason": None, "wait_detail": None, "attempts": 0, "next_attempt_at": now}


def waits(wait: Wait, attempts: int, now: datetime) -> dict[str, Any]:
    """Values of a row whose step failed, after ``attempts`` failures before."""
    return {
        "wait_reason": wait.code,
        "wait_detail": wait.sentence,
        "attempts": attempts + 1,
        "next_attempt_at": now + delay(attempts, passing=wait.passing, soon=wait.soon),
    }
