"""The desk's pages through a browser: who gets in, what is shown, what is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.desk.service import DeskService
from portal.matters.models import MatterState
from portal.matters.service import MatterService
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of
from tests.portal.desk.conftest import Office
from tests.portal.matters.conftest import ID_CARD

Login = Callable[[User], PortalClient]


@pytest.fixture
def strong(login_strong: Login, li_user: User) -> PortalClient:
    """Li's browser, with fresh proof."""
    return login_strong(li_user)


def test_depositors_have_no_desk(login: Login, user: User, office: Office) -> None:
    client, matter_id = login(user), office.submitted()

    for path in ("/desk", f"/desk/matters/{matter_id}", "/desk/calendar", "/desk/statistics"):
        assert client.get(path).status_code == 403
    assert client.submit(f"/desk/matters/{matter_id}/take", page="/").status_code == 403


def test_auditors_look_and_do_nothing(
    login: Login, auditor_user: User, office: Office, taken: str
) -> None:
    client, at = login(auditor_user), f"/desk/matters/{taken}"
    party = office.party(taken)

    assert client.get("/desk").status_code == 200
    page = client.get(at)
    assert page.status_code == 200
    assert "/do/" not in page.text
    assert client.get(f"{at}/parties/{party}").status_code == 200
    for path in ("/take", "/do/refuse", "/messages", f"/parties/{party}/check"):
        assert client.submit(f"{at}{path}", page="/").status_code == 403
    assert client.get("/desk/calendar").status_code == 200
    assert client.get("/desk/calendar/edit").status_code == 403
    assert client.submit("/desk/calendar/days", page="/").status_code == 403
    assert office.acts(taken).count("particulars_read") == 1


def test_without_a_fresh_second_factor_nothing_is_decided(
    login: Login, li_user: User, office: Office, taken: str
) -> None:
    client, at = login(li_user), f"/desk/matters/{taken}"
    material, party = office.materials(taken)[0].id, office.party(taken)

    assert client.get(at).status_code == 200
    for path in (
        f"{at}/do/accept",
        f"{at}/do/refuse",
        f"{at}/materials/{material}/waive",
        "/desk/calendar/edit",
    ):
        answer = client.get(path)
        assert answer.status_code == 303
        assert "/verify" in answer.location
    for path, values in (
        (f"{at}/do/accept", {"fee": "500"}),
        (f"{at}/do/refuse", {"reason": "unlawful", "note": "不实"}),
        (f"{at}/do/keep-away", {"reason": "亲属"}),
        (f"{at}/materials/{material}/accept", {}),
        (f"{at}/parties/{party}/check", {"checked": "yes"}),
        ("/desk/calendar/days", {"day": "2026-10-01:off"}),
        ("/desk/calendar/list", {"list": "2026-10-01,off"}),
    ):
        assert client.submit(path, values, page="/").status_code == 303
    assert office.row(taken).state == MatterState.SUBMITTED
    assert office.acts(taken)[-1] == "taken"


def test_no_token_no_act(strong: PortalClient, office: Office, taken: str) -> None:
    for path in ("take", "messages", "do/accept"):
        assert strong.post(f"/desk/matters/{taken}/{path}", data={"fee": "5"}).status_code == 400
    assert office.row(taken).state == MatterState.SUBMITTED


def test_an_application_from_the_queue_to_acceptance(
    strong: PortalClient, office: Office, desk: DeskService, li: Actor
) -> None:
    matter_id = office.submitted()
    at = f"/desk/matters/{matter_id}"
    queue = strong.get("/desk")
    assert office.row(matter_id).number in queue.text
    assert "张**" in queue.text  # masked
    assert "张三" not in queue.text

    assert strong.submit(f"{at}/take", page=at).status_code == 303
    form = strong.get(f"{at}/do/accept")
    seen = re.search(r'name="seen"[^>]*value="(\d+)"', form.text)
    assert seen
    empty = strong.submit(f"{at}/do/accept", {"fee": " ", "seen": seen[1]})
    assert empty.status_code == 422
    assert "is-invalid" in empty.text
    done = strong.submit(f"{at}/do/accept", {"fee": "每件 500 元", "seen": seen[1]})
    assert done.status_code == 303
    page = strong.get(at).text
    assert str(office.row(matter_id).due_on) in page
    assert "每件 500 元" in page


