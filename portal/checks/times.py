"""The second group: the time-stamp and its co-stamps are verified now, under the anchors of today.

2 … 18 are the steps of :mod:`timestamping.verifier`, for each token with its authority's name; and

136. ``token-kept``  what the database says of the token is what the token says
137. ``token-link``  the ledger entry names this very token
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from chain_adapter import Entry, LedgerError
from chain_adapter.verdict import Check, Outcome
from portal.checks.evidence import Subject
from portal.checks.shapes import TIME, Group, Line
from portal.deposits.evidence import digests_of, token_of
from timestamping.errors import TimestampError
from timestamping.package_trust import PackageTrust
from timestamping.token import Token
from timestamping.verifier import verify_token

_KEPT: Final = "The token is the one kept since"
_LINK: Final = "The entry names this time-stamp"


def judge_time(subject: Subject, trust: PackageTrust) -> Group:
    """Every token, step by step."""
    deposit = subject.deposit
    try:
        first = token_of(deposit)
    except (TimestampError, ValueError, KeyError, TypeError) as error:
        detail = f"the token cannot be read: {error}"
        return Group(TIME, (Line(Check(136, "token-kept", _KEPT, Outcome.FAIL, detail)),))
    digest = digests_of(deposit)[0]
    lines: list[Line] = []
    for token in (first, *first.also):
        verdict = verify_token(token.der, trust.certificates, digest=digest)
        lines += [Line(check, token.tsa) for check in verdict.checks]
    lines += [Line(check, first.tsa) for check in _kept(subject, first)]
    stamps = [_fact(token) for token in (first, *first.also)]
    return Group(TIME, tuple(lines), {"stamps": stamps})


def _kept(subject: Subject, token: Token) -> Iterator[Check]:
    deposit = subject.deposit
    same = deposit.token == token.der and deposit.gen_time == token.gen_time
    outcome = Outcome.PASS if same else Outcome.FAIL
    detail = token.sha256.hex() if same else "the database holds two different tokens"
    yield Check(136, "token-kept", _KEPT, outcome, detail)
    try:
        entry = Entry.decode(deposit.entry or b"")
    except LedgerError:
        return  # told where the entry itself is judged
    named = entry.token == token.sha256 and set(entry.digests) == set(digests_of(deposit))
    outcome = Outcome.PASS if named else Outcome.FAIL
    yield Check(137, "token-link", _LINK, outcome, entry.token.hex())


def _fact(token: Token) -> dict[str, Any]:
    return {
        "tsa": token.tsa,
        "source": token.source,
        "independent": token.independent,
        "gen_time": token.gen_time.isoformat(),
        "accuracy": None if token.accuracy is None else str(token.accuracy),
        "serial": f"{token.serial:x}",
        "policy": token.policy,
        "sha256": token.sha256.hex(),
    }
