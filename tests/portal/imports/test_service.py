"""Imports: a look first, then deposits, and none twice unless that is wanted."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.cases.models import Case
from portal.cases.service import CaseFields, CaseService
from portal.deposits.batching import Outcome
from portal.deposits.models import Deposit
from portal.deposits.service import DepositService
from portal.imports.models import Import, ImportRow, ImportState, RowStatus
from portal.imports.service import MOST_PREVIEWS, PREVIEW_DAYS, ImportService
from portal.problems import Conflict, Forbidden, NotFound, Unavailable
from portal.services import Services
from tests.portal.cases.conftest import acting, organisation_with, put
from tests.portal.deposits.conftest import MovableClock
from tests.portal.imports.conftest import table


def count(services: Services, what: type = Deposit) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def test_a_look_deposits_nothing_and_says_what_would_come(
    imports: ImportService, actor: Actor, deposits: DepositService, services: Services
) -> None:
    known = put(deposits, actor, b"known before")
    data = f"sha256\n{1:064x}\nnonsense\n{1:064x}\n{known.sha256}\n".encode()
    made = imports.look(actor, "a.csv", data)
    assert count(services) == 1
    rows = imports.rows(actor, made.id).items
    assert [(row.line, row.status, row.repeats) for row in rows] == [
        (2, RowStatus.READY, None),
        (3, RowStatus.INVALID, None),
        (4, RowStatus.DUPLICATE, 2),
        (5, RowStatus.KNOWN, None),
    ]
    assert json.loads(rows[1].problem)["code"] == "digest_characters"
    assert rows[3].deposit_id == known.id
    assert imports.rows(actor, made.id).numbers == {known.id: known.number}
    assert sum(imports.counts(actor, made.id).values()) == 4


def test_confirmed_rows_are_deposited_with_case_and_tags(
    imports: ImportService, actor: Actor, cases: CaseService, case: Case, services: Services
) -> None:
    data = f"sha256,title,size,note,tag\n{1:064x},一,5,备注,合同;急\n{2:064x},二,,,\nbad\n".encode()
    made = imports.look(actor, "a.csv", data)
    done = imports.confirm(actor, made.id, case_id=case.id)
    assert done.state == ImportState.DONE
    assert imports.counts(actor, made.id) == {RowStatus.DEPOSITED: 2, RowStatus.INVALID: 1}
    first, second = sorted(cases.deposits(actor, case.id).items, key=lambda each: each.title)
    assert (first.title, first.size, first.note, first.kind) == ("一", 5, "备注", "digest")
    assert second.title == "二"
    assert cases.filing.tags([first.id, second.id]) == {first.id: ["合同", "急"]}
    with services.database.reading() as session:
        (entry,) = entries_for(session, made.subject)
    assert (entry.action, json.loads(entry.detail)) == (
        "import.confirmed",
        {"rows": 3, "deposited": 2},
    )


def test_pressing_twice_deposits_once(
    imports: ImportService, actor: Actor, services: Services
) -> None:
    made = imports.look(actor, "a.csv", table(1, 2, 3))
    imports.confirm(actor, made.id)
    imports.confirm(actor, made.id, again=True)
    assert count(services) == 3
    with services.database.reading() as session:
        assert len(entries_for(session, made.subject)) == 1


def test_pressing_at_the_same_time_deposits_once(
    imports: ImportService, actor: Actor, services: Services
) -> None:
    made = imports.look(actor, "a.csv", table(*range(1, 30)))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: imports.confirm(actor, made.id), range(4)))
    assert count(services) == 29
    assert imports.counts(actor, made.id) == {RowStatus.DEPOSITED: 29}


def test_the_same_file_again_deposits_nothing_unless_wanted(
    imports: ImportService, actor: Actor, services: Services
) -> None:
    imports.confirm(actor, imports.look(actor, "a.csv", table(1, 2)).id)
    second = imports.look(actor, "a.csv", table(1, 2))
    assert imports.counts(actor, second.id) == {RowStatus.KNOWN: 2}
    imports.confirm(actor, second.id)
    assert count(services) == 2
    third = imports.look(actor, "a.csv", table(1, 2))
    for _ in range(2):
        imports.confirm(actor, third.id, again=True)
    assert count(services) == 4
    assert imports.counts(actor, third.id) == {RowStatus.DEPOSITED: 2}


def test_two_windows_with_the_same_file_deposit_once(
    imports: ImportService, actor: Actor, services: Services
) -> None:
    one = imports.look(actor, "a.csv", table(1, 2))
    two = imports.look(actor, "a copy.csv", table(1, 2) + b"\n")
    imports.confirm(actor, one.id)
    imports.confirm(actor, two.id)
    assert count(services) == 2
    assert imports.counts(actor, two.id) == {RowStatus.KNOWN: 2}


def test_what_was_deposited_meanwhile_is_not_deposited_again(
    imports: ImportService, actor: Actor, deposits: DepositService, services: Services
) -> None:
    from chain_adapter import Digest
    from portal.deposits.service import Metadata

    made = imports.look(actor, "a.csv", table(1, 2))
    deposits.receive_digest(actor, [Digest.parse("sha256", f"{1:064x}")], Metadata())
    imports.confirm(actor, made.id)
    assert count(services) == 2
    found = imports.counts(actor, made.id)
    assert found == {RowStatus.KNOWN: 1, RowStatus.DEPOSITED: 1}


class BrokenOff(DepositService):
    """Takes rows, but answers some of them as a busy database would."""

    lost = 0

    def receive_many(self, actor: Actor, items):  # type: ignore[no-untyped-def]
        outcomes: list[Outcome] = super().receive_many(actor, items)
        for at in range(min(self.lost, len(outcomes))):
            outcomes[at] = Unavailable("busy", "The deposit could not be recorded; send it again.")
        self.lost = 0
        return outcomes


def test_an_import_that_broke_off_goes_on_and_repeats_nothing(
    tools,
    cases: CaseService,
    actor: Actor,
    case: Case,
    services: Services,  # type: ignore[no-untyped-def]
) -> None:
    deposits = BrokenOff(tools)
    imports = ImportService(deposits, cases.filing)
    made = imports.look(actor, "a.csv", table(*range(1, 11)))
    deposits.lost = 4
    assert imports.confirm(actor, made.id, case_id=case.id).state == ImportState.RUNNING
    assert imports.counts(actor, made.id) == {RowStatus.READY: 4, RowStatus.DEPOSITED: 6}
    with pytest.raises(Conflict, match="was confirmed"):
        imports.discard(actor, made.id)
    assert imports.confirm(actor, made.id).state == ImportState.DONE
    assert imports.counts(actor, made.id) == {RowStatus.DEPOSITED: 10}
    assert count(services) == cases.size(actor, case.id) == 10


def test_what_was_only_looked_at_goes_without_a_trace(
    imports: ImportService, actor: Actor, services: Services, clock: MovableClock
) -> None:
    made = imports.look(actor, "a.csv", table(1, 2))
    imports.discard(actor, made.id)
    with pytest.raises(NotFound):
        imports.get(actor, made.id)
    imports.look(actor, "b.csv", table(3))
    assert imports.sweep() == 0
    clock.forward(days=PREVIEW_DAYS, seconds=1)
    assert imports.sweep() == 1
    assert count(services, Import) == count(services, ImportRow) == count(services) == 0


def test_previews_do_not_pile_up(
    imports: ImportService, actor: Actor, services: Services, clock: MovableClock
) -> None:
    for _ in range(3):
        imports.look(actor, "a.csv", table(1))
    assert count(services, Import) == 1
    for number in range(MOST_PREVIEWS + 3):
        clock.ahead += timedelta(seconds=1)
        imports.look(actor, "a.csv", table(number + 2))
    assert count(services, Import) == MOST_PREVIEWS
    assert imports.recent(actor, 1)[0].created_at == max(
        each.created_at for each in imports.recent(actor)
    )


def test_somebody_elses_import_is_not_found(
    imports: ImportService, actor: Actor, stranger: Actor
) -> None:
    made = imports.look(actor, "a.csv", table(1))
    for attempt in (
        imports.get,
        imports.counts,
        imports.rows,
        imports.confirm,
        imports.discard,
        lambda who, key: imports.result(who, key, lambda _: b""),
    ):
        for who, key in ((stranger, made.id), (actor, "no-such-import")):
            with pytest.raises(NotFound, match="There is no such import"):
                attempt(who, key)
    assert not imports.recent(stranger)


def test_rows_go_into_no_case_of_others(
    imports: ImportService,
    actor: Actor,
    stranger: Actor,
    cases: CaseService,
    case: Case,
    services: Services,
) -> None:
    theirs = cases.create(stranger, CaseFields("别人的案件"))
    made = imports.look(actor, "a.csv", table(1))
    with pytest.raises(NotFound):
        imports.confirm(actor, made.id, case_id=theirs.id)
    cases.close(actor, case.id)
    with pytest.raises(Conflict, match="closed"):
        imports.confirm(actor, made.id, case_id=case.id)
    assert imports.get(actor, made.id).state == ImportState.PREVIEW
    assert count(services) == 0


def test_acting_for_an_organisation(
    imports: ImportService, actor: Actor, stranger: Actor, cases: CaseService, services: Services
) -> None:
    organisation = organisation_with(services, manager=actor, reader=stranger)
    manager = acting(actor, organisation, "manager")
    reader = acting(stranger, organisation, "reader")
    with pytest.raises(Forbidden):
        imports.look(reader, "a.csv", table(1))
    imports.confirm(actor, imports.look(actor, "a.csv", table(1)).id)
    made = imports.look(manager, "a.csv", table(1))
    assert imports.counts(manager, made.id) == {RowStatus.READY: 1}
    with pytest.raises(Conflict, match="Act again"):
        imports.confirm(actor, made.id)
    shared = cases.create(manager, CaseFields("机构案件"))
    imports.confirm(manager, made.id, case_id=shared.id)
    (deposit,) = cases.deposits(manager, shared.id).items
    assert deposit.organisation_id == organisation


def test_pages_of_rows_and_the_whole_result(imports: ImportService, actor: Actor) -> None:
    made = imports.look(actor, "a.csv", table(*range(1, 26)))
    imports.confirm(actor, made.id)
    first = imports.rows(actor, made.id, size=10)
    second = imports.rows(actor, made.id, after=first.after or 0, size=10)
    assert [row.line for row in first.items + second.items] == list(range(2, 22))
    download = imports.result(
        actor,
        made.id,
        lambda rows: "\n".join(f"{row.line} {number}" for row, number in rows).encode(),
    )
    lines = b"".join(download.stream).decode().splitlines()
    assert len(lines) == 25
    assert all(" NE" in line for line in lines)
    assert download.filename == "a-result.csv"
