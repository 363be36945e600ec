"""Pages of a draw for its organiser and its parties, through a browser's eyes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.draws.acting import Ceremony, plan, table

Login = Callable[[User], PortalClient]
#: What the wizard sends of a plan that can be saved.
FORM = {
    "title_zh": "新春抽奖",
    "title_en": "New Year draw",
    "organiser": "示例商场有限公司",
    "rules_zh": "每人一次。",
    "pools-0-id": "A",
    "stages-0-zh": "一等奖",
    "stages-0-winners": "1 000",
    "stages-0-pools": "A",
    "max_weight": "1",
    "public": "dice",
    "dice_minimum": "50",
    "beacon_minutes": "30",
    "retry_hours": "24",
    "attempts": "2",
    "audit_sample": "3",
    "void_reasons": ["equipment", "list_error"],
}
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def as_(services: Services, login: Login) -> Callable[[Any], PortalClient]:
    """The browser of somebody in a ceremony, in English."""

    def sign_in(person: Any) -> PortalClient:
        with services.database.reading() as session:
            user = session.get_one(User, person.actor.id)
        client = login(user)
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        return client

    return sign_in


def send(client: PortalClient, path: str, data: dict[str, Any] | None = None) -> TestResponse:
    """As a form on some page of ours would."""
    return client.submit(path, data, page="/account/password")


def said(answer: TestResponse) -> dict[str, Any]:
    """The JSON it answers with."""
    given = answer.get_json()
    assert isinstance(given, dict)
    return given


def test_without_draws_the_page_says_what_to_do(make_user: MakeUser, login: Login) -> None:
    organiser = login(make_user("organiser")).get("/my/draws/", headers=ENGLISH)
    assert "Set the rules, upload the list" in organiser.text
    assert "/my/draws/new" in organiser.text
    depositor = login(make_user()).get("/my/draws/", headers=ENGLISH)
    assert "ask the office for the role of an organiser" in depositor.text
    assert "/my/draws/new" not in depositor.text


def test_a_draw_is_begun_and_its_rules_are_kept(
    make_user: MakeUser, login: Login, services: Services
) -> None:
    client = login(make_user("organiser"))
    nameless = client.submit("/my/draws/new", {"title_zh": ""})
    assert nameless.status_code == 422
    made = client.submit("/my/draws/new", {"title_zh": "新春抽奖"})
    assert made.status_code == 303
    rules = made.location
    assert rules.endswith("/rules")
    saved = client.submit(rules, FORM)
    assert saved.status_code == 303
    page = client.get(rules).text
    assert 'value="1000"' in page
    assert "示例商场有限公司" in page
    assert "新春抽奖" in client.get("/my/draws/").text


def test_what_is_wrong_stands_beside_it_and_nothing_typed_is_lost(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient]
) -> None:
    ceremony.begin()
    client, rules = as_(ceremony.organiser), f"/my/draws/{ceremony.draw_id}/rules"
    wrong = FORM | {"stages-0-winners": "many", "organiser": "另一家公司"}
    answer = send(client, rules, wrong)
    assert answer.status_code == 422
    assert "Write a whole number here." in answer.text
    assert 'value="many"' in answer.text
    assert "另一家公司" in answer.text
    assert re.search(r'class="[^"]*is-invalid[^"]*" id="stages-0-winners"', answer.text)
    headers = {"Accept": "application/json", "X-CSRFToken": client.token("/account/password")}
    quiet = client.post(rules, data=wrong, headers=headers)
    assert (quiet.status_code, said(quiet)["error"]["field"]) == (422, "stages-0-winners")
    assert ceremony.view.plan.organiser == plan().organiser


def test_the_wizards_script_gets_the_preview_with_its_answer(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient]
) -> None:
    ceremony.begin()
    client, rules = as_(ceremony.organiser), f"/my/draws/{ceremony.draw_id}/rules"
    headers = {"Accept": "application/json", "X-CSRFToken": client.token("/account/password")}
    answer = client.post(rules, data=FORM, headers=headers)
    assert answer.status_code == 200, answer.text
    preview = said(answer)["preview"]
    assert (preview["entries"], preview["feasible"]) == (40, False)
    assert "1000 places, but perhaps only 40" in preview["stages"][0]["problem"]


def test_counts_may_be_assumed_before_there_is_a_list(make_user: MakeUser, login: Login) -> None:
    client = login(make_user("organiser"))
    rules = client.submit("/my/draws/new", {"title_en": "x"}).location
    headers = {"Accept": "application/json", "X-CSRFToken": client.token("/account/password")}
    assumed = FORM | {"count-A": "5,000", "weight-A": "2"}
    answer = said(client.post(rules, data=assumed, headers=headers))["preview"]
    assert (answer["entries"], answer["tickets"], answer["feasible"]) == (5000, 10_000, True)


def test_a_rehearsal_is_striped_everywhere_and_a_real_draw_nowhere(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient], services: Services
) -> None:
    ceremony.begin()
    client = as_(ceremony.organiser)
    pages = ("", "/rules", "/list", "/parties", "/part")
    for page in pages:
        text = client.get(f"/my/draws/{ceremony.draw_id}{page}").text
        assert "Rehearsal – not a real draw" in text, page
        assert "rehearsal-edge" in text, page
    real = plan(rehearsal=False, draw_at=ceremony.now + timedelta(days=9))
    services.draws.save_plan(ceremony.organiser.actor, ceremony.draw_id, real)
    for page in pages:
        assert "rehearsal-edge" not in client.get(f"/my/draws/{ceremony.draw_id}{page}").text


def test_the_list_page_names_rows_and_duplicates(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient]
) -> None:
    ceremony.begin(content=table(10) + "ａ００００３,姓名三\n,没有编号\n".encode())
    client, page = as_(ceremony.organiser), f"/my/draws/{ceremony.draw_id}/list"
    text = client.get(page).text
    assert "is the same entry as row 4" in text
    assert "The number is missing." in text
    assert "row 13" in text
    nobody = send(client, f"{page}/columns", {"column-0": "public", "column-1": "public"})
    assert nobody.status_code == 422
    assert "Choose the one column" in nobody.text
    both = send(client, f"{page}/columns", {"column-0": "pool", "column-1": "id"})
    assert both.status_code == 303  # read anew with the other meaning
    assert send(client, f"{page}/drop").status_code == 303
    assert 'id="list-form"' in client.get(page).text


def test_a_list_that_works_is_shown_with_its_root(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient]
) -> None:
    ceremony.begin()
    client = as_(ceremony.organiser)
    text = client.get(f"/my/draws/{ceremony.draw_id}/list").text
    listed = ceremony.view.list
    assert listed.root[:8] in text
    moving = client.get(f"/my/draws/{ceremony.draw_id}/list/standing")
    assert moving.headers["HX-Redirect"].endswith("/list")
    headers = {"X-CSRFToken": client.token("/account/password")}
    taken = client.post(f"/my/draws/{ceremony.draw_id}/list", json={"draft": 5}, headers=headers)
    assert (taken.status_code, said(taken)["error"]["code"]) == (422, "json_object")


def test_an_invitation_is_shown_once_and_taken_once(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient], make_user: MakeUser, login: Login
) -> None:
    ceremony.begin()
    client, page = as_(ceremony.organiser), f"/my/draws/{ceremony.draw_id}/parties"
    assert send(client, page, {"role": "portal", "name": "x"}).status_code == 422
    made = send(client, page, {"role": "public", "name": "李娜"})
    link = re.search(r'id="invitation-link">[^<]*(/my/draws/invitation/[^<]+)<', made.text)
    assert link
    assert link[1] not in client.get(page).text
    guest = login(make_user(name="李娜"))
    asked = guest.get(link[1], headers=ENGLISH)
    assert "You are asked to take part as: Public" in asked.text
    assert guest.submit(link[1]).location.endswith("/part")
    assert login(make_user()).get(link[1]).status_code in (404, 410)
    assert send(client, f"{page}/public/remove").status_code == 303
    assert guest.get(f"/my/draws/{ceremony.draw_id}/part").status_code == 404


def test_who_is_waited_for_is_named_with_the_reason(
    make_ceremony: Callable[[int], Ceremony], as_: Callable[[Any], PortalClient]
) -> None:
    ceremony = make_ceremony(1)
    ceremony.until("commit")
    party = ceremony.notary.party(ceremony.draw_id)
    ceremony.hand_in(ceremony.notary, party.commit(ceremony.record(), ceremony.now))
    ceremony.work()
    text = as_(ceremony.notary).get(f"/my/draws/{ceremony.draw_id}").text
    waited = re.search(r"Waited for:(.*?)</p>", text, re.DOTALL)
    assert waited
    assert "commit a seed" in waited[1]
    assert "public-1" in waited[1]
    assert "notary" not in waited[1]
    own = as_(ceremony.organiser).get(f"/my/draws/{ceremony.draw_id}/standing").text
    assert "You are waited for: commit a seed" in own
    assert own.count("data-step-type") == len(ceremony.view.steps)


def test_freezing_can_be_undone_until_the_signature(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient]
) -> None:
    ceremony.begin()
    client, page = as_(ceremony.organiser), f"/my/draws/{ceremony.draw_id}"
    assert send(client, f"{page}/freeze").location.endswith("/part")
    assert ceremony.view.state == "frozen"
    assert send(client, f"{page}/rules", FORM).status_code in (409, 422)
    assert "The rules are fixed" in client.get(f"{page}/rules").text
    assert send(client, f"{page}/thaw").status_code == 303
    assert ceremony.view.state == "draft"
    assert "plan-form" in client.get(f"{page}/rules").text


def test_a_draw_that_is_not_ready_says_why(make_user: MakeUser, login: Login) -> None:
    client = login(make_user("organiser"))
    page = client.submit("/my/draws/new", {"title_en": "x"}).location.removesuffix("/rules")
    text = client.get(page, headers=ENGLISH).text
    assert "Upload the list of entries." in text
    assert "Invite the notary." in text
    assert "/freeze" not in text
    assert client.submit(f"{page}/delete", page=page).status_code == 303
    assert client.get(page).status_code == 404


def test_the_notary_says_why_less_than_seven_days_are_enough(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient]
) -> None:
    ceremony.begin(plan(rehearsal=False))
    ceremony.until("commit")
    page = f"/my/draws/{ceremony.draw_id}"
    organiser, notary = as_(ceremony.organiser), as_(ceremony.notary)
    assert "at least seven days ahead" in organiser.get(page).text
    assert "/waive" not in organiser.get(f"{page}/part").text
    assert send(organiser, f"{page}/waive", {"reason": "x"}).status_code == 403
    assert send(notary, f"{page}/waive", {"reason": " "}).status_code == 303
    assert "/waive" in notary.get(f"{page}/part").text
    send(notary, f"{page}/waive", {"reason": "各方同意"})
    text = organiser.get(page).text
    assert "各方同意" in text
    assert "at least seven days ahead" not in text


def test_only_parties_have_a_part(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient], make_user: MakeUser, login: Login
) -> None:
    ceremony.begin()
    page = f"/my/draws/{ceremony.draw_id}/part"
    for person in ceremony.people:
        text = as_(person).get(page).text
        assert f'data-key="{person.party(ceremony.draw_id).key}"' in text
    assert login(make_user("organiser", "notary")).get(page).status_code == 404


def test_the_sample_is_opened_to_the_notary_alone_and_that_is_recorded(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient], services: Services
) -> None:
    ceremony.until("final")
    page = f"/my/draws/{ceremony.draw_id}/audit"
    text = as_(ceremony.notary).get(page).text
    assert text.count('class="audit-row"') == 3
    assert re.search(r"A\d{5}", text)
    assert as_(ceremony.organiser).get(page).status_code == 403
    with services.database.reading() as session:
        entries = session.query(AuditEntry).filter_by(subject=f"draw:{ceremony.draw_id}").all()
    assert [each.actor_id for each in entries if "sample" in each.action] == [
        ceremony.notary.actor.id
    ]


def test_a_beacon_that_is_none_is_refused(
    ceremony: Ceremony, as_: Callable[[Any], PortalClient]
) -> None:
    ceremony.until("commit")
    page = f"/my/draws/{ceremony.draw_id}/beacon"
    answer = send(as_(ceremony.notary), page, {})
    assert answer.status_code == 422
    assert "Choose the beacon" in answer.text
