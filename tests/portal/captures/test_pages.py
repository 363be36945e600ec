"""The pages, over HTTP, as somebody signed in and as everybody else."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from forensics.errors import DeskUnavailable, UnknownSession
from forensics.gateway.tickets import BadTicket, Role, Tickets
from portal.accounts.models import User
from portal.audit.service import entries_for
from portal.captures.hosts import Hosts
from portal.captures.models import Capture, CaptureState
from portal.captures.service import CaptureService, Said
from portal.services import Services
from tests.portal.captures.conftest import SECRET, Drive, acts, with_hosts
from tests.portal.captures.fake import FakeDesktop
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser

Login = Callable[[User], PortalClient]
ORIGIN = "http://127.0.0.1:8000"
FORM = {
    "mode": "desk",
    "start_url": "shop.example/goods?id=1",
    "title": "侵权页面",
    "resolution": "1366x768",
    "language": "en-US",
    "keyboard": "gb",
}


@pytest.fixture
def browser(login: Login, user: User) -> PortalClient:
    return login(user)


def order(browser: PortalClient, path: str, **more: object):  # type: ignore[no-untyped-def]
    """A request of the desktop's script."""
    headers = {"X-CSRFToken": browser.token("/captures/new"), "Origin": ORIGIN}
    headers |= more.pop("headers", {})  # type: ignore[call-overload]
    return browser.post(path, headers=headers, **more)


def test_from_the_form_to_the_deposit(
    browser: PortalClient, desk: FakeDesktop, drive: Drive, services: Services
) -> None:
    desk.goes_live = False
    asked = browser.submit("/captures/new", FORM)
    assert asked.status_code == 303
    address = asked.headers["Location"]
    drive()
    page = browser.get(address, headers={"Accept-Language": "zh"}).text
    for word in ("正在建立您的桌面", "网络", "屏幕", "录像", "浏览器", "清洁性", "键盘与鼠标"):
        assert word in page
    (session,) = desk.there.values()
    assert session.spec.start_url == "https://shop.example/goods?id=1"
    assert (session.spec.width, session.spec.language) == (1366, "en-US")
    desk.goes_live = True
    drive()
    moved = browser.get(f"{address}/progress")
    assert moved.headers["HX-Redirect"] == address
    assert browser.get(address).headers["Location"] == f"{address}/desktop"
    assert browser.submit(f"{address}/finish", page="/captures/new").status_code == 303
    drive()
    review = browser.get(address, headers={"Accept-Language": "en"}).text
    for word in ("Seal and deposit", "Filmstrip", "adblock 1.2", "shop.example", "合同.pdf"):
        assert word in review
    assert "&lt;b&gt;这里&lt;/b&gt;" in review  # a note is text, whatever stands in it
    assert "<b>这里" not in review
    sealed = browser.submit(f"{address}/seal", {"title": "标题", "note": ""}, page=address)
    item = browser.get(sealed.headers["Location"], headers={"Accept-Language": "en"}).text
    assert "data-player=" in item
    assert "captured here" not in item  # not before it is on the ledger
    while services.advance():
        pass
    item = browser.get(sealed.headers["Location"], headers={"Accept-Language": "en"}).text
    assert "captured here" in item
    assert browser.get(address).headers["Location"] == sealed.headers["Location"]


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("start_url", "file:///etc/passwd", "begins with http:// or https://"),
        ("start_url", "javascript:alert(1)", "begins with http:// or https://"),
        ("start_url", "https://a b/", "begins with http:// or https://"),
        ("resolution", "9x9", "not offered"),
        ("title", "x" * 201, "at most 200"),
        ("case", "nobody", "There is no such case"),
    ],
)
def test_what_does_not_fit_is_said_and_what_was_typed_stays(
    browser: PortalClient, field: str, text: str, said: str, desk: FakeDesktop
) -> None:
    answer = browser.submit("/captures/new?lang=en", FORM | {field: text, "purpose": "目的"})
    browser.post("/language", data={"csrf_token": browser.token("/captures/new"), "locale": "en"})
    answer = browser.submit("/captures/new", FORM | {field: text, "purpose": "目的"})
    assert answer.status_code in (404, 422)
    assert said in answer.text
    assert "目的" in answer.text
    assert not desk.there


def test_a_list_of_addresses_now_later_and_stopped(
    browser: PortalClient, services: Services, user: User, desk: FakeDesktop, drive: Drive
) -> None:
    urls = "https://a.example/\n\nhttps://b.example/x\nhttps://a.example/\n"
    form = FORM | {"mode": "list", "urls": urls, "seal_itself": "1"}
    now = browser.submit("/captures/new", form)
    drive()
    (session,) = desk.there.values()
    assert session.spec.urls == ("https://a.example/", "https://b.example/x")
    assert session.spec.start_url == ""
    assert browser.get(now.headers["Location"]).status_code == 200  # no desktop to sit at
    later = form | {"when": "later", "first_at": "2031-01-31T09:00", "every": "month"}
    assert browser.submit("/captures/new", later).headers["Location"] == "/captures#schedules"
    (schedule,) = services.captures.schedules.listing(acts(user))
    assert "2031-01-31 09:00" in browser.get("/captures").text
    browser.submit(f"/captures/schedules/{schedule.id}/stop", page="/captures")
    (schedule,) = services.captures.schedules.listing(acts(user))
    assert (schedule.state, schedule.next_at) == ("stopped", None)
    past = form | {"when": "later", "first_at": "2020-01-31T09:00"}
    assert browser.submit("/captures/new", past).status_code == 422
    nonsense = form | {"when": "later", "first_at": "tomorrow"}
    assert browser.submit("/captures/new", nonsense).status_code == 422


