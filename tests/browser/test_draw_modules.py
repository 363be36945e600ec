"""The modules of draws in Chromium: worker, curves and key keeper under the portal's policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import Watch
from tests.lottery.js.node import STATIC, needs_node
from tests.lottery.js.pages import BLANK, made_in_node, served

pytestmark = [pytest.mark.browser, needs_node]

DRAW = "0b7c7a52-6a7e-4f0e-9d8e-3f1a2b4c5d6e"
_WHOLE = """
import { leavesOf, whole } from "DRAW";
process.stdout.write((await whole()).transcript);
"""
_LEAVES = 'import { leavesOf } from "DRAW"; process.stdout.write(leavesOf(20));'

_VERIFY = """([name, leaves]) => new Promise(async (resolve, reject) => {
  const transcript = await (await fetch(name)).arrayBuffer();
  const worker = new Worker("/js/draws/verify-worker.js", { type: "module" });
  const order = [];
  worker.onerror = (event) => reject(new Error(event.message));
  worker.onmessage = ({ data }) => {
    if (data.check) order.push(data.check.number);
    if (data.result) resolve({ order, ...data.result });
    if (data.error) reject(new Error(data.error));
  };
  worker.postMessage({ transcript, leaves }, [transcript]);
})"""

_KEEPER = """async ([act, ...rest]) => {
  const { Keeper } = await import("/js/draws/keeper.js");
  const words = { wrongKey: "Another key.", other: "There is another secret." };
  const told = (entry) => entry && { ...entry, master: [...entry.master].join() };
  try {
    const keeper = await Keeper.open(words);
    const found = await keeper[act](...rest);
    return found && found.master ? told(found) : found ?? null;
  } catch (error) {
    return { code: error.code || String(error), message: error.message };
  }
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("draw")
    right = made_in_node(_WHOLE, folder)
    bent = right.replace(b'"genuine"', b'"unclear"', 1)
    leaves = made_in_node(_LEAVES, folder)
    with served({"/right.json": right, "/bent.json": bent, "/leaves.bin": leaves}) as address:
        yield address


@pytest.fixture
def open_page(browser: Browser, watch: Watch, site: str) -> Iterator[Callable[[], Page]]:
    """A page of the site in a browser profile of its own."""
    contexts = []

    def open_one() -> Page:
        contexts.append(browser.new_context())
        watch.follow(contexts[-1])
        page = contexts[-1].new_page()
        page.goto(f"{site}/")
        return page

    yield open_one
    for context in contexts:
        context.close()


OpenPage = Callable[[], Page]


def test_a_worker_verifies_check_by_check(open_page: OpenPage, site: str) -> None:
    page = open_page()
    leaves = {"address": f"{site}/leaves.bin", "size": 640}
    found = page.evaluate(_VERIFY, ["/right.json", leaves])
    assert found["order"] == list(range(1, 23))
    assert found["outcome"] == "verified", found
    assert found["checks"][-1]["outcome"] == "passed"
    bent = page.evaluate(_VERIFY, ["/bent.json", None])
    assert bent["outcome"] == "refused"
    assert [each["key"] for each in bent["checks"] if each["outcome"] == "failed"] == [
        "step_signatures",
        "audit",
    ]


def keeper(page: Page, *arguments: Any) -> Any:
    return page.evaluate(_KEEPER, list(arguments))


def test_the_secret_stays_in_its_browser(open_page: OpenPage) -> None:
    page = open_page()
    assert keeper(page, "get", DRAW, "public") is None
    made = keeper(page, "make", DRAW, "public")
    page.reload()
    assert keeper(page, "make", DRAW, "public") == made
    assert keeper(page, "make", DRAW, "notary")["master"] != made["master"]
    file = keeper(page, "backup", DRAW, "public", "a long passphrase")
    assert file["name"] == "draw-0b7c7a52-public.key.json"
    assert keeper(page, "saved", DRAW, "public") is None
    assert keeper(page, "get", DRAW, "public") == {**made, "saved": True}

    party = {"draw": DRAW, "party": "public"}
    keeper(page, "forget", DRAW, "public")
    assert keeper(page, "get", DRAW, "public") is None
    assert keeper(page, "restore", file["text"], party, "wrong")["code"] == "wrongPassphrase"
    refused = keeper(
        page, "restore", file["text"], {**party, "key": "00" * 32}, "a long passphrase"
    )
    assert refused == {"code": "wrongKey", "message": "Another key."}
    assert keeper(page, "get", DRAW, "public") is None
    restored = keeper(page, "restore", file["text"], party, "a long passphrase")
    assert restored == {**made, "saved": True}


def test_another_secret_is_not_overwritten(open_page: OpenPage) -> None:
    first, second = open_page(), open_page()
    for page in (first, second):
        keeper(page, "make", DRAW, "public")
    party = {"draw": DRAW, "party": "public"}
    file = keeper(first, "backup", DRAW, "public")
    refused = keeper(second, "restore", file["text"], party)
    assert refused == {"code": "other", "message": "There is another secret."}


def test_without_a_secure_page_nothing_is_made(open_page: OpenPage) -> None:
    """Over plain http from another computer there is no WebCrypto; the keeper says so."""
    page = open_page()

    def answer(route: Route) -> None:
        path = route.request.url.partition("portal.test")[2]
        file = Path(f"{STATIC}{path}")
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        body = file.read_bytes() if path != "/" else BLANK
        route.fulfill(body=body, content_type=kind)

    page.route("http://portal.test/**", answer)
    page.goto("http://portal.test/")
    assert keeper(page, "make", DRAW, "public")["code"] == "insecure"
