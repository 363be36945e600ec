"""The ledger's pages."""

from __future__ import annotations

import re

import pytest

from tests.functional.conftest import Advance, Page
from tests.functional.test_deposit_pages import text_of
from tests.portal.client import PortalClient


def test_empty_ledger(client: PortalClient) -> None:
    client.submit("/language", {"locale": "en"}, page="/signin")
    assert "The first deposit will be entry 0." in client.get("/explorer").text
    assert client.get("/explorer/0").status_code == 404


def test_entries_newest_first_in_pages(page: Page, advance: Advance, client: PortalClient) -> None:
    client.submit("/language", {"locale": "en"}, page="/signin")
    for _ in range(27):
        page.deposit()
    advance()
    first = client.get("/explorer").text
    assert re.findall(r">Entry (\d+)<", first) == [str(index) for index in range(26, 1, -1)]
    second = client.get("/explorer?before=2").text
    assert re.findall(r">Entry (\d+)<", second) == ["1", "0"]
    shown = text_of(client.get("/explorer/13").text)
    assert "This entry is in the ledger." in shown
    assert "Root, as signed" in shown


@pytest.mark.parametrize("before", ["-1", "0", "99999999999999999999", "x"])
def test_odd_pages(client: PortalClient, before: str) -> None:
    assert client.get(f"/explorer?before={before}").status_code == 200


@pytest.mark.parametrize("index", ["99999999999999999999999", "-1", "x"])
def test_no_such_entry(client: PortalClient, index: str) -> None:
    assert client.get(f"/explorer/{index}").status_code == 404
