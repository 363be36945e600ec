"""Who vouches for what of one deposit, party by party, from its evidence and never from wishes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext

from chain_adapter import Trust
from portal.deposits.evidence import proof_of, receipt_of
from portal.deposits.facts import ReceiptFacts, TokenFacts
from portal.deposits.folders import CAPTURE, DRAW, OFFICE_KINDS, seen
from portal.deposits.models import State
from portal.deposits.public import Proven
from timestamping.letter.ledger_view import cosigned, signed_note

#: Whose words they are: the depositor's own, this portal's, somebody's who is independent of it.
PERSON, SELF, INDEPENDENT = "person", "self", "independent"
#: Nobody: a place that is empty, or not filled yet.
NOBODY, TO_COME = "nobody", "to-come"


@dataclass(frozen=True, slots=True)
class Party:
    """``role`` as a word, ``name`` of whoever fills it, what they state in ``says``; ``standing``
    is one of the constants above, ``link`` leads to the particulars."""

    role: str
    icon: str
    name: str
    says: str
    standing: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What the parties that are always there are called."""

    depositor: str
    platform: str
    office: str


def parties(
    deposit: Proven,
    names: Names,
    tokens: list[TokenFacts],
    receipts: list[ReceiptFacts],
    trust: Trust,
) -> Iterator[Party]:
    """From the depositor to the seal, in the order in which they had it in hand."""
    yield _depositor(deposit, names)
    yield _platform(deposit, names)
    yield from _authorities(tokens)
    yield from _ledgers(receipts)
    yield from _witnesses(deposit, trust)
    yield _seal(deposit, names)


def _depositor(deposit: Proven, names: Names) -> Party:
    says = {
        "file": gettext("brought the file; where it comes from is their word"),
        "folder": gettext("brought the files; where they come from is their word"),
        "capture": gettext("sat at the portal's desktop, or named the addresses to capture"),
        "draw": gettext("asked for the draw; its steps are signed by those who took part"),
        "notarial": gettext("applied for it; the notary's office made it and deposited it"),
        "volume": gettext("applied for the matter; the notary's office closed and deposited it"),
    }.get(deposit.kind, gettext("stated the digest; the file stayed with them"))
    standing = SELF if deposit.kind == CAPTURE else PERSON
    return Party(gettext("Depositor"), "user", names.depositor, says, standing, "#about-title")


def _platform(deposit: Proven, names: Names) -> Party:
    if deposit.kind == CAPTURE:
        says = gettext("recorded it at a desktop of its own and computed every digest")
    elif deposit.kind in OFFICE_KINDS:
        says = gettext("kept what the notary's office made, and computed every digest")
    elif deposit.kind == DRAW:
        says = gettext("kept the record, step by step, and was one party of several")
    elif seen(deposit):
        says = gettext("received it whole and computed the digest")
    else:
        says = gettext("received the digest, and has not seen the file")
    return Party(gettext("Portal"), "server", names.platform, says, SELF, "#digest-title")


def _authorities(tokens: list[TokenFacts]) -> Iterator[Party]:
    role = gettext("Time-stamp")
    if not tokens:
        yield Party(role, "clock", "", gettext("to come"), TO_COME)
    for each in tokens:
        says = gettext("states the time at which the digest existed")
        standing = INDEPENDENT if each.independent else SELF
        yield Party(role, "clock", each.tsa, says, standing, "#token-title")


def _ledgers(receipts: list[ReceiptFacts]) -> Iterator[Party]:
    role = gettext("Ledger")
    if not receipts:
        yield Party(role, "list-tree", "", gettext("to come"), TO_COME)
    for number, each in enumerate(receipts):
        says = gettext(
            "holds it as entry %(index)s, in an order nobody can change unseen", index=each.position
        )
        # Of the ledgers after the first nothing is known but that they answered.
        standing = SELF if number == 0 else INDEPENDENT
        yield Party(role, "list-tree", each.ledger, says, standing, "#ledger-title")


def _witnesses(deposit: Proven, trust: Trust) -> Iterator[Party]:
    role = gettext("Witnesses")
    if deposit.proof is None:
        yield Party(role, "eye", "", gettext("to come"), TO_COME)
        return
    receipt = receipt_of(deposit)
    nodes = cosigned(receipt.ledger, signed_note(receipt, proof_of(deposit)), trust)
    for name in nodes.names if nodes else ():
        says = gettext("signed the ledger's state as well, and would notice another history")
        yield Party(role, "eye", name, says, INDEPENDENT, "#ledger-title")
    if not nodes or not nodes.names:
        says = gettext("nobody outside watches the ledger")
        yield Party(role, "eye", gettext("none"), says, NOBODY, "#strength-title")


def _seal(deposit: Proven, names: Names) -> Party:
    role = gettext("Seal")
    if deposit.state != State.ISSUED:
        return Party(role, "rubber-stamp", "", gettext("to come"), TO_COME)
    says = gettext("sealed the letter, so that no character of it can be changed")
    return Party(role, "rubber-stamp", names.office, says, SELF, "#get-title")