def test_particulars_are_masked_until_shown_and_that_is_recorded(
    strong: PortalClient, office: Office, taken: str
) -> None:
    page = strong.get(f"/desk/matters/{taken}").text
    assert ID_CARD not in page
    assert "13800138000" not in page
    assert "particulars_read" not in office.acts(taken)

    shown = strong.get(f"/desk/matters/{taken}/parties/{office.party(taken)}")

    assert ID_CARD in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert office.acts(taken).count("particulars_read") == 1


def test_a_document_is_taken_away_and_that_is_recorded(
    strong: PortalClient, office: Office, matters: MatterService, li: Actor, taken: str
) -> None:
    document = matters.office_view(li, taken).materials[0].documents[0]
    answer = strong.get(f"/desk/matters/{taken}/documents/{document.id}")

    assert answer.data.startswith(b"%PDF")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.mimetype == "application/octet-stream"
    assert office.acts(taken)[-1] == "document_read"


def test_material_and_parties_are_decided_on_from_the_page(
    strong: PortalClient, office: Office, taken: str
) -> None:
    at, material = f"/desk/matters/{taken}", office.materials(taken)[0].id
    assert strong.submit(f"{at}/materials/{material}/accept", page=at).status_code == 303
    assert office.materials(taken)[0].state == "accepted"
    back = f"{at}/materials/{material}/send_back"
    assert strong.submit(back, {"reason": ""}).status_code == 422
    assert strong.submit(back, {"reason": "照片不清晰"}).status_code == 303
    assert office.materials(taken)[0].state == "missing"
    assert strong.get(f"{at}/materials/{material}/burn").status_code == 404

    party = f"{at}/parties/{office.party(taken)}"
    assert strong.submit(f"{party}/check", {"checked": "yes"}, page=party).status_code == 303
    assert office.acts(taken)[-1] == "party_checked"
    asked = strong.submit(f"{at}/do/ask", {"code": "rules", "party": "", "note": "抽奖规则"})
    assert asked.status_code == 303
    assert [each.note for each in office.materials(taken)][-1] == "抽奖规则"


def test_messages_go_both_ways_and_outsiders_say_nothing(
    strong: PortalClient,
    login: Login,
    user: User,
    office: Office,
    matters: MatterService,
    taken: str,
) -> None:
    matters.post(office.applicant, taken, "何时可以取证？")
    assert "何时可以取证？" in strong.get(f"/desk/matters/{taken}").text
    at = f"/desk/matters/{taken}"
    assert strong.submit(f"{at}/messages", {"text": ""}, page=at).status_code == 422
    sent = strong.submit(f"{at}/messages", {"text": "<b>明日</b>"}, page=at)
    assert sent.status_code == 303
    assert "&lt;b&gt;明日&lt;/b&gt;" in strong.get(at).text

    outsider = login(user)
    assert outsider.submit(f"{at}/messages", {"text": "我也想说"}, page="/").status_code == 403
    said = [each.text for each in matters.messages(office.applicant, taken)]
    assert said == ["何时可以取证？", "<b>明日</b>"]


def test_whoever_comes_second_gets_a_sentence(
    strong: PortalClient, office: Office, desk: DeskService, zhao: Actor
) -> None:
    matter_id = office.submitted()
    at = f"/desk/matters/{matter_id}"
    token = strong.token(at)
    desk.take(zhao, matter_id)

    late = strong.post(f"{at}/take", data={"csrf_token": token})

    assert late.status_code == 409
    assert "赵公证" in late.text
    assert 'role="alert"' in late.text


def test_refusing_and_pausing_ask_for_the_laws_reasons(
    strong: PortalClient, office: Office, accepted: str
) -> None:
    at = f"/desk/matters/{accepted}"
    assert "（九）" in strong.get(f"{at}/do/refuse").text
    for act in ("refuse", "pause"):
        answer = strong.submit(f"{at}/do/{act}", {"reason": "whim", "note": "想暂停"})
        assert answer.status_code == 422
        assert "想暂停" in answer.text  # what was typed stays
    values = {"reason": "supplement", "note": "等待授权书"}
    assert strong.submit(f"{at}/do/pause", values).status_code == 303
    twice = strong.submit(f"{at}/do/pause", values, page=at)
    assert twice.status_code == 409
    assert strong.submit(f"{at}/do/resume").status_code == 303
    assert strong.get(f"{at}/do/burn").status_code == 404


