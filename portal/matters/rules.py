"""What the rules ask of an application: which material, and what else must be there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from portal.accounts.documents import DOCUMENTS, normal_number, possible
from portal.accounts.identities import COUNTRIES
from portal.matters.models import TEMPLATES
from portal.matters.shapes import Missing, Particulars
from timestamping.letter import mask

#: kind of deposit → the certificates it can be applied for, the usual one first
OFFERED: Final[Mapping[str, tuple[str, ...]]] = {
    "capture": ("web", "preservation"),
    "draw": ("draw", "preservation"),
}
#: deposits the notary's desk makes itself are certified by nobody
NOT_OFFERED: Final = frozenset({"notarial", "volume"})
_ORGANISATIONS: Final = frozenset({"business-licence", "other"})

Need = tuple[str, str | None]


def templates_for(kind: str) -> tuple[str, ...]:
    """Which certificates a deposit of this kind can have; empty for those of the desk itself."""
    if kind in NOT_OFFERED:
        return ()
    return OFFERED.get(kind, TEMPLATES[:1])


def documents_for(kind: str) -> tuple[str, ...]:
    """The documents a party of this kind shows."""
    if kind == "organisation":
        return tuple(each for each in DOCUMENTS if each in _ORGANISATIONS)
    return tuple(each for each in DOCUMENTS if each != "business-licence")


def masked(kind: str, name: str) -> str:
    """How lists name a party: people by their first letters, organisations as they are known."""
    if not name:
        return "—"
    return name if kind == "organisation" else mask(name)


def needed(template: str, purpose: str, parties: Iterable[tuple[str, str]]) -> list[Need]:
    """The checklist, as (code of the material, id of the party or None), in order.

    Args:
        purpose: the code of the purpose.
        parties: (id, role). Of other interested people nothing is asked: an applicant has no
            right to their papers.
    """
    lines: list[Need] = []
    for party, role in parties:
        if role in ("applicant", "agent"):
            lines.append(("identity", party))
        if role == "agent":
            lines.append(("authority", party))
    if template == "draw":  # 开奖公证细则 5
        lines += [("approval", None), ("rules", None)]
    if purpose == "copyright":
        lines.append(("ownership", None))
    return lines


def wrong_particulars(party: Particulars) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a party's particulars: (field, code, English sentence)."""
    if not party.name:
        yield "name", "name", "Give the name as the document prints it."
    elif any(ord(each) < 32 or 127 <= ord(each) < 160 for each in party.name):
        yield "name", "name", "The name holds control characters."
    stated = bool(party.document or party.number)
    if party.role == "interested" and not stated:
        return
    if party.document not in documents_for(party.kind):
        yield "document", "document", "Choose a document."
        return
    if party.country not in COUNTRIES:
        yield "country", "country", "Choose the issuing country or region."
        return
    if not possible(party.document, party.country, normal_number(party.number)):
        message = "A document of this kind has no such number: look for a typing error."
        yield "number", "number", message


def missing_parties(parties: Iterable[Particulars]) -> Iterator[Missing]:
    """What is missing of the parties; people are named masked, as in every list."""
    known = {each.id: each for each in parties}
    everybody = list(known.values())
    if not any(each.role == "applicant" for each in everybody):
        yield Missing("applicant", "parties", "Name at least one applicant.")
    acting = {each.acts_for for each in everybody if each.role == "agent"}
    for each in everybody:
        name = masked(each.kind, each.name)
        for _, code, message in wrong_particulars(each):
            sentence = "The particulars of %(name)s are not complete: %(why)s"
            yield Missing(f"party_{code}", "parties", sentence, {"name": name, "why": message})
            break
        if each.role == "agent" and _principal(known, each) is None:
            sentence = "Say for whom %(name)s acts."
            yield Missing("agent_for_nobody", "parties", sentence, {"name": name})
        if each.role == "applicant" and each.kind == "organisation" and each.id not in acting:
            sentence = "%(name)s is an organisation: name the person who acts for it."
            yield Missing("organisation_alone", "parties", sentence, {"name": name})


def _principal(known: Mapping[str, Particulars], agent: Particulars) -> Particulars | None:
    found = known.get(agent.acts_for or "")
    return found if found is not None and found.role != "agent" else None
