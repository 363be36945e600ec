"""The bytes go and the proof stays; not sooner than promised, and never against a hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import verify_chain
from portal.database import Database
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.organisations.models import Membership, Organisation
from portal.privacy.eraser import Eraser
from portal.privacy.models import Erasure, ErasureState
from portal.privacy.service import PrivacyService
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.storage import Vault, VaultUnavailable
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of, put, run
from timestamping.package import verify_package

NOTARY = Actor("n1", "陈静", frozenset({"notary"}))
COOLING = 7


def erasures(database: Database) -> list[Erasure]:
    with database.reading() as session:
        return list(session.scalars(select(Erasure).order_by(Erasure.asked_at)))


def actions(database: Database, deposit: Deposit) -> list[str]:
    query = select(AuditEntry.action).where(AuditEntry.subject == deposit.subject)
    with database.reading() as session:
        found = session.scalars(query.order_by(AuditEntry.seq))
        return [action for action in found if action.split(".")[0] in ("erasure", "hold")]


def ask(privacy: PrivacyService, actor: Actor, deposit: Deposit) -> Erasure:
    return privacy.erasing.ask(actor, deposit.id, "客户要求删除", deposit.number)


def check_proof_stays(deposits: DepositService, actor: Actor, deposit: Deposit, folder) -> None:  # type: ignore[no-untyped-def]
    """Letter and package are still to be had and verify, with the file that somebody kept."""
    assert b"".join(deposits.letter(actor, deposit.id).stream).startswith(b"%PDF")
    package, file = folder / "p.zip", folder / "f"
    package.write_bytes(b"".join(deposits.package(actor, deposit.id).stream))
    file.write_bytes(b"secret content" * 100)
    assert verify_package(package, file=file).exit_code == 0


def test_the_content_goes_when_the_time_to_think_is_over(
    privacy: PrivacyService,
    deposits: DepositService,
    tools: Tools,
    clock: MovableClock,
    actor: Actor,
    issued: Deposit,
    tmp_path: object,
) -> None:
    asked = ask(privacy, actor, issued)
    assert asked.due_at - asked.asked_at == timedelta(days=COOLING)
    assert privacy.advance() == 0
    assert tools.vault.exists(issued.vault_key or "")
    clock.forward(days=COOLING, seconds=1)
    assert privacy.advance() == 1
    assert not tools.vault.exists(issued.vault_key or "")
    after = deposits.get(actor, issued.id)
    assert (after.erased_for, after.vault_key) == ("owner", None)
    assert after.erased_at is not None
    assert actions(tools.database, issued) == ["erasure.asked", "erasure.done"]
    check_proof_stays(deposits, actor, issued, tmp_path)
    with tools.database.reading() as session:
        assert verify_chain(session).ok
    assert privacy.advance() == 0


def test_it_can_be_taken_back_until_then(
    privacy: PrivacyService, tools: Tools, clock: MovableClock, actor: Actor, issued: Deposit
) -> None:
    ask(privacy, actor, issued)
    privacy.erasing.cancel(actor, issued.id)
    clock.forward(days=COOLING + 1)
    assert privacy.advance() == 0
    assert tools.vault.exists(issued.vault_key or "")
    assert actions(tools.database, issued) == ["erasure.asked", "erasure.cancelled"]
    with pytest.raises(Conflict, match="no erasure"):
        privacy.erasing.cancel(actor, issued.id)
    ask(privacy, actor, issued)  # and be asked for again
    clock.forward(days=COOLING + 1)
    assert privacy.advance() == 1
    with pytest.raises(Conflict):
        privacy.erasing.cancel(actor, issued.id)


@pytest.mark.parametrize("confirmed", ["", "x", "DL-2026-XXXX-XXXX"])
def test_it_wants_the_number_typed_again(
    privacy: PrivacyService, actor: Actor, issued: Deposit, confirmed: str
) -> None:
    with pytest.raises(BadInput, match=issued.number):
        privacy.erasing.ask(actor, issued.id, "reason", confirmed)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "a\x00b"])
def test_it_wants_a_reason(
    privacy: PrivacyService, actor: Actor, issued: Deposit, reason: str
) -> None:
    with pytest.raises(BadInput):
        privacy.erasing.ask(actor, issued.id, reason, issued.number)


def test_it_is_asked_for_once(privacy: PrivacyService, actor: Actor, issued: Deposit) -> None:
    ask(privacy, actor, issued)
    with pytest.raises(Conflict, match="on its way"):
        ask(privacy, actor, issued)


def test_what_is_not_here_cannot_be_erased(
    privacy: PrivacyService,
    deposits: DepositService,
    clock: MovableClock,
    actor: Actor,
    issued: Deposit,
) -> None:
    ask(privacy, actor, issued)
    clock.forward(days=COOLING + 1)
    privacy.advance()
    with pytest.raises(Conflict, match="no content"):
        ask(privacy, actor, issued)


@pytest.mark.parametrize("roles", [(), ("operator",), ("administrator",), ("notary",)])
def test_nobody_else_has_it_erased(
    privacy: PrivacyService, make_user: MakeUser, issued: Deposit, roles: tuple[str, ...]
) -> None:
    stranger = actor_of(make_user(*roles))
    with pytest.raises(NotFound):
        ask(privacy, stranger, issued)
    with pytest.raises(NotFound):
        privacy.erasing.cancel(stranger, issued.id)


@pytest.mark.parametrize(("role", "may"), [("manager", True), ("member", False), ("reader", False)])
def test_of_an_organisations_only_a_manager_does(
    privacy: PrivacyService,
    deposits: DepositService,
    tools: Tools,
    clock: MovableClock,
    make_user: MakeUser,
    role: str,
    may: bool,
) -> None:
    maker, colleague = make_user(), make_user()
    now = clock()
    with tools.database.transaction() as session:
        session.add(
            Organisation(
                id="o1",
                name_zh="某公司",
                name_en="",
                registration_number="",
                state="unverified",
                verification_note="",
                created_by=maker.id,
                created_at=now,
            )
        )
        session.flush()
        for user, its in ((maker, "member"), (colleague, role)):
            session.add(Membership(organisation_id="o1", user_id=user.id, role=its, joined_at=now))
    acting = Actor(
        maker.id, maker.name, maker.role_names, organisation="o1", organisation_role="member"
    )
    deposit = put(deposits, acting, b"of the company")
    run(deposits)
    with pytest.raises(Forbidden):
        ask(privacy, acting, deposit)  # who made it is not who decides
    if not may:
        with pytest.raises(Forbidden):
            ask(privacy, actor_of(colleague), deposit)
        return
    ask(privacy, actor_of(colleague), deposit)
    clock.forward(days=COOLING + 1)
    privacy.advance()
    assert deposits.get(acting, deposit.id).erased_for == "manager"


def test_a_hold_stands_above_owner_and_time(
    make_privacy: Callable[..., PrivacyService],
    tools: Tools,
    clock: MovableClock,
    actor: Actor,
    issued: Deposit,
) -> None:
    privacy = make_privacy(retention_originals_days=30)
    ask(privacy, actor, issued)
    hold = privacy.holds.set(NOTARY, issued.number.lower(), "诉讼保全")
    clock.forward(days=100)
    assert privacy.advance() == 0
    assert tools.vault.exists(issued.vault_key or "")
    privacy.erasing.cancel(actor, issued.id)
    with pytest.raises(Conflict, match="legal hold"):
        ask(privacy, actor, issued)
    assert privacy.advance() == 0  # retention does not get past it either
    privacy.holds.lift(NOTARY, hold.id)
    privacy.holds.lift(NOTARY, hold.id)
    assert actions(tools.database, issued).count("hold.lifted") == 1
    assert privacy.advance() == 2  # asked for by retention, and done
    assert not tools.vault.exists(issued.vault_key or "")


def test_only_the_office_sets_holds(privacy: PrivacyService, actor: Actor, issued: Deposit) -> None:
    with pytest.raises(Forbidden):
        privacy.holds.set(actor, issued.number, "no")
    hold = privacy.holds.set(NOTARY, issued.number, "yes")
    with pytest.raises(Forbidden):
        privacy.holds.lift(actor, hold.id)
    with pytest.raises(NotFound):
        privacy.holds.set(NOTARY, "DL-0000-0000", "nothing")
    assert [each.id for each in privacy.holds.of(issued.id)] == [hold.id]
    assert privacy.holds.standing()[0][1] == issued.number


def test_retention_erases_with_its_own_reason(
    make_privacy: Callable[..., PrivacyService],
    deposits: DepositService,
    tools: Tools,
    clock: MovableClock,
    actor: Actor,
    issued: Deposit,
) -> None:
    privacy = make_privacy(retention_originals_days=30)
    clock.forward(days=29)
    young = put(deposits, actor)
    run(deposits)
    assert privacy.advance() == 0
    clock.forward(days=2)
    while privacy.advance():
        pass
    assert deposits.get(actor, issued.id).erased_for == "retention"
    assert deposits.get(actor, young.id).erased_at is None
    row = erasures(tools.database)[0]
    assert (row.state, row.asked_as) == (ErasureState.DONE, "retention")
    assert "30 days" in row.reason


def test_nothing_is_erased_when_retention_is_off(
    privacy: PrivacyService, clock: MovableClock, issued: Deposit
) -> None:
    clock.forward(days=10_000)
    assert privacy.advance() == 0


def test_what_has_no_letter_yet_waits(
    privacy: PrivacyService,
    deposits: DepositService,
    clock: MovableClock,
    actor: Actor,
) -> None:
    deposit = put(deposits, actor)
    ask(privacy, actor, deposit)
    clock.forward(days=COOLING + 1)
    assert privacy.advance() == 0
    run(deposits)
    clock.forward(days=2)
    assert privacy.advance() == 1
    assert deposits.get(actor, deposit.id).state == "issued"


class Killed(BaseException):
    """The process is gone at this point."""


class FailingVault:
    """The real vault; deleting fails once, before or after its effect."""

    def __init__(self, vault: Vault, error: BaseException, *, after: bool) -> None:
        self._vault, self._error, self._after = vault, error, after
        self._left = 1

    def delete(self, key: str) -> bool:
        if self._left:
            self._left -= 1
            if self._after:
                self._vault.delete(key)
            raise self._error
        return self._vault.delete(key)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("error", [Killed(), VaultUnavailable("down")])
def test_what_dies_in_the_middle_is_continued(
    privacy: PrivacyService,
    deposits: DepositService,
    tools: Tools,
    clock: MovableClock,
    actor: Actor,
    issued: Deposit,
    error: BaseException,
    after: bool,
) -> None:
    ask(privacy, actor, issued)
    clock.forward(days=COOLING + 1)
    vault = FailingVault(tools.vault, error, after=after)
    dying = Eraser(tools.database, vault, clock)  # type: ignore[arg-type]
    if isinstance(error, Killed):
        with pytest.raises(Killed):
            dying.advance()
    else:
        assert dying.advance() == 0
    assert erasures(tools.database)[0].state == ErasureState.ERASING
    assert deposits.get(actor, issued.id).erased_at is None
    with pytest.raises(Conflict):
        privacy.erasing.cancel(actor, issued.id)  # too late
    assert privacy.advance() == 1
    assert actions(tools.database, issued) == ["erasure.asked", "erasure.done"]


def test_all_files_of_a_folder_go_and_its_list_stays(
    privacy: PrivacyService,
    deposits: DepositService,
    tools: Tools,
    clock: MovableClock,
    actor: Actor,
    issued: Deposit,
) -> None:
    keys = [f"original/{issued.id}-{number}" for number in range(3)]
    with tools.database.transaction() as session:
        row = session.get_one(Deposit, issued.id)
        row.kind = "folder"
        for number, key in enumerate(keys):
            tools.vault.put(key, b"file %d" % number)
            file = DepositFile(deposit_id=issued.id, position=number, path=f"{number}", size=6)
            file.sha256, file.vault_key = "0" * 64, key
            session.add(file)
    ask(privacy, actor, issued)
    clock.forward(days=COOLING + 1)
    assert privacy.advance() == 1
    assert not any(tools.vault.exists(key) for key in keys)
    assert tools.vault.exists(issued.vault_key or "")
    with tools.database.reading() as session:
        assert set(session.scalars(select(DepositFile.vault_key))) == {None}
