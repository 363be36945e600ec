"""The page of those who oversee."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import Act, latest, record_many
from portal.services import Services
from tests.portal.audit.test_chain import unguarded
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser

Login = Callable[[User], PortalClient]


@pytest.fixture
def auditor(login: Login, make_user: MakeUser) -> PortalClient:
    client = login(make_user("auditor", name="<i>Auditor</i>"))
    client.submit("/language", {"locale": "en"}, page="/account/password")
    return client


def test_the_log_is_read_page_by_page(auditor: PortalClient, services: Services) -> None:
    with services.database.transaction() as session:
        record_many(session, [Act(Actor.process("worker"), "x", f"t:{n}") for n in range(120)])
    first = auditor.get("/audit").text
    assert "t:119" in first
    assert "t:60" not in first
    older = auditor.get("/audit?before=73").text
    assert "t:60" in older
    assert "t:119" not in older
    assert "&lt;i&gt;Auditor&lt;/i&gt;" in auditor.get("/audit?before=4").text


@pytest.mark.parametrize("before", ["0", "-5", "x", "9" * 40, ""])
def test_odd_page_numbers_are_harmless(auditor: PortalClient, before: str) -> None:
    assert auditor.get(f"/audit?before={before}").status_code == 200


def test_proving_the_log_says_so_and_is_recorded(auditor: PortalClient, services: Services) -> None:
    answer = auditor.submit("/audit/verify", page="/audit")
    assert "is as it was written" in answer.text
    with services.database.reading() as session:
        assert latest(session, 1)[0].action == "audit.verified"


def test_damage_is_named(auditor: PortalClient, services: Services) -> None:
    with unguarded(services.database) as connection:
        connection.execute(text("UPDATE audit_entries SET actor_name = 'x' WHERE seq = 1"))
    answer = auditor.submit("/audit/verify", page="/audit")
    assert "damaged at entry 1" in answer.text
    assert "changed after it was recorded" in answer.text


def test_a_depositor_does_not_see_it(login: Login, user: User) -> None:
    assert login(user).get("/audit").status_code == 403
