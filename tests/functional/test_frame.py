"""The frame around all pages: languages, menus, the way back."""

from __future__ import annotations

import pytest

from portal.accounts.models import User
from tests.functional.conftest import Page
from tests.portal.client import PortalClient


def test_language_follows_browser_then_choice(client: PortalClient) -> None:
    def language(**headers: str) -> str:
        return "en" if '<html lang="en"' in client.get("/", headers=headers).text else "zh"

    assert language() == "zh"
    assert language(**{"Accept-Language": "en-GB,en;q=0.9"}) == "en"
    assert language(**{"Accept-Language": "fr"}) == "zh"
    client.submit("/language", {"locale": "en"}, page="/signin")
    assert language(**{"Accept-Language": "zh-CN"}) == "en"
    client.submit("/language", {"locale": "xx"}, page="/signin")
    assert language() == "en"


@pytest.mark.parametrize(
    ("target", "where"),
    [
        ("/verify?n=1", "/verify?n=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("", "/"),
    ],
)
def test_switch_leads_back_and_never_away(client: PortalClient, target: str, where: str) -> None:
    answer = client.submit("/language", {"locale": "en", "next": target}, page="/signin")
    assert answer.status_code == 303
    assert answer.location == where


def test_switch_after_a_form_leads_back_to_the_form(client: PortalClient) -> None:
    answer = client.post("/verify/examine", headers={"Referer": "http://localhost/verify?n=1"})
    assert 'name="next" value="/verify?n=1"' in answer.text
    answer = client.post("/verify/examine", headers={"Referer": "http://evil.example//x"})
    assert 'name="next" value="/"' in answer.text


def test_landing_and_home(client: PortalClient, page: Page, user: User) -> None:
    assert "网页取证" in client.get("/").text
    address = page.deposit(title="On my first page")
    home = page.browser.get("/").text
    assert user.name in home
    assert 'href="/captures/new' in home
    assert "On my first page" in home
    assert address in home


def test_menus_offer_what_the_visitor_may_open(
    client: PortalClient, depositor: PortalClient
) -> None:
    assert 'href="/deposits"' not in client.get("/").text
    assert 'href="/deposits"' in depositor.get("/").text
    assert 'href="/audit"' not in depositor.get("/").text


def test_assets_change_their_address_with_their_content(client: PortalClient) -> None:
    page = client.get("/").text
    assert "/static/css/portal.css?v=" in page
    assert "v=missing" not in page
    assert client.get("/favicon.ico").status_code == 302


def test_nothing_inline(client: PortalClient, depositor: PortalClient) -> None:
    """The content security policy forbids it; a browser would drop it silently."""
    for browser, path in ((client, "/"), (client, "/verify"), (depositor, "/deposits/new")):
        text = browser.get(path).text
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick=" not in text
        assert "hx-on" not in text
