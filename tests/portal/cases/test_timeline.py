"""The one timeline across a case's deposits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import head, record
from portal.cases.events import EventFilter, Said, Thing
from portal.cases.models import Case
from portal.cases.service import CaseFields, CaseService
from portal.deposits.service import DepositService
from portal.problems import BadInput, NotFound
from portal.services import Services
from tests.portal.cases.conftest import put, run

ALL = EventFilter()


def actions(cases: CaseService, actor: Actor, case: Case, wanted: EventFilter = ALL) -> list[str]:
    events, _ = cases.timeline.everything(actor, case.id, wanted, 1000)
    return [event.action for event in events]


@pytest.fixture
def letter(cases: CaseService, actor: Actor, case: Case, deposits: DepositService) -> str:
    """A deposit with its letter in the case; its id."""
    deposit = put(deposits, actor, title="供货合同")
    run(deposits)
    cases.filing.move(actor, [deposit.id], case.id)
    assert b"".join(deposits.letter(actor, deposit.id).stream)
    return deposit.id


def test_everything_that_happened_in_order(
    cases: CaseService, actor: Actor, case: Case, letter: str, deposits: DepositService
) -> None:
    cases.add_note(actor, case.id, "通话")
    cases.filing.tag(actor, letter, ["合同"])
    events, end = cases.timeline.everything(actor, case.id, ALL, 100)
    assert [event.action for event in events] == [
        "case.created",
        "deposit.received",
        "deposit.timestamped",
        "deposit.anchored",
        "deposit.issued",
        "case.deposits_added",
        "deposit.exported",
        "case.noted",
        "deposit.tagged",
    ]
    kinds = [event.kind for event in events]
    assert kinds == ["case", "received", *["proof"] * 3, "case", "taken", "note", "case"]
    deposit = deposits.get(actor, letter)
    assert [event.stated for event in events if event.stated] == [
        deposit.gen_time,
        deposit.anchored_at,
    ]
    received = events[1]
    assert (received.who, received.address, received.via) == ("张三", "203.0.113.7", "web")
    assert (received.thing.label, received.thing.title) == (deposit.number, "供货合同")
    assert events[7].text == "通话"
    assert all(event.at.tzinfo is not None for event in events)
    assert end.size >= events[-1].seq


def test_what_leaves_the_case_leaves_the_timeline_but_for_its_leaving(
    cases: CaseService, actor: Actor, case: Case, letter: str
) -> None:
    cases.filing.move(actor, [letter], None)
    assert actions(cases, actor, case) == [
        "case.created",
        "case.deposits_added",
        "case.deposits_removed",
    ]


def test_filters(cases: CaseService, actor: Actor, case: Case, letter: str) -> None:
    assert actions(cases, actor, case, EventFilter(kind="taken")) == ["deposit.exported"]
    assert actions(cases, actor, case, EventFilter(kind="nonsense")) == []
    of_deposit = actions(cases, actor, case, EventFilter(subject=f"deposit:{letter}"))
    assert of_deposit[0] == "deposit.received"
    assert not any(action.startswith("case.") for action in of_deposit)
    assert actions(cases, actor, case, EventFilter(subject="audit:log")) == []
    events, _ = cases.timeline.everything(actor, case.id, ALL, 100)
    first, last = events[0].at, events[-1].at
    assert len(actions(cases, actor, case, EventFilter(since=first, until=last))) == 6
    assert actions(cases, actor, case, EventFilter(since=last + timedelta(seconds=1))) == []


def test_pages_both_ways(cases: CaseService, actor: Actor, case: Case, letter: str) -> None:
    everything = cases.timeline.page(actor, case.id, ALL, size=100).items
    seen, after = [], None
    while True:
        page = cases.timeline.page(actor, case.id, ALL, after, 2)
        seen += page.items
        after = page.after
        if after is None:
            break
    assert seen == list(everything)
    forward = cases.timeline.page(actor, case.id, ALL, size=100, newest_first=False).items
    assert forward == everything[::-1]
    assert cases.timeline.count(actor, case.id, ALL) == len(everything)
    assert len(cases.timeline.moments(actor, case.id, ALL)) == len(everything)


def test_nobody_elses(
    cases: CaseService, stranger: Actor, actor: Actor, case: Case, letter: str
) -> None:
    mine = cases.create(stranger, CaseFields("mine"))
    for attempt in (
        lambda: cases.timeline.page(stranger, case.id, ALL),
        lambda: cases.timeline.count(stranger, case.id, ALL),
        lambda: cases.timeline.moments(stranger, case.id, ALL),
        lambda: cases.timeline.everything(stranger, case.id, ALL, 10),
        lambda: cases.exports.timeline(stranger, case.id, ALL, "csv", lambda _: b""),
    ):
        with pytest.raises(NotFound):
            attempt()
    # Naming somebody else's deposit in the filter of one's own case shows nothing of it.
    assert actions(cases, stranger, mine, EventFilter(subject=f"deposit:{letter}")) == []


def test_an_export_is_recorded_once_it_is_taken(
    cases: CaseService, actor: Actor, case: Case, letter: str
) -> None:
    download = cases.exports.timeline(
        actor, case.id, ALL, "csv", lambda extract: str(len(extract.events)).encode()
    )
    assert "case.exported" not in actions(cases, actor, case)
    assert b"".join(download.stream) == b"7"
    assert actions(cases, actor, case)[-1] == "case.exported"


def test_an_export_that_fails_is_not_recorded(
    cases: CaseService, actor: Actor, case: Case, letter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.cases import exports

    monkeypatch.setitem(exports.FORMS, "csv", ("text/csv", 2))
    download = cases.exports.timeline(actor, case.id, ALL, "csv", lambda _: b"")
    with pytest.raises(BadInput, match="More than 2 events"):
        _ = download.stream
    assert "case.exported" not in actions(cases, actor, case)


class Captures:
    """What a later feature would add."""

    kinds: Mapping[str, frozenset[str]] = {"received": frozenset({"capture.sealed"})}

    def subjects(self, case: Case) -> Select[str]:
        return select(literal(f"capture:of-{case.id}"))

    def say(
        self, session: Session, case: Case, entries: Sequence[AuditEntry]
    ) -> Mapping[int, Said]:
        return {
            entry.seq: Said(Thing("Capture 1", "https://example.com"))
            for entry in entries
            if entry.subject.startswith("capture:")
        }


def test_a_feature_adds_its_own_things(
    cases: CaseService, actor: Actor, case: Case, services: Services
) -> None:
    cases.timeline.add(Captures())
    with services.database.transaction() as session:
        record(session, actor, "capture.sealed", f"capture:of-{case.id}")
        record(session, actor, "capture.looked_at", f"capture:of-{case.id}")
        record(session, actor, "capture.sealed", "capture:of-another")
    events, end = cases.timeline.everything(actor, case.id, ALL, 100)
    assert [(event.action, event.kind) for event in events] == [
        ("case.created", "case"),
        ("capture.sealed", "received"),
        ("capture.looked_at", "other"),
    ]
    assert events[1].thing == Thing("Capture 1", "https://example.com")
    assert actions(cases, actor, case, EventFilter(kind="other")) == ["capture.looked_at"]
    with services.database.reading() as session:
        assert head(session) == end
