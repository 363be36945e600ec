"""What every answer tells the browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from portal.accounts.models import User
from portal.app import create_app
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings, MakeUser

PAGES = ["/", "/signin", "/register", "/nowhere", "/account", "/account/keys", "/account/password"]
PAGES += ["/audit", "/api/nowhere", "/healthz", "/ledger/checkpoint"]


@pytest.fixture
def everybody(login: Callable[[User], PortalClient], make_user: MakeUser) -> PortalClient:
    return login(make_user("administrator", "auditor"))


@pytest.mark.parametrize("page", PAGES)
def test_the_policy_is_strict_everywhere(everybody: PortalClient, page: str) -> None:
    headers = everybody.get(page).headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"].upper() == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    names = [name.lower() for name, _ in headers if name != "Set-Cookie"]
    assert len(names) == len(set(names)), "each is said once"


@pytest.mark.parametrize("page", PAGES[:8])
def test_pages_keep_to_the_policy(everybody: PortalClient, page: str) -> None:
    """No inline script, no inline style, no handler: the browser would refuse them."""
    text = everybody.get(page, follow_redirects=True).text
    assert not re.search(r'<script(?![^>]*(\bsrc=|type="application/json"))', text)
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|hx-on", text)
    # Nothing is loaded from elsewhere; a link that a person follows may lead there.
    assert not re.search(r'(?:src|<(?:link|use)\b[^>]*href)="(?:https?:)?//', text)


def test_what_belongs_to_a_person_is_not_kept(everybody: PortalClient) -> None:
    assert everybody.get("/account").headers["Cache-Control"] == "private, no-store"


def test_transport_security_over_https_only(
    client: PortalClient, make_settings: MakeSettings, services: Services
) -> None:
    assert "Strict-Transport-Security" not in client.get("/signin").headers
    app = create_app(make_settings(base_url="https://notary.example"), services)
    assert (
        "max-age=31536000" in app.test_client().get("/signin").headers["Strict-Transport-Security"]
    )


def test_only_addresses_that_name_the_content_are_kept(client: PortalClient) -> None:
    """Modules import each other by plain names: an old one kept for a year would stay for ever."""
    named = client.get("/static/js/deposit.js?v=0123456789")
    assert "max-age=31536000" in named.headers["Cache-Control"]
    plain = client.get("/static/js/deposit.js")
    assert plain.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/js/deposit.js", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304
