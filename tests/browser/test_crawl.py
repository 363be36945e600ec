"""Every page that a link leads to, for everybody: it answers, is accessible, and fits a telephone.

A crawler follows the links of the portal itself, one page for each kind of address, so that a page
added tomorrow is looked at without being named here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page

from tests.browser.acts import deposit, wait_for_letter
from tests.browser.conftest import OpenPage
from tests.browser.server import LivePortal
from tests.browser.test_pages import axe_violations, has_sideways_scroll

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|\bNE\d{8}-\w{8}\b|\b\d+\b", re.IGNORECASE
)
_MOST = 120
_TELEPHONE = {"width": 390, "height": 800}
_DESK = {"width": 1280, "height": 800}


def crawl(page: Page, *starts: str) -> Iterator[str]:
    """Open one page for each kind of address that links lead to; yields its path."""
    waiting, seen = list(starts), set()
    while waiting and len(seen) < _MOST:
        path = waiting.pop(0)
        kind = _ID.sub("*", path.split("?")[0])
        if kind in seen:
            continue
        seen.add(kind)
        if _is_page(page, path):
            waiting += _links(page)
            yield path


def _is_page(page: Page, path: str) -> bool:
    """Open it, unless it is a file."""
    try:
        answer = page.goto(path)
    except Error as error:
        if "Download is starting" not in error.message:
            raise
        return False  # what is refused would be a page that says so
    assert answer is not None, path
    assert answer.status < 400, f"{path} answers {answer.status}"
    return answer.headers.get("content-type", "").startswith("text/html")


def _links(page: Page) -> list[str]:
    here = urlsplit(page.url).netloc
    found = page.eval_on_selector_all("a[href]:not([download])", "all => all.map(a => a.href)")
    parts = [urlsplit(address) for address in found]
    return [
        each.path + (f"?{each.query}" if each.query else "")
        for each in parts
        if each.netloc == here and not each.path.startswith(("/static/", "/signout"))
    ]


def examine(page: Page, *starts: str) -> tuple[list[str], list[str]]:
    """The pages seen, and what is wrong with them."""
    seen, wrong = [], []
    for path in crawl(page, *starts):
        seen.append(path)
        wrong += axe_violations(page)
        page.set_viewport_size(_TELEPHONE)
        if has_sideways_scroll(page):
            wrong.append(f"{path} scrolls sideways on a telephone")
        page.set_viewport_size(_DESK)
    return seen, wrong


@pytest.mark.parametrize("locale", [pytest.param("zh-CN", marks=pytest.mark.soak), "en-US"])
def test_a_strangers_pages(open_page: OpenPage, locale: str) -> None:
    seen, wrong = examine(open_page("/", locale=locale), "/")
    assert {"/", "/verify", "/explorer", "/signin", "/register"} <= set(seen)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("locale", "scheme"),
    [("zh-CN", "dark"), pytest.param("en-US", "light", marks=pytest.mark.soak)],
)
def test_a_depositors_pages(
    register: Callable[..., Page],
    make_file: Callable[[str, bytes], Path],
    locale: str,
    scheme: str,
) -> None:
    page = register(locale=locale, color_scheme=scheme, reduced_motion="reduce")
    deposit(page, make_file("证据.txt", locale.encode()), title="每一页 <b>")
    wait_for_letter(page)
    seen, wrong = examine(page, "/", urlsplit(page.url).path)
    assert {"/deposits", "/account"} <= set(seen)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("locale", ["zh-CN", pytest.param("en-US", marks=pytest.mark.soak)])
def test_the_offices_pages(
    sign_in_staff: Callable[..., Page], portal: LivePortal, locale: str
) -> None:
    page = sign_in_staff(locale=locale)
    seen, wrong = examine(page, "/")
    assert {"/audit", "/operators"} <= {path.split("?")[0] for path in seen}
    assert not wrong, "\n".join(wrong)
