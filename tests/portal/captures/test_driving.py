"""From the queue to the review: what moves captures, and what they survive."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from forensics.desktop.interface import Phase, Terminal
from forensics.errors import CaptureSwitchedOff, DeskUnavailable, NoCapacity
from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.captures.hosts import Hosts
from portal.captures.models import Capture, CaptureFile, CaptureState
from portal.captures.service import CaptureService
from portal.problems import Conflict, RateLimited, Unavailable
from portal.services import Services
from tests.portal.captures.conftest import Clock, Drive, acts, wish, with_hosts
from tests.portal.captures.fake import FakeDesktop
from tests.portal.conftest import MakeUser

Reload = Callable[[Capture], Capture]


def actions(services: Services, capture: Capture) -> list[str]:
    with services.database.reading() as session:
        return [each.action for each in entries_for(session, capture.subject)]


def test_a_capture_is_given_a_desktop_recorded_and_kept(
    services: Services, captures: CaptureService, actor: Actor, desk: FakeDesktop, drive, reload
) -> None:  # type: ignore[no-untyped-def]
    capture = captures.ask(actor, wish(width=1366, height=768, keyboard="de"))
    drive()
    spec = desk.there[capture.session].spec
    assert (spec.width, spec.height, spec.keyboard) == (1366, 768, "de")
    assert spec.start_url == "https://shop.example/"
    assert spec.subject["purpose"] == "销售侵权商品"
    captures.live.finish(actor, capture.id)
    drive()
    kept = reload(capture)
    assert (kept.state, kept.terminal, kept.ended_by) == ("review", "complete", "person")
    assert kept.file_count == len(captures.shelves.files(kept)) > 10
    assert not desk.there  # the host has nothing of it any more
    assert actions(services, capture) == [
        *("capture.asked", "capture.started", "capture.live", "capture.finished", "capture.ready")
    ]


def test_the_head_is_stamped_at_the_start_every_minute_and_at_the_end(
    captures: CaptureService, actor: Actor, live: Capture, desk: FakeDesktop, clock: Clock, drive
) -> None:  # type: ignore[no-untyped-def]
    session = desk.there[live.session]
    assert session.attested == ["0a" * 32]
    desk.set(live.session, head="0b" * 32)
    assert captures.stamp() == 0  # not every head, but one a minute
    clock.forward(seconds=61)
    assert captures.stamp() == 1
    assert session.attested[-1] == "0b" * 32
    desk.ends = False
    captures.live.finish(actor, live.id)
    captures.collect()
    desk.set(live.session, head="0c" * 32)
    assert captures.stamp() == 1  # the last one, at once
    assert session.attested == ["0a" * 32, "0b" * 32, "0c" * 32]


def test_who_stands_in_the_queue_is_told_where(
    captures: CaptureService, make_user: MakeUser, desk: FakeDesktop, drive: Drive, reload: Reload
) -> None:
    desk.capacity = 1
    asked = [captures.ask(acts(make_user()), wish()) for _ in range(3)]
    drive()
    assert [reload(each).state for each in asked] == ["live", "queued", "queued"]
    places = [captures.place(reload(each)) for each in asked]
    assert places[0] is None
    assert [place.position for place in places[1:] if place] == [1, 2]
    assert places[1] is not None
    assert places[1].wait is not None


def test_one_person_gets_no_more_desktops_than_allowed(
    captures: CaptureService, make_user: MakeUser, desk: FakeDesktop, drive: Drive, reload: Reload
) -> None:
    desk.capacity = 5
    greedy, other = acts(make_user()), acts(make_user())
    asked = [captures.ask(greedy, wish()) for _ in range(3)]
    later = captures.ask(other, wish())
    drive()
    states = [reload(each).state for each in (*asked, later)]
    assert states == ["live", "live", "queued", "live"]


def test_who_has_to_wait_keeps_nobody_else_waiting(
    captures: CaptureService, make_user: MakeUser, desk: FakeDesktop, drive: Drive, reload: Reload
) -> None:
    """However many stand before them: four people have their desktops and want 72 more."""
    desk.capacity = 9
    for greedy in [acts(make_user()) for _ in range(4)]:
        for _ in range(20):
            captures.ask(greedy, wish())
    drive()
    assert len(desk.there) == 8
    later = captures.ask(acts(make_user()), wish())
    drive()
    assert reload(later).state == CaptureState.LIVE


def test_sessions_go_to_the_host_with_most_room(
    services: Services, desk: FakeDesktop, tmp_path, make_user, reload
) -> None:  # type: ignore[no-untyped-def]
    roomy = FakeDesktop(tmp_path / "roomy", capacity=6)
    broken = FakeDesktop(tmp_path / "broken", capacity=50)
    broken.errors["probe"] = DeskUnavailable("nobody answers")
    captures = with_hosts(
        services, Hosts({"small:": desk, "roomy:": roomy, "broken:": broken})
    ).captures
    asked = [captures.ask(acts(make_user()), wish()) for _ in range(7)]
    for _ in range(3):
        captures.drive()
    assert {reload(each).state for each in asked} <= {"live", "starting"}
    assert (len(desk.there), len(roomy.there)) == (1, 6) or len(roomy.there) >= 5
    assert not broken.there


def test_a_host_that_is_full_after_all_sends_it_back_to_the_queue(
    captures: CaptureService, actor: Actor, desk: FakeDesktop, drive: Drive, reload: Reload
) -> None:
    desk.errors["create"] = NoCapacity("somebody was quicker")
    capture = captures.ask(actor, wish())
    captures.drive()
    found = reload(capture)
    assert (found.state, found.host) == ("queued", None)
    desk.errors.clear()
    drive()
    assert reload(capture).state == CaptureState.LIVE


def test_killed_between_the_row_and_the_host_it_is_made_all_the_same(
    captures: CaptureService, actor: Actor, desk: FakeDesktop, drive: Drive, reload: Reload
) -> None:
    class Killed(BaseException):
        pass

    desk.errors["create"] = Killed()  # type: ignore[assignment]
    capture = captures.ask(actor, wish())
    with pytest.raises(Killed):
        captures.drive()
    assert reload(capture).state == CaptureState.STARTING
    desk.errors.clear()
    drive()
    assert reload(capture).state == CaptureState.LIVE
    assert list(desk.there) == [capture.session]


def test_a_silent_host_ends_no_session(
    captures: CaptureService, live: Capture, desk: FakeDesktop, clock: Clock, drive, reload
) -> None:  # type: ignore[no-untyped-def]
    desk.errors["observe"] = DeskUnavailable("nobody answers")
    for _ in range(5):
        captures.drive()
        clock.forward(seconds=40)
    waiting = reload(live)
    assert waiting.state == CaptureState.LIVE
    assert waiting.wait_detail == "nobody answers"
    desk.errors.clear()
    drive()
    assert reload(live).wait_detail is None
    desk.errors["observe"] = DeskUnavailable("nobody answers")
    clock.forward(hours=2)
    captures.drive()
    assert reload(live).state == CaptureState.FAILED  # it cannot go on for ever


def test_a_lost_session_is_said_to_be_lost(
    captures: CaptureService, live: Capture, desk: FakeDesktop, drive: Drive, reload: Reload
) -> None:
    desk.destroy(live.session)
    drive()
    found = reload(live)
    assert found.state == CaptureState.FAILED
    assert "lost" in found.reason


@pytest.mark.parametrize(
    ("changes", "by"),
    [({"idle_seconds": 900.0}, "idle"), ({"seconds": 3600.0}, "limit")],
)
def test_idleness_and_the_limit_end_a_session(
    captures: CaptureService, live: Capture, desk: FakeDesktop, drive, reload, changes, by
) -> None:  # type: ignore[no-untyped-def]
    desk.set(live.session, **changes)
    drive()
    found = reload(live)
    assert (found.state, found.ended_by) == (CaptureState.REVIEW, by)


def test_an_interrupted_session_is_kept_and_says_so(
    captures: CaptureService, live: Capture, desk: FakeDesktop, drive: Drive, reload: Reload
) -> None:
    desk.terminal, desk.reason = Terminal.INTERRUPTED, "the recorder died"
    desk.set(live.session, phase=Phase.ENDING)
    drive()
    found = reload(live)
    assert (found.state, found.terminal) == (CaptureState.REVIEW, "interrupted")
    assert found.reason == "the recorder died"


def test_a_start_that_fails_leaves_nothing_to_seal(
    captures: CaptureService, actor: Actor, desk: FakeDesktop, drive: Drive, reload: Reload
) -> None:
    desk.goes_live, desk.terminal, desk.reason = False, Terminal.FAILED, "X did not start"
    capture = captures.ask(actor, wish())
    captures.drive()
    desk.set(capture.session, phase=Phase.ENDING)
    drive()
    found = reload(capture)
    assert (found.state, found.reason) == (CaptureState.FAILED, "X did not start")
    assert found.cleared
    assert not desk.there
    captures.live.finish(actor, capture.id)  # finishing what is over does nothing
    assert reload(capture).state == CaptureState.FAILED


def test_a_host_that_cannot_run_desktops_says_why(
    captures: CaptureService, actor: Actor, desk: FakeDesktop, reload: Reload
) -> None:
    desk.errors["create"] = CaptureSwitchedOff("chromium is missing")
    capture = captures.ask(actor, wish())
    captures.drive()
    assert (reload(capture).state, reload(capture).reason) == ("failed", "chromium is missing")


def test_a_session_that_nobody_knows_is_ended(
    services: Services, captures: CaptureService, live: Capture, desk: FakeDesktop, drive, clock
) -> None:  # type: ignore[no-untyped-def]
    orphan = "f" * 32
    desk.there[orphan] = desk.there[live.session]
    clock.forward(minutes=1)
    captures.collect()
    assert list(desk.there) == [live.session]
    with services.database.reading() as session:
        entries = entries_for(session, f"capture-session:{orphan}")
    assert [each.action for each in entries] == ["capture.orphan_ended"]


def test_what_one_may_ask_for_is_bounded(
    services: Services, captures: CaptureService, actor: Actor, clock: Clock
) -> None:
    limits = services.settings
    for _ in range(limits.capture_open):
        captures.ask(actor, wish())
    with pytest.raises(Conflict) as open_ones:
        captures.ask(actor, wish())
    assert open_ones.value.code == "captures_open"
    with services.database.transaction() as session:
        for row in session.scalars(select(Capture)):
            row.state = CaptureState.FAILED
    for _ in range(limits.capture_daily - limits.capture_open):
        one = captures.ask(actor, wish())
        captures.live.abandon(actor, one.id)
    with pytest.raises(RateLimited):
        captures.ask(actor, wish())
    clock.forward(hours=25)
    captures.ask(actor, wish())


def test_without_hosts_captures_are_off(services: Services, actor: Actor) -> None:
    off = with_hosts(services, Hosts({}, "DESKTOPS is empty")).captures
    assert off.offer().reasons == ("DESKTOPS is empty",)
    with pytest.raises(Unavailable):
        off.ask(actor, wish())


def test_nothing_of_an_abandoned_session_stays_but_its_entry(
    services: Services, captures: CaptureService, actor: Actor, live: Capture, desk, drive
) -> None:  # type: ignore[no-untyped-def]
    captures.live.abandon(actor, live.id)
    drive()
    assert not desk.there
    with services.database.reading() as session:
        assert session.get(Capture, live.id) is None
        assert not session.scalars(select(CaptureFile)).all()
    assert actions(services, live)[-1] == "capture.discarded"


def test_a_discarded_review_takes_its_files_along(
    services: Services, captures: CaptureService, actor: Actor, reviewed: Capture, drive: Drive
) -> None:
    keys = [each.vault_key for each in captures.shelves.files(reviewed)]
    captures.live.abandon(actor, reviewed.id)
    drive()
    assert keys
    assert not any(services.vault.exists(key) for key in keys if key)
    assert not services.vault.exists(f"capture/{reviewed.id}/manifest")


def test_what_nobody_seals_goes_after_its_time(
    services: Services, captures: CaptureService, reviewed: Capture, clock: Clock, drive: Drive
) -> None:
    clock.forward(days=services.settings.capture_keep_days - 1)
    drive()
    assert captures.shelves.files(reviewed)
    clock.forward(days=2)
    captures.collect()
    drive()
    with services.database.reading() as session:
        assert session.get(Capture, reviewed.id) is None