def test_a_matter_of_ones_own_is_not_shown_here(
    login: Login, make_user: MakeUser, office: Office, matters: MatterService
) -> None:
    person = make_user("notary", "depositor", name="孙公证")
    matter_id = office.submitted(actor_of(person))
    page = login(person).get(f"/desk/matters/{matter_id}")

    assert page.status_code == 200
    assert "合同签署后未被改动" not in page.text
    assert f"/my/matters/{matter_id}" in page.text
    assert "/do/" not in page.text


def test_whoever_keeps_away_reads_nothing_of_it(
    strong: PortalClient, office: Office, matters: MatterService, li: Actor, taken: str
) -> None:
    at = f"/desk/matters/{taken}"
    document = matters.view(office.applicant, taken).materials[0].documents[0].id
    nobody = strong.submit(f"{at}/do/keep-away", {"notary": "", "reason": "系近亲属"})
    assert nobody.status_code == 422
    kept = strong.submit(f"{at}/do/keep-away", {"notary": li.id, "reason": "系近亲属"})
    assert kept.status_code == 303

    page = strong.get(at)
    assert page.status_code == 200
    assert "合同签署后未被改动" not in page.text
    assert strong.get(f"{at}/parties/{office.party(taken)}").status_code == 403
    assert strong.get(f"{at}/documents/{document}").status_code == 403
    assert strong.submit(f"{at}/messages", {"text": "还是想说"}, page="/").status_code == 403


def test_drafts_and_made_up_ids_are_not_there(strong: PortalClient, office: Office) -> None:
    for matter_id in (office.draft(), "00000000-0000-4000-8000-000000000000"):
        at = f"/desk/matters/{matter_id}"
        assert strong.get(at).status_code == 404
        assert strong.get(f"{at}/do/accept").status_code == 404
        assert strong.submit(f"{at}/take", page="/").status_code == 404


def test_the_queue_says_what_to_do_when_there_is_nothing(
    strong: PortalClient, services: Services
) -> None:
    assert strong.get("/desk").status_code == 200
    for view in ("mine", "unassigned", "waiting", "paused", "overdue", "ended", "nonsense"):
        assert strong.get(f"/desk?view={view}&text=%25&template=web&page=7").status_code == 200


def test_the_calendar_is_changed_by_clicks_and_lists(
    strong: PortalClient, services: Services, li: Actor
) -> None:
    edit = "/desk/calendar/edit?year=2026"
    off = {"day": "2026-10-01:off", "note": "国庆节", "year": "2026"}
    assert strong.submit("/desk/calendar/days", off, page=edit).status_code == 303
    assert "国庆节" in strong.get("/desk/calendar?year=2026").text
    for wrong in ("2026-10-32:off", "2026-10-01:maybe", "", "1999-01-01:off"):
        answer = strong.submit("/desk/calendar/days", {"day": wrong}, page=edit)
        assert answer.status_code == 422

    bad = {"list": "2026-10-02,off\n2026-13-02,off\n2026-10-03,perhaps", "year": "2026"}
    refused = strong.submit("/desk/calendar/list", bad, page=edit)
    assert refused.status_code == 422
    assert "2026-13-02" in refused.text  # the line that is wrong, and what was pasted
    assert len(services.desk.days.year(li, 2026)) == 1

    good = {"list": "2026-10-02,off,国庆节\n2026-10-10,working", "year": "2026"}
    assert strong.submit("/desk/calendar/list", good, page=edit).status_code == 303
    assert len(services.desk.days.year(li, 2026)) == 3
    change = services.desk.days.changes(li)[0].id
    assert strong.submit(f"/desk/calendar/undo/{change}", page=edit).status_code == 303
    assert len(services.desk.days.year(li, 2026)) == 1
    assert strong.submit("/desk/calendar/undo/other", page=edit).status_code == 404


def test_figures_as_page_and_files(strong: PortalClient, office: Office, accepted: str) -> None:
    assert strong.get("/desk/statistics").status_code == 200
    empty = strong.get("/desk/statistics?since=2020-01-01&until=2020-12-31")
    assert empty.status_code == 200
    for bad in ("since=never", "since=2026-12-01&until=2026-01-01", "since=1066-10-14"):
        assert strong.get(f"/desk/statistics?{bad}").status_code == 422
    csv = strong.get("/desk/statistics.csv")
    assert office.row(accepted).number in csv.data.decode()
    assert strong.get("/desk/statistics.xlsx").data.startswith(b"PK")
    assert strong.get("/desk/statistics.pdf").status_code == 404
    assert [each.action for each in office.entries("desk:statistics")] == [
        "desk.statistics_exported"
    ] * 2
