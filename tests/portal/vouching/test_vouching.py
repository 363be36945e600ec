"""What is kept is read again; whatever was changed, wherever, is found and told once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from chain_adapter import digest_of
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import entries_for
from portal.deposits.models import Deposit
from portal.deposits.records import Metadata
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.mail.models import OutboxMail
from portal.privacy.models import Erasure, ErasureState
from portal.privacy.service import PrivacyService
from portal.problems import Conflict, NotFound
from portal.services import Services
from portal.storage.files import FileVault
from portal.vouching import pictures
from portal.vouching.judging import Throttle
from portal.vouching.models import Outcome, Voucher, VouchStanding
from portal.vouching.picking import most, quota
from portal.vouching.service import VouchService
from tests.portal.conftest import MakeSettings, MakeUser
from tests.portal.deposits.conftest import MovableClock, put, run

OPERATOR = Actor("operator-1", "Op", frozenset({"operator"}))
Damage = Callable[[Tools, Deposit], None]


def _file(tools: Tools, deposit: Deposit) -> Path:
    assert isinstance(tools.vault, FileVault)
    return tools.vault.path(deposit.vault_key or "")


def _flip_in_vault(tools: Tools, deposit: Deposit) -> None:
    path = _file(tools, deposit)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def _delete_from_vault(tools: Tools, deposit: Deposit) -> None:
    _file(tools, deposit).unlink()


def _swap_in_vault(tools: Tools, deposit: Deposit) -> None:
    """Other content under the same key, well encrypted by somebody who has the key."""
    tools.vault.delete(deposit.vault_key or "")
    tools.vault.put(deposit.vault_key or "", b"forged" * 200)


def _flip_in_ledger(tools: Tools, deposit: Deposit) -> None:
    files = list(tools.settings.path("ledger").rglob("*.sqlite")) + list(
        tools.settings.path("ledger").rglob("*.db")
    )
    changed = 0
    for file in files:
        with sqlite3.connect(file) as connection:
            key = f"deposit:{deposit.id}"
            [(data,)] = connection.execute("SELECT data FROM entry WHERE key = ?", (key,))
            flipped = data.replace(b'"v":1', b'"v":2')
            changed += connection.execute(
                "UPDATE entry SET data = ? WHERE key = ?", (flipped, key)
            ).rowcount
        connection.close()
    assert changed == 1


def _delete_from_ledger(tools: Tools, deposit: Deposit) -> None:
    for file in tools.settings.path("ledger").rglob("*"):
        if file.is_file() and file.read_bytes()[:15] == b"SQLite format 3":
            with sqlite3.connect(file) as connection:
                connection.execute("DELETE FROM entry WHERE key = ?", (f"deposit:{deposit.id}",))
            connection.close()


def _change_row(**values: object) -> Damage:
    def change(tools: Tools, deposit: Deposit) -> None:
        with tools.database.transaction() as session:
            session.execute(update(Deposit).where(Deposit.id == deposit.id).values(**values))

    return change


def _flip_entry(tools: Tools, deposit: Deposit) -> None:
    data = bytearray(deposit.entry or b"")
    data[100] ^= 1
    _change_row(entry=bytes(data))(tools, deposit)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a bit in the vault": (_flip_in_vault, "original-digest"),
    "a file deleted": (_delete_from_vault, "original-kept"),
    "other content": (_swap_in_vault, "original-digest"),
    "a bit in the ledger": (_flip_in_ledger, "ledger-known"),
    "a record deleted": (_delete_from_ledger, "ledger-known"),
    "the entry's copy": (_flip_entry, "entry"),
    "the digest": (_change_row(sha256="0" * 64), "original-digest"),
    "the title": (_change_row(title="forged"), "metadata"),
    "the receipts": (_change_row(receipts="{}"), "ledger-receipt"),
}


def test_what_is_sound_is_untampered(
    vouching: VouchService, issued: Deposit, actor: Actor, tools: Tools
) -> None:
    finding = vouching.verify(actor, issued.id)
    assert (finding.outcome, finding.faults, finding.size) == (Outcome.UNTAMPERED, (), 1200)
    [entry] = _entries(tools, issued, "deposit.reread")
    assert json.loads(entry.detail) == {"outcome": "untampered", "bytes": 1200}
    standing = vouching.standing(issued)
    assert standing is not None
    assert standing.last is not None
    assert (standing.last.outcome, standing.last.by) == ("untampered", actor.id)


@pytest.mark.parametrize("name", DAMAGES)
def test_whatever_was_changed_is_found(
    vouching: VouchService, issued: Deposit, actor: Actor, tools: Tools, name: str
) -> None:
    damage, code = DAMAGES[name]
    damage(tools, issued)
    finding = vouching.verify(actor, issued.id)
    assert finding.outcome is Outcome.TAMPERED
    assert code in {each.code for each in finding.faults} or code == "entry"
    assert vouching.alarms() == 1


def test_the_alarm_is_raised_once_and_settled(
    vouching: VouchService,
    issued: Deposit,
    actor: Actor,
    tools: Tools,
    make_user: MakeUser,
    clock: MovableClock,
) -> None:
    operator, admin = make_user("operator"), make_user("administrator")
    make_user("auditor")
    _flip_in_vault(tools, issued)
    clock.forward(days=2)
    assert vouching.advance() > 0
    assert sorted(_mails(tools)) == sorted([operator.email, admin.email])
    vouching.verify(actor, issued.id)
    assert len(_mails(tools)) == 2, "no second mail for the same deposit"
    assert len(_entries(tools, issued, "deposit.tampered")) == 1
    overview = vouching.overview()
    assert (overview.open_alarms, overview.alarms[0].number) == (1, issued.number)
    vouching.settle(OPERATOR, issued.id)
    assert (vouching.alarms(), len(vouching.overview().alarms)) == (0, 1)
    with pytest.raises(NotFound):
        vouching.settle(OPERATOR, issued.id)


def test_an_alarm_ends_when_the_content_is_back(
    vouching: VouchService, issued: Deposit, actor: Actor, tools: Tools, make_user: MakeUser
) -> None:
    make_user("operator")
    path = _file(tools, issued)
    sound = path.read_bytes()
    path.unlink()
    assert vouching.verify(actor, issued.id).outcome is Outcome.TAMPERED
    path.write_bytes(sound)
    assert vouching.verify(actor, issued.id).outcome is Outcome.UNTAMPERED
    assert vouching.overview().alarms == ()
    path.unlink()
    vouching.verify(actor, issued.id)
    assert len(_mails(tools)) == 2, "a new mismatch is news again"


def test_a_vault_that_cannot_be_reached_decides_nothing(
    vouching: VouchService, issued: Deposit, tools: Tools, clock: MovableClock
) -> None:
    vouching.advance()
    path = _file(tools, issued)
    kept = path.rename(path.with_suffix(".elsewhere"))
    path.mkdir()  # reading it fails with an error that is not "no such file"
    clock.forward(days=2)
    vouching.advance()
    assert vouching.alarms() == 0
    assert vouching.overview().undecided == 1
    while vouching.advance():
        pass
    assert len(_order(tools)) == 1, "not tried again at once"
    path.rmdir()
    kept.rename(path)
    clock.forward(minutes=11)
    vouching.advance()
    found = vouching.overview()
    assert (found.undecided, found.within, found.never) == (0, 1, 0)


def test_erased_content_is_no_alarm(
    vouching: VouchService,
    issued: Deposit,
    actor: Actor,
    tools: Tools,
    services: Services,
    clock: MovableClock,
) -> None:
    vouching.advance()
    assert vouching.overview().quota.everything == 1
    privacy = PrivacyService(
        tools.settings, tools.database, tools.vault, services.accounts, tools.clock
    )
    privacy.erasing.ask(actor, issued.id, "no longer needed", issued.number)
    clock.forward(days=30)
    assert privacy.advance() == 1
    vouching.advance()
    assert (vouching.overview().quota.everything, vouching.alarms()) == (0, 0)
    finding = vouching.verify(actor, issued.id)
    assert (finding.outcome, finding.content) == (Outcome.UNTAMPERED, False)
    _change_row(receipts="{}")(tools, issued)
    assert vouching.verify(actor, issued.id).outcome is Outcome.TAMPERED, "the record still counts"


def test_content_that_is_going_at_this_moment_is_no_alarm(
    vouching: VouchService, issued: Deposit, actor: Actor, tools: Tools
) -> None:
    vouching.advance()
    with tools.database.transaction() as session:
        now = tools.clock()
        session.add(
            Erasure(
                id="e",
                deposit_id=issued.id,
                open_for=issued.id,
                state=ErasureState.ERASING,
                reason="",
                asked_by=actor.id,
                asked_as="owner",
                asked_at=now,
                due_at=now,
            )
        )
    _delete_from_vault(tools, issued)
    vouching.verify(actor, issued.id)
    assert vouching.alarms() == 0
    assert _entries(tools, issued, "deposit.tampered") == []


def test_what_was_read_least_recently_is_read_first(
    make_vouching: Callable[..., VouchService],
    deposits: DepositService,
    actor: Actor,
    tools: Tools,
    clock: MovableClock,
) -> None:
    """Seven deposits and a week: one a day, each once, and then the first again."""
    vouching = make_vouching(vouch_days=7)
    ids = []
    for _ in range(7):
        ids.append(put(deposits, actor).id)
        run(deposits)
        clock.forward(minutes=1)
    read = []
    for _ in range(8):
        clock.forward(days=1, minutes=1)
        while vouching.advance():
            pass
        read = _order(tools)
    assert read == [*ids, ids[0]]
    found = vouching.overview()
    assert (found.quota.daily, found.quota.days, found.within, found.share) == (1, 7, 7, 1.0)
    assert sum(day.count for day in found.days) == 8


def test_nothing_is_read_by_itself_when_switched_off(
    make_vouching: Callable[..., VouchService], issued: Deposit, clock: MovableClock
) -> None:
    vouching = make_vouching(vouch_days=0)
    clock.forward(days=400)
    while vouching.advance():
        pass
    assert vouching.overview().never == 1


def test_what_is_large_is_left_to_the_worker(
    vouching: VouchService,
    issued: Deposit,
    actor: Actor,
    tools: Tools,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("portal.vouching.service.AT_ONCE", 100)
    with pytest.raises(Conflict):
        vouching.verify_or_ask(actor, issued.id)  # the worker has not taken it up yet
    vouching.advance()
    assert vouching.verify_or_ask(actor, issued.id) is None
    standing = vouching.standing(issued)
    assert standing is not None
    assert standing.waiting
    vouching.advance()
    standing = vouching.standing(issued)
    assert standing is not None
    assert standing.last is not None
    assert not standing.waiting


def test_somebody_elses_deposit_is_not_found(
    vouching: VouchService, issued: Deposit, make_user: MakeUser
) -> None:
    other = make_user()
    stranger = Actor(other.id, other.name, other.role_names)
    with pytest.raises(NotFound):
        vouching.verify(stranger, issued.id)
    assert vouching.verify(OPERATOR, vouching.find(issued.number)).outcome is Outcome.UNTAMPERED
    for wrong in ("", "x" * 500, "NE20000101-00000000", "'; --"):
        with pytest.raises(NotFound):
            vouching.find(wrong)


def test_what_is_not_on_the_ledger_cannot_be_compared(
    vouching: VouchService, deposits: DepositService, actor: Actor
) -> None:
    deposit = put(deposits, actor)
    with pytest.raises(Conflict):
        vouching.verify(actor, deposit.id)
    assert vouching.standing(deposit) is None


def test_readings_of_long_ago_are_forgotten_unless_they_found_something(
    vouching: VouchService, issued: Deposit, actor: Actor, tools: Tools, clock: MovableClock
) -> None:
    vouching.verify(actor, issued.id)
    _flip_in_vault(tools, issued)
    vouching.verify(actor, issued.id)
    clock.forward(days=401)
    vouching.housekeeping()
    with tools.database.reading() as session:
        assert [row.outcome for row in session.scalars(select(Voucher))] == ["tampered"]


def test_a_standing_goes_to_one_worker_only(
    vouching: VouchService, issued: Deposit, tools: Tools, clock: MovableClock
) -> None:
    vouching.advance()
    clock.forward(days=2)
    picking = vouching._picking
    assert picking.take(tools.clock()) is not None
    assert picking.take(tools.clock()) is None
    clock.forward(hours=3)
    assert picking.take(tools.clock()) is not None, "whoever had it in hand died"


@given(st.integers(0, 10**6), st.integers(1, 3650))
def test_the_daily_share_reads_everything_within_the_days_wanted(count: int, days: int) -> None:
    class Wanted:
        vouch_days, vouch_daily = days, ""

    found = quota(Wanted(), count)  # type: ignore[arg-type]
    assert found.daily * days >= count
    assert found.days <= days


@pytest.mark.parametrize(
    ("daily", "expected"), [("", 7), ("3", 3), ("10%", 10), ("1%", 1), ("100%", 100)]
)
def test_a_number_or_a_share_limits_a_day(daily: str, expected: int) -> None:
    assert most(daily, 100, 7) == expected


@pytest.mark.parametrize("daily", ["0", "101%", "-1", "5 %", "x", "0%", "١"])
def test_a_limit_that_makes_no_sense_is_refused(make_settings: MakeSettings, daily: str) -> None:
    with pytest.raises(ValueError, match="vouch_daily"):
        make_settings(vouch_daily=daily)


@pytest.mark.parametrize(
    ("limits", "cycle", "expected"),
    [
        ((1, 7, 30, 60), 30, ["0", "1", "2", "3", "4", "never"]),
        ((1, 7, 14), 7, ["0", "1", "3", "4", "never"]),
        ((1, 2, 7), 1, ["0", "3", "3", "4", "never"]),
    ],
)
def test_what_is_older_than_the_cycle_looks_late(
    limits: tuple[int, ...], cycle: int, expected: list[str]
) -> None:
    assert pictures.shades(limits, cycle) == expected


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_the_bar_is_filled_and_everything_there_can_be_seen(counts: list[int]) -> None:
    pieces = pictures.stretch(counts)
    assert [piece.count for piece in pieces] == [count for count in counts if count]
    if pieces:
        assert abs(sum(piece.width for piece in pieces) - pictures.WIDTH) < 1
        assert all(piece.width >= 2 for piece in pieces)


def test_reading_is_kept_below_its_rate() -> None:
    slept: list[float] = []
    pace = Throttle(1000, slept.append)
    for done in range(0, 5000, 500):
        pace(done)
    assert slept
    assert max(slept) <= 1.0


def _entries(tools: Tools, deposit: Deposit, action: str) -> list[AuditEntry]:
    with tools.database.reading() as session:
        return [each for each in entries_for(session, deposit.subject) if each.action == action]


def _mails(tools: Tools) -> list[str]:
    with tools.database.reading() as session:
        rows = session.scalars(select(OutboxMail))
        return [row.recipient for row in rows if "警报" in row.subject]


def _order(tools: Tools) -> list[str]:
    with tools.database.reading() as session:
        return list(session.scalars(select(Voucher.deposit_id).order_by(Voucher.at)))


def test_standings_are_of_what_is_kept(
    vouching: VouchService, issued: Deposit, deposits: DepositService, actor: Actor, tools: Tools
) -> None:
    """Digests alone have nothing that could be read again."""
    deposits.receive_digest(actor, [digest_of(b"elsewhere")], Metadata())
    run(deposits)
    vouching.advance()
    with tools.database.reading() as session:
        assert list(session.scalars(select(VouchStanding.deposit_id))) == [issued.id]
