"""Any order of acts: a matter only ever moves as it may, and its log and rows agree with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.matters.models import Matter, MatterState
from portal.matters.service import MatterService
from portal.problems import BadInput, Conflict, NotFound
from portal.services import Services
from tests.portal.matters.conftest import PERSON, WANTED, confirm, hand_in

#: state → where the applicant's acts and the office's may lead
MOVES = {
    "draft": {"draft", "submitted", "gone"},
    "submitted": {"submitted", "withdrawn", "accepted", "refused"},
    "accepted": {"accepted", "withdrawn", "issued", "refused"},
    "issued": {"issued", "archived"},
    "refused": {"refused"},
    "withdrawn": {"withdrawn"},
    "archived": {"archived"},
}
#: acts that change what was applied for: in a draft alone
EDITING = ("save", "party", "remove", "confirm", "submit", "discard")
ACTS = (*EDITING, "hand_in", "withdraw", "message", "accept", "refuse", "issue", "archive")


def office(services: Services, matter_id: str, before: str, after: str) -> None:
    """As the desk and the certificates move it: by compare-and-swap."""
    with services.database.transaction() as session:
        matter = session.get(Matter, matter_id)
        if matter is None or matter.state != before:
            raise Conflict("matter_moved_on", "moved on")
        matter.state = after


def acts_of(
    services: Services, matters: MatterService, who: Actor, matter_id: str
) -> dict[str, Callable[[int], Any]]:
    def removed(seed: int) -> None:
        parties = matters.view(who, matter_id).parties
        matters.remove_party(who, matter_id, parties[seed % len(parties)].id if parties else "none")

    def handed_in(seed: int) -> None:
        lines = matters.view(who, matter_id).materials
        hand_in(matters, who, matter_id, lines[seed % len(lines)].id if lines else "none")

    return {
        "save": lambda seed: matters.save(
            who, matter_id, dataclasses.replace(WANTED, copies=1 + seed % 20)
        ),
        "party": lambda _: matters.add_party(who, matter_id, PERSON),
        "remove": removed,
        "confirm": lambda _: confirm(matters, who, matter_id),
        "submit": lambda _: matters.submit(who, matter_id),
        "discard": lambda _: matters.discard(who, matter_id),
        "hand_in": handed_in,
        "withdraw": lambda _: matters.withdraw(who, matter_id, "mistake"),
        "message": lambda _: matters.post(who, matter_id, "您好"),
        "accept": lambda _: office(services, matter_id, "submitted", "accepted"),
        "refuse": lambda _: office(services, matter_id, "accepted", "refused"),
        "issue": lambda _: office(services, matter_id, "accepted", "issued"),
        "archive": lambda _: office(services, matter_id, "issued", "archived"),
    }


def state_of(services: Services, matter_id: str) -> str:
    with services.database.reading() as session:
        matter = session.get(Matter, matter_id)
        return str(matter.state) if matter else "gone"


#: discarding ends a story at once, so most stories do without it
STORY = st.lists(
    st.tuples(st.sampled_from([act for act in ACTS if act != "discard"]), st.integers(0, 50)),
    min_size=3,
    max_size=14,
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=STORY, ready=st.booleans(), end=st.sampled_from(("discard", "withdraw", "submit")))
def test_any_story(  # type: ignore[no-untyped-def]
    services: Services,
    matters: MatterService,
    actor: Actor,
    deposit: Deposit,
    story,
    ready: bool,
    end: str,
) -> None:
    matter_id = matters.create(actor, deposit.id)
    acts = acts_of(services, matters, actor, matter_id)
    opening = ("save", "party", "hand_in", "confirm") if ready else ()
    for name, seed in (*((each, 0) for each in opening), *story, (end, 0)):
        before = state_of(services, matter_id)
        revision = matters.view(actor, matter_id).revision if before != "gone" else 0
        try:
            acts[name](seed)
        except (BadInput, Conflict, NotFound):
            assert state_of(services, matter_id) == before
            continue
        after = state_of(services, matter_id)
        assert after in MOVES[before], (name, before, after)
        if name in EDITING:
            assert before == "draft", name
        elif after != "gone":
            assert matters.view(actor, matter_id).revision == revision, name
        if after == "submitted" and before == "draft":
            assert ready or not matters.view(actor, matter_id).missing
        if after == "gone":
            break
    if state_of(services, matter_id) == "draft":
        matters.discard(actor, matter_id)  # else the next story would go on with it
    view = state_of(services, matter_id)
    assert view in {*MatterState, "gone"}