def test_switched_off_the_page_says_why(
    services: Services, settings, login, user: User, app
) -> None:  # type: ignore[no-untyped-def]
    app.extensions["notary"] = with_hosts(services, Hosts({}, "DESKTOPS is empty: name one."))
    browser = login(user)
    for path in ("/captures", "/captures/new"):
        page = browser.get(path, headers={"Accept-Language": "en"}).text
        assert "DESKTOPS is empty: name one." in page
        assert "Captures are switched off here." in page


def test_the_desktops_page_alone_may_reach_the_gateway(
    browser: PortalClient, live: Capture
) -> None:
    page = browser.get(f"/captures/{live.id}/desktop")
    policy = page.headers["Content-Security-Policy"]
    assert "connect-src 'self' ws://localhost:8001;" in policy
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "ws://" not in browser.get("/captures").headers["Content-Security-Policy"]
    assert " style=" not in page.text
    assert "<script>" not in page.text


def test_a_ticket_is_one_browsers_for_one_session(
    browser: PortalClient, live: Capture, user: User, services: Services
) -> None:
    tickets = Tickets(SECRET)
    answer = order(browser, f"/captures/{live.id}/ticket")
    made = answer.get_json()
    assert made["url"] == f"ws://127.0.0.1:8001/{live.session}"
    set_cookie = answer.headers["Set-Cookie"]
    for word in ("desk=", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in set_cookie
    cookie = set_cookie.partition("desk=")[2].partition(";")[0]
    redeem = {"session": live.session, "origin": ORIGIN, "cookie": cookie}
    for wrong in ({"session": "0" * 32}, {"origin": "http://evil.example"}, {"cookie": "x" * 40}):
        with pytest.raises(BadTicket):
            tickets.redeem(made["token"], **redeem | wrong)
    ticket = tickets.redeem(made["token"], **redeem)
    assert (ticket.user, ticket.role) == (user.id, Role.DRIVER)
    with pytest.raises(BadTicket):
        tickets.redeem(made["token"], **redeem)
    again = order(browser, f"/captures/{live.id}/ticket")
    assert cookie in again.headers["Set-Cookie"]  # the same browser keeps its secret
    with services.database.reading() as session:
        actions = [each.action for each in entries_for(session, live.subject)]
    assert actions.count("capture.used") == 1


def test_no_ticket_from_another_page_nor_after_the_end(
    browser: PortalClient, live: Capture, captures: CaptureService, user: User
) -> None:
    path = f"/captures/{live.id}/ticket"
    evil = order(browser, path, headers={"Origin": "http://evil.example"})
    assert evil.status_code == 422
    captures.live.finish(acts(user), live.id)
    assert order(browser, path).status_code == 409


def test_the_toolbars_orders_reach_the_session(
    browser: PortalClient, live: Capture, desk: FakeDesktop
) -> None:
    base, chinese = f"/captures/{live.id}", "汉字" * 100
    assert order(browser, f"{base}/still").get_json()["number"] == 1
    assert order(browser, f"{base}/page").get_json()["number"] == 1
    assert order(browser, f"{base}/mark", json={"note": "这里"}).status_code == 200
    assert order(browser, f"{base}/paste", json={"text": chinese}).get_json()["characters"] == 200
    assert order(browser, f"{base}/stay").status_code == 200
    data = bytes(range(256)) * 5000
    name = {"Upload-Name": "%E5%90%88%E5%90%8C.pdf"}
    sent = order(browser, f"{base}/upload", data=io.BytesIO(data), headers=name)
    assert sent.status_code == 200, sent.text
    done = [each for each in desk.there[live.session].commands if each[0] != "attest"]
    assert [name for name, _ in done[:5]] == ["still", "page", "mark", "paste", "activity"]
    assert done[2][1] == {"note": "这里"}
    assert done[3][1] == {"text": chinese}
    assert done[5] == ("upload_begin", {"name": "合同.pdf", "size": len(data)})
    assert [each[1]["offset"] for each in done if each[0] == "upload_piece"] == [0, 524288, 1048576]
    assert done[-1][0] == "upload_end"
    status = browser.get(f"{base}/status").get_json()
    assert (status["state"], status["clock"], status["input"]) == ("live", "0:09", True)


def test_what_cannot_be_done_is_a_clear_answer(
    browser: PortalClient, live: Capture, desk: FakeDesktop, services: Services
) -> None:
    base = f"/captures/{live.id}"
    assert order(browser, f"{base}/mark", json={"note": 7}).status_code == 422
    assert order(browser, f"{base}/mark", json={"note": "x" * 2001}).status_code == 422
    assert order(browser, f"{base}/paste", json={"text": "\x00"}).status_code == 422
    large = {"CONTENT_LENGTH": str(services.settings.capture_upload_bytes + 1)}
    name = {"Upload-Name": "x"}
    answer = order(browser, f"{base}/upload", headers=name, environ_overrides=large)
    assert answer.status_code == 413
    desk.errors["command"] = DeskUnavailable("nobody answers")
    assert order(browser, f"{base}/still").status_code == 503
    desk.errors["command"] = UnknownSession("gone")
    assert order(browser, f"{base}/still").status_code == 409
    desk.errors["observe"] = DeskUnavailable("nobody answers")
    assert browser.get(f"{base}/status").get_json()["silent"] is True
    assert browser.get(f"{base}/desktop").status_code == 200  # the session goes on without us


def test_strangers_find_nothing(
    login: Login, make_user: MakeUser, live: Capture, reviewed: Capture
) -> None:
    stranger = login(make_user())
    paths = ("", "/progress", "/desktop", "/status", "/events", "/shown/1", "/files/1")
    for path in (*paths, "/manifest.json"):
        assert stranger.get(f"/captures/{live.id}{path}").status_code == 404, path
    orders = ("ticket", "still", "page", "stay", "finish", "discard", "seal", "upload")
    for path in orders:
        answer = order(
            stranger, f"/captures/{live.id}/{path}", headers={"Upload-Name": "x"}, data=b"x"
        )
        assert answer.status_code == 404, path


def test_pictures_and_segments_are_shown_and_nothing_else(
    browser: PortalClient, reviewed: Capture, captures: CaptureService, services: Services
) -> None:
    files = {each.path: each for each in captures.shelves.files(reviewed)}
    base = f"/captures/{reviewed.id}"
    segment = files["recording/segment-000001.mp4"]
    whole = browser.get(f"{base}/shown/{segment.position}")
    assert whole.mimetype == "video/mp4"
    assert len(whole.data) == segment.size
    part = browser.get(f"{base}/shown/{segment.position}", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.data == whole.data[100:200]
    still = browser.get(f"{base}/shown/{files['stills/0001.png'].position}")
    assert still.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in still.headers["Content-Security-Policy"]
    mhtml = files["pages/0001/page.mhtml"].position
    assert browser.get(f"{base}/shown/{mhtml}").status_code == 404
    taken = browser.get(f"{base}/files/{mhtml}")
    assert taken.mimetype == "application/octet-stream"
    assert taken.headers["Content-Disposition"].startswith("attachment")
    assert browser.get(f"{base}/files/999").status_code == 404
    manifest = json.loads(browser.get(f"{base}/manifest.json").data)
    assert manifest["session"] == reviewed.session
    with services.database.reading() as session:
        actions = [each.action for each in entries_for(session, reviewed.subject)]
    assert actions.count("capture.viewed") == 1  # a player's requests are one look
    assert actions.count("capture.exported") == 2


def test_who_was_given_the_deposit_sees_how_it_was_made(
    login: Login,
    make_user: MakeUser,
    captures: CaptureService,
    services: Services,
    user: User,
    reviewed: Capture,
) -> None:
    friend, actor = make_user(), acts(user)
    deposit_id = captures.seal(actor, reviewed.id, Said("标题", ""))
    browser = login(friend)
    assert browser.get(f"/captures/{reviewed.id}/shown/1").status_code == 404
    services.organisations.grants.give(actor, deposit_id, friend.email, None)
    assert "data-player=" in browser.get(f"/deposits/{deposit_id}").text
    segment = next(
        f
        for f in captures.shelves.files(captures.get(actor, reviewed.id))
        if f.path.endswith(".mp4")
    )
    assert browser.get(f"/captures/{reviewed.id}/shown/{segment.position}").status_code == 200
    assert order(browser, f"/captures/{reviewed.id}/discard").status_code == 404


def test_operators_see_hosts_and_end_sessions(
    login_strong: Login, make_user: MakeUser, live: Capture, drive: Drive, reload
) -> None:  # type: ignore[no-untyped-def]
    operator = login_strong(make_user("operator"))
    page = operator.get("/operators/captures", headers={"Accept-Language": "en"}).text
    assert "fake:" in page
    assert live.session[:8] in page
    assert "张伟" in page
    ended = operator.submit(f"/operators/captures/{live.id}/end", page="/operators/captures")
    assert ended.status_code == 303
    drive()
    found = reload(live)
    assert (found.state, found.ended_by) == (CaptureState.REVIEW, "operator")
    assert (
        operator.get(f"/captures/{live.id}").status_code == 404
    )  # what was recorded is not theirs
