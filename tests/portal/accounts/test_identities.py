"""Identities: stated, sealed, checked by a notary, shown masked; and who read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.documents import is_credit_code, is_id_card, mask_number, possible
from portal.accounts.identities import Identities, IdentityRecord, checked
from portal.accounts.letter_words import depositor_of
from portal.accounts.models import User
from portal.accounts.security_models import Identity
from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser

Login = Callable[[User], PortalClient]
#: the example of GB 11643-1999
NUMBER = "11010519491231002X"
STATED = IdentityRecord("张 伟", "id-card", "CN", NUMBER, "2099-01-01")
FORM = {
    "name": "张伟",
    "document": "id-card",
    "country": "CN",
    "number": "1101 0519 4912 3100 2x",
    "valid_until": "",
}


@pytest.fixture
def identities(services: Services) -> Identities:
    return services.accounts.identities


def _actor(user: User) -> Actor:
    return Actor(user.id, user.name, user.role_names)


def decide(
    identities: Identities, actor: Actor, user_id: str, level: str, reason: str = ""
) -> None:
    """The finding of a notary who has just looked."""
    seen = identities.standing(user_id).edition
    identities.decide(actor, user_id, level, reason, seen=seen)


class TestRecord:
    def test_what_is_stated_is_sealed(
        self, services: Services, identities: Identities, user: User
    ) -> None:
        identities.submit(_actor(user), STATED)
        with services.database.reading() as session:
            row = session.scalars(select(Identity)).one()
            entry = entries_for(session, f"user:{user.id}")[-1]
        kept = repr(vars(row)) + entry.detail
        assert "11010519" not in kept
        assert "张 伟" not in kept
        assert identities.read(_actor(user), user.id) == STATED

    def test_a_row_copied_to_another_person_does_not_open(
        self, services: Services, identities: Identities, make_user: MakeUser
    ) -> None:
        mine, theirs = make_user(), make_user()
        for each in (mine, theirs):
            identities.submit(_actor(each), STATED)
        with services.database.transaction() as session:
            session.get_one(Identity, mine.id).sealed = session.get_one(Identity, theirs.id).sealed
        with pytest.raises(ValueError, match="moved"):
            identities.read(_actor(mine), mine.id)

    def test_a_notarys_check_raises_the_level_and_letters_say_so(
        self, services: Services, identities: Identities, user: User, make_user: MakeUser
    ) -> None:
        notary = make_user("notary")
        identities.submit(_actor(user), STATED)
        with services.database.reading() as session:
            before = depositor_of(session, session.get_one(User, user.id))
        decide(identities, _actor(notary), user.id, "document-checked")
        with services.database.reading() as session:
            after = depositor_of(session, session.get_one(User, user.id))
        assert "未核验" in before.identity.zh
        assert "公证机构已核对身份证件（居民身份证 1***************2X" in after.identity.zh
        assert "identity card 1***************2X" in after.identity.en
        assert "伟" not in after.masked or "*" in after.masked
        assert NUMBER not in after.identity.zh + after.identity.en

    def test_stating_it_anew_undoes_the_check(
        self, services: Services, identities: Identities, user: User, make_user: MakeUser
    ) -> None:
        identities.submit(_actor(user), STATED)
        decide(identities, _actor(make_user("notary")), user.id, "document-checked")
        identities.submit(_actor(user), STATED)
        standing = identities.standing(user.id)
        assert (standing.level, standing.state) == ("self-declared", "submitted")
        assert standing.masked_number == ""

    def test_a_refusal_has_a_reason_the_person_reads(
        self, identities: Identities, user: User, make_user: MakeUser
    ) -> None:
        notary = _actor(make_user("notary"))
        identities.submit(_actor(user), STATED)
        with pytest.raises(BadInput) as error:
            decide(identities, notary, user.id, "refused", "  ")
        assert error.value.field == "reason"
        decide(identities, notary, user.id, "refused", "号码\n不清")
        standing = identities.standing(user.id)
        assert (standing.state, standing.reason) == ("refused", "号码 不清")
        assert standing.level == "self-declared"
        with pytest.raises(Conflict):
            decide(identities, notary, user.id, "document-checked")

    @pytest.mark.parametrize("role", ["depositor", "auditor", "operator", "administrator"])
    def test_only_notaries_read_and_decide(
        self, identities: Identities, user: User, make_user: MakeUser, role: str
    ) -> None:
        identities.submit(_actor(user), STATED)
        other = _actor(make_user(role))
        with pytest.raises(Forbidden):
            identities.read(other, user.id)
        with pytest.raises(Forbidden):
            decide(identities, other, user.id, "document-checked")

    def test_nobody_checks_themselves(self, identities: Identities, make_user: MakeUser) -> None:
        notary = make_user("notary")
        identities.submit(_actor(notary), STATED)
        with pytest.raises(Forbidden):
            decide(identities, _actor(notary), notary.id, "document-checked")

    def test_every_reading_leaves_an_entry(
        self, services: Services, identities: Identities, user: User, make_user: MakeUser
    ) -> None:
        notary = make_user("notary", name="公证员")
        identities.submit(_actor(user), STATED)
        for reader in (notary, user, notary):
            identities.read(_actor(reader), user.id)
        with services.database.reading() as session:
            readers = [
                entry.actor_id
                for entry in entries_for(session, f"user:{user.id}")
                if entry.action == "identity.read"
            ]
        assert readers == [notary.id, user.id, notary.id]

    def test_what_is_not_there(self, identities: Identities, user: User) -> None:
        with pytest.raises(NotFound):
            identities.read(_actor(user), user.id)


class TestFields:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": " "}, "name"),
            ({"name": "a\x00b"}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"document": "library-card"}, "document"),
            ({"country": "XX1"}, "country"),
            ({"country": "cn"}, "country"),
            ({"number": "110105194912310021"}, "number"),
            ({"number": ""}, "number"),
            ({"document": "passport", "number": "<script>"}, "number"),
            ({"valid_until": "2020-01-01"}, "valid_until"),
            ({"valid_until": "tomorrow"}, "valid_until"),
        ],
    )
    def test_what_cannot_be_is_named(self, change: dict[str, str], field: str) -> None:
        with pytest.raises(BadInput) as error:
            checked(replace(STATED, **change), date(2026, 1, 1))
        assert error.value.field == field

    def test_numbers_are_taken_as_printed(self) -> None:
        assert is_id_card(NUMBER)
        assert not is_id_card("11010519491331002X")
        assert not is_id_card(NUMBER.replace("1", "１"))
        assert is_credit_code("91350100M000100Y43")  # the example of GB 32100-2015
        assert not is_credit_code("91350100M000100Y44")
        assert possible("passport", "CN", "E12345678")
        assert not possible("business-licence", "CN", "123")

    @given(st.text(alphabet="0123456789ABCDEFX", max_size=40))
    def test_masks_hide_at_least_three_quarters(self, number: str) -> None:
        masked = mask_number(number)
        assert len(masked) == len(number)
        shown = sum(letter != "*" for letter in masked)
        assert shown <= max(0, len(number) // 4) or (len(number) < 12 and shown <= 2)


class TestPages:
    def test_from_stating_to_the_letter(
        self,
        services: Services,
        login: Login,
        login_strong: Login,
        user: User,
        make_user: MakeUser,
    ) -> None:
        client = login(user)
        english = {"Accept-Language": "en"}
        done = client.submit("/account/identity", FORM)
        assert done.status_code == 303
        assert "waits for the notary" in client.get("/account", headers=english).text
        office = login_strong(make_user("notary"))
        assert user.email in office.get("/identities").text
        path = f"/identities/{user.id}"
        assert NUMBER in office.get(path).text
        none = office.submit(path, {})
        assert none.status_code == 422
        seen = services.accounts.identities.standing(user.id).edition
        assert seen in office.get(path).text
        found = office.submit(path, {"level": "document-checked", "seen": seen})
        assert found.status_code == 303
        assert user.email not in office.get("/identities").text
        page = client.get("/account/identity", headers=english).text
        assert "identity document checked" in page
        assert "1***************2X" in page

    def test_what_was_typed_is_kept_and_stays_text(self, login: Login, user: User) -> None:
        evil = '"><script>alert(1)</script>'
        client = login(user)
        answer = client.submit("/account/identity", dict.fromkeys(FORM, evil))
        assert answer.status_code == 422
        assert "<script>alert(1)" not in answer.text
        kept = client.submit("/account/identity", FORM | {"number": "1", "name": "欧阳修"})
        assert 'value="欧阳修"' in kept.text
        assert "aria-invalid" in kept.text

    def test_the_offices_pages_are_for_notaries_with_a_second_factor(
        self, login: Login, make_user: MakeUser, user: User
    ) -> None:
        assert login(user).get("/identities").status_code == 403
        notary = login(make_user("notary"))
        answer = notary.get(f"/identities/{user.id}")
        assert answer.headers["Location"].startswith("/account/verify")

    def test_what_is_stated_meanwhile_is_looked_at_again(
        self,
        services: Services,
        login: Login,
        login_strong: Login,
        user: User,
        make_user: MakeUser,
    ) -> None:
        """One's own document while the notary looks, another's before the finding."""
        client, office = login(user), login_strong(make_user("notary"))
        client.submit("/account/identity", FORM)
        path, identities = f"/identities/{user.id}", services.accounts.identities
        finding = {"level": "document-checked", "seen": identities.standing(user.id).edition}
        client.submit("/account/identity", FORM | {"name": "另一人"})
        refused = office.submit(path, finding)
        assert refused.status_code == 409
        assert "另行填写" in refused.text or "something else meanwhile" in refused.text
        assert "另一人" in refused.text
        assert identities.standing(user.id).state == "submitted"
        for seen in ("", "é"):
            assert office.submit(path, finding | {"seen": seen}).status_code == 409

    def test_scripts_in_a_reason_stay_text(
        self,
        services: Services,
        login: Login,
        login_strong: Login,
        user: User,
        make_user: MakeUser,
    ) -> None:
        client = login(user)
        client.submit("/account/identity", FORM | {"name": "<b>x</b>"})
        office = login_strong(make_user("notary"))
        path = f"/identities/{user.id}"
        assert "<b>x</b>" not in office.get(path).text
        evil = "<script>alert(1)</script>"
        seen = services.accounts.identities.standing(user.id).edition
        office.submit(path, {"level": "refused", "reason": evil, "seen": seen})
        assert evil not in client.get("/account/identity").text

    def test_without_our_token_nothing_is_kept(
        self, login: Login, user: User, identities: Identities
    ) -> None:
        assert login(user).post("/account/identity", data=FORM).status_code == 400
        assert identities.standing(user.id).state == ""
