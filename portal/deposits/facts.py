"""What is in evidence of one deposit, ready for its page: tokens, receipts, strength."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chain_adapter import Trust
from chain_adapter.evm.observation import Observation
from portal.deposits.evidence import proof_of, receipt_of, receipts_of, token_of
from portal.deposits.further import finals_of, standings_of
from portal.deposits.models import Deposit
from portal.deposits.public import Proven
from portal.deposits.reasons import UNKNOWN, wait_sentence
from timestamping.letter.ledger_view import Cosigned, cosigned, observed, signed_note
from timestamping.letter.strength import StrengthFacts, statement
from timestamping.token import Token


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """One token's contents; ``independent`` of the platform or run by it."""

    gen_time: datetime
    accuracy: str
    tsa: str
    policy: str
    serial: str
    independent: bool


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """One ledger's receipt; ``link`` leads to the explorer where there is one. ``nodes`` says which
    of its nodes cosigned, ``chain`` where on an EVM chain it is; None for other ledgers."""

    ledger: str
    position: int
    time: datetime
    entry_hash: str
    link: str
    nodes: Cosigned | None = None
    chain: Observation | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """A further ledger that does not hold the deposit for good yet: why, and who is waited for."""

    ledger: str
    reason: str
    awaited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One sentence of the strength statement, in one language."""

    label: str
    short: str
    sentence: str
    strong: bool


def tokens(deposit: Proven) -> list[TokenFacts]:
    """The token and its co-stamps; empty while there is none."""
    if deposit.stamps is None:
        return []
    first = token_of(deposit)
    return [_token(each) for each in (first, *first.also)]


def receipts(
    deposit: Proven, link: Callable[[str, int], str], trust: Trust | None = None
) -> list[ReceiptFacts]:
    """Every ledger's receipt, the primary one's first. ``link`` is called with ledger and place;
    ``trust`` knows the ledgers' nodes."""
    notes = {each.ledger: signed_note(each.receipt, each.proof) for each in finals_of(deposit)}
    if deposit.proof is not None:
        first = receipt_of(deposit)
        notes[first.ledger] = signed_note(first, proof_of(deposit))
    return [
        ReceiptFacts(
            each.ledger,
            each.position,
            each.time,
            each.entry_hash.hex(),
            link(each.ledger, each.position),
            cosigned(each.ledger, notes.get(each.ledger, each.checkpoint), trust or Trust()),
            observed(each),
        )
        for each in receipts_of(deposit).values()
    ]


def coming(deposit: Deposit) -> Iterator[Coming]:
    """The further ledgers that are still asked, with why each waits in words."""
    if deposit.follow_at is None:
        return
    for each in standings_of(deposit).values():
        if not each.final:
            sentence = wait_sentence(each.reason) or UNKNOWN
            yield Coming(each.ledger, str(sentence), each.awaited)


def strength(facts: StrengthFacts, language: str) -> Iterator[Point]:
    """The strength statement as the letter prints it, in ``"zh"`` or ``"en"``."""
    for each in statement(facts):
        words = (each.label, each.short, each.sentence)
        label, short, sentence = (getattr(word, language) for word in words)
        yield Point(label, short, sentence, each.strong)


def _token(token: Token) -> TokenFacts:
    return TokenFacts(
        token.gen_time,
        _accuracy(token.accuracy),
        token.tsa or token.source,
        token.policy,
        f"{token.serial:x}",
        token.independent,
    )


def _accuracy(accuracy: timedelta | None) -> str:
    """``1 s``, ``20 ms``; empty when the authority states none."""
    if accuracy is None:
        return ""
    milliseconds = accuracy / timedelta(milliseconds=1)
    return f"{milliseconds / 1000:g} s" if milliseconds >= 1000 else f"{milliseconds:g} ms"
