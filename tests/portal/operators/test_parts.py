"""Pictures, masked settings, certificates, checks and signs of life, each by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.database import Database
from portal.jobs import Heartbeat, beats, forget_old_beats
from portal.operators import pictures
from portal.operators.checks import STALE, Checks
from portal.operators.inforce import MASK, in_force, shown
from portal.operators.resources import _expiry, disks, expiries
from portal.services import Services
from portal.settings import Settings
from tests.portal.conftest import MakeSettings
from tests.portal.deposits.conftest import MovableClock
from tests.portal.deposits.doubles import Fate, FatefulLedger

_NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=8))
def test_bars_stand_on_the_floor_and_within_the_picture(counts: list[int]) -> None:
    picture = pictures.bars(counts)
    assert [bar.count for bar in picture.bars] == counts
    for bar in picture.bars:
        assert bar.y + bar.height == picture.floor
        assert 0 < bar.y <= picture.floor
        assert bar.x >= 0
        assert bar.x + bar.width <= picture.width
        assert (bar.height > 0) == (bar.count > 0)
    ordered = sorted(picture.bars, key=lambda bar: bar.count)
    heights = [bar.height for bar in ordered]
    assert heights == sorted(heights), "more is never drawn lower; nearly as much may be as high"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60_000)), max_size=90))
def test_the_newest_check_stands_at_the_right_end(checks: list[tuple[bool, int]]) -> None:
    strip = pictures.strip(checks, 40)
    assert [tick.ok for tick in strip.ticks] == [ok for ok, _ in checks[-40:]]
    assert all(0 < tick.x < strip.width and 0 < tick.height <= strip.height for tick in strip.ticks)
    if strip.ticks:
        assert strip.ticks[-1].x == strip.width - 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("postgresql://me:pw@db/x", f"postgresql://me:{MASK}@db/x"),
        ("postgresql://db/x?user=me&password=pw", f"postgresql://db/x?user=me&password={MASK}"),
        ("redis://:pw@host:6379/0", f"redis://:{MASK}@host:6379/0"),
        ("https://a:pw@x/ https://b:pw@y/", f"https://a:{MASK}@x/ https://b:{MASK}@y/"),
        ("https://a:p@w@x/", f"https://a:{MASK}@x/"),
        ("https://x/tsr#api_key=pw&policy=1.2", f"https://x/tsr#api_key={MASK}&policy=1.2"),
        ("host=db PASSWORD=pw", f"host=db PASSWORD={MASK}"),
        ("tlog:ledger", "tlog:ledger"),
        ("600 per minute", "600 per minute"),
        (None, ""),
        (8, "8"),
    ],
)
def test_what_is_secret_in_a_value_is_cut_out(value: object, expected: str) -> None:
    assert shown(value) == expected


def test_every_setting_is_listed_and_secret_types_are_masked(make_settings: MakeSettings) -> None:
    settings = make_settings(secret_key="k3y-of-sessions", key_passphrase="p4ss-phrase")
    rows = {row.name: row for row in in_force(settings)}
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    assert rows["SECRET_KEY"].value == rows["KEY_PASSPHRASE"].value == MASK
    assert rows["SECRET_KEY"].secret
    assert rows["SECRET_KEY"].given
    assert not rows["LOG_LEVEL"].given
    assert not any("k3y-" in row.value or "p4ss" in row.value for row in rows.values())


@pytest.mark.parametrize(
    ("life", "passed", "soon"),
    [(3650, 10, False), (3650, 3625, True), (7, 1, False), (7, 6.5, True), (90, 62, False)],
)
def test_near_its_end_by_share_or_by_days(life: float, passed: float, soon: bool) -> None:
    begins = _NOW - timedelta(days=passed)
    found = _expiry("tsa", "x", begins, begins + timedelta(days=life), _NOW)
    assert found.soon == soon
    assert found.left == pytest.approx(1 - passed / life)


def test_a_certificate_that_is_over() -> None:
    found = _expiry("tsa", "x", _NOW - timedelta(days=9), _NOW - timedelta(days=1), _NOW)
    assert (found.left, found.days, found.soon) == (0.0, -1, True)


def test_the_certificates_in_use_soonest_first(services: Services) -> None:
    found = expiries(services.pki, services.stamper, services.clock())
    assert {each.role for each in found} == {"root", "tsa", "seal", "crl"}
    assert [each.ends for each in found] == sorted(each.ends for each in found)
    assert not any(each.soon for each in found)


def test_the_disk_of_the_data(settings: Settings, services: Services) -> None:
    (disk,) = disks(services.settings)
    assert disk.place == str(settings.path(".").resolve())
    assert 0 < disk.free <= disk.total
    assert 0 <= disk.share <= 1


class TestChecks:
    def test_remember_what_was_said(self, services: Services, clock: MovableClock) -> None:
        fate = Fate()
        ledger = FatefulLedger(services.ledger, fate)
        checks = Checks(services.database, services.stamper, (ledger,), clock)
        assert checks.parts() == []
        checks.run()
        broken = _Broken(services.ledger, fate)
        clock.forward(minutes=1)
        Checks(services.database, services.stamper, (broken,), clock).run()
        tsa, found = checks.parts()
        assert (tsa.kind, tsa.last.ok) == ("tsa", True)
        assert found.name == services.ledger.id
        assert [each.ok for each in found.checks] == [True, False]
        assert "the disk is away" in found.last.detail
        assert not found.stale
        clock.forward(seconds=STALE.total_seconds() + 1)
        assert checks.parts()[0].stale

    def test_old_ones_are_forgotten(self, services: Services, clock: MovableClock) -> None:
        checks = Checks(services.database, services.stamper, services.ledgers, clock)
        checks.run()
        clock.forward(days=8)
        checks.run()
        checks.forget_old()
        assert [len(part.checks) for part in checks.parts()] == [1, 1]


class _Broken(FatefulLedger):
    def _health(self):  # type: ignore[no-untyped-def]
        raise OSError("the disk is away")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


class TestBeats:
    def test_each_loop_lives_by_itself(self, database: Database, clock: MovableClock) -> None:
        beat = Heartbeat(database, clock)
        beat("deposits")
        beat("mail")
        clock.forward(seconds=50)
        beat("mail")
        clock.forward(seconds=30)
        found = {each.loop: each.alive for each in beats(database, clock())}
        assert found == {"mail": True, "deposits": False}

    def test_are_written_seldom(self, database: Database, clock: MovableClock) -> None:
        beat = Heartbeat(database, clock)
        beat("deposits")
        first = beats(database, clock())[0].seen_at
        beat("deposits")
        assert beats(database, clock())[0].seen_at == first
        clock.forward(seconds=11)
        beat("deposits")
        assert beats(database, clock())[0].seen_at > first

    def test_of_the_long_dead_are_forgotten(self, database: Database, clock: MovableClock) -> None:
        Heartbeat(database, clock)("deposits")
        forget_old_beats(database, clock() + timedelta(days=2))
        assert beats(database, clock()) == []

    def test_a_lost_one_is_nobodys_trouble(self, database: Database) -> None:
        beat: Callable[[str], None] = Heartbeat(Database("sqlite:////nowhere/at/all.db"))
        beat("deposits")
        assert beats(database, datetime.now(UTC)) == []
