"""Links that work once, in time, for the address they were sent to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from portal.mail.models import OutboxMail
from portal.organisations.invitations import LIFETIME, MAX_OPEN
from portal.organisations.models import Invitation
from portal.organisations.service import OrganisationService
from portal.problems import BadInput, Conflict, NotFound, PortalError
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.organisations.conftest import (
    Company,
    MovableClock,
    actor_of,
    secret_in,
)


def test_accepted_once(
    services: Services, organisations: OrganisationService, company: Company, make_user: MakeUser
) -> None:
    guest = make_user(name="客人", email="guest@example.com")
    boss = actor_of(company.manager)
    link = organisations.invitations.invite(boss, company.id, " Guest@Example.com", "reader")
    assert link.startswith(f"{services.settings.base_url.rstrip('/')}/invitation?link=")
    asked = organisations.answering.look(actor_of(guest), secret_in(link))
    assert (asked.state, asked.organisation, asked.role) == ("open", "甲公司", "reader")
    organisations.answering.accept(actor_of(guest), secret_in(link))
    assert organisations.get(actor_of(guest), company.id).role == "reader"
    assert organisations.invitations.pending(boss, company.id) == []
    assert organisations.answering.look(actor_of(guest), secret_in(link)).state == "accepted"
    for answer in (organisations.answering.accept, organisations.answering.decline):
        with pytest.raises(Conflict):
            answer(actor_of(guest), secret_in(link))
    assert organisations.history(boss, company.id)[-1].action == "organisation.joined"


def test_it_is_mailed_and_the_secret_kept_nowhere(services: Services, company: Company) -> None:
    boss = actor_of(company.manager)
    link = services.organisations.invitations.invite(boss, company.id, "a@example.com", "member")
    with services.database.reading() as session:
        mail = session.scalars(
            select(OutboxMail).where(OutboxMail.recipient == "a@example.com")
        ).one()
        stored = session.scalars(select(Invitation).order_by(Invitation.created_at.desc())).first()
        log = " ".join(session.scalars(text("SELECT detail FROM audit_entries")))
    assert "甲公司" in mail.subject
    assert stored is not None
    assert secret_in(link) not in (stored.secret, stored.id)
    assert secret_in(link) not in log
    assert "a@example.com" not in log


def test_sent_to_another_address(
    organisations: OrganisationService, company: Company, make_user: MakeUser
) -> None:
    thief = make_user(email="thief@example.com")
    link = organisations.invitations.invite(
        actor_of(company.manager), company.id, "guest@example.com", "manager"
    )
    asked = organisations.answering.look(actor_of(thief), secret_in(link))
    assert asked.state == "other"
    assert "甲公司" not in repr(asked)
    for answer in (organisations.answering.accept, organisations.answering.decline):
        with pytest.raises(NotFound):
            answer(actor_of(thief), secret_in(link))
    assert organisations.mine(actor_of(thief)) == []


@pytest.mark.parametrize("secret", ["", "x", "x" * 5000, "\x00", "\ud800", "' OR 1=1 --"])
def test_made_up_links(organisations: OrganisationService, company: Company, secret: str) -> None:
    with pytest.raises(NotFound):
        organisations.answering.look(actor_of(company.reader), secret)
    with pytest.raises(NotFound):
        organisations.answering.accept(actor_of(company.reader), secret)


def test_expired(
    organisations: OrganisationService, clock: MovableClock, company: Company, make_user: MakeUser
) -> None:
    guest = make_user(email="guest@example.com")
    boss = actor_of(company.manager)
    secret = secret_in(organisations.invitations.invite(boss, company.id, guest.email, "member"))
    clock.ahead = LIFETIME + timedelta(seconds=1)
    assert organisations.answering.look(actor_of(guest), secret).state == "expired"
    with pytest.raises(Conflict):
        organisations.answering.accept(actor_of(guest), secret)
    assert organisations.invitations.pending(boss, company.id) == []


def test_withdrawn_declined_and_replaced(
    organisations: OrganisationService, company: Company, make_user: MakeUser
) -> None:
    guest, boss = make_user(email="guest@example.com"), actor_of(company.manager)
    invite = organisations.invitations.invite
    first = secret_in(invite(boss, company.id, guest.email, "manager"))
    second = secret_in(invite(boss, company.id, guest.email, "reader"))
    with pytest.raises(Conflict):  # the newer one took its place
        organisations.answering.accept(actor_of(guest), first)
    (pending,) = organisations.invitations.pending(boss, company.id)
    organisations.invitations.withdraw(boss, company.id, pending.id)
    with pytest.raises(NotFound):
        organisations.invitations.withdraw(boss, company.id, pending.id)
    with pytest.raises(Conflict):
        organisations.answering.accept(actor_of(guest), second)
    third = secret_in(invite(boss, company.id, guest.email, "reader"))
    organisations.answering.decline(actor_of(guest), third)
    with pytest.raises(Conflict):
        organisations.answering.accept(actor_of(guest), third)
    assert organisations.mine(actor_of(guest)) == []


def test_withdrawing_somebody_elses(
    organisations: OrganisationService, company: Company, make_user: MakeUser
) -> None:
    from portal.organisations.particulars import Particulars

    boss, other = actor_of(company.manager), actor_of(make_user())
    theirs = organisations.create(other, Particulars("乙公司", ""))
    organisations.invitations.invite(boss, company.id, "guest@example.com", "reader")
    (pending,) = organisations.invitations.pending(boss, company.id)
    with pytest.raises(NotFound):
        organisations.invitations.withdraw(other, theirs.id, pending.id)
    assert len(organisations.invitations.pending(boss, company.id)) == 1


def test_accepting_twice_at_once_joins_once(
    services: Services, company: Company, make_user: MakeUser
) -> None:
    guest, service = make_user(email="guest@example.com"), services.organisations
    link = service.invitations.invite(actor_of(company.manager), company.id, guest.email, "member")

    def accept(_: int) -> str:
        try:
            service.answering.accept(actor_of(guest), secret_in(link))
        except PortalError as error:
            return error.code
        return "joined"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(accept, range(4)))
    assert outcomes == ["invitation_over"] * 3 + ["joined"]


def test_refused_before_anything_is_sent(services: Services, company: Company) -> None:
    invite, boss = services.organisations.invitations.invite, actor_of(company.manager)
    with services.database.reading() as session:
        before = session.scalar(select(func.count()).select_from(OutboxMail))
    with pytest.raises(Conflict):
        invite(boss, company.id, company.reader.email, "manager")
    with pytest.raises(BadInput):
        invite(boss, company.id, "no address\r\nBcc: all@example.com", "member")
    with pytest.raises(BadInput):
        invite(boss, company.id, "a@example.com", "administrator")
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(OutboxMail)) == before


def test_no_more_than_so_many_are_open(
    organisations: OrganisationService, company: Company
) -> None:
    boss = actor_of(company.manager)
    for number in range(MAX_OPEN):
        organisations.invitations.invite(boss, company.id, f"p{number}@example.com", "reader")
    with pytest.raises(Conflict) as caught:
        organisations.invitations.invite(boss, company.id, "more@example.com", "reader")
    assert caught.value.code == "too_many_invitations"
