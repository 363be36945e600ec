"""A ledger that a consortium keeps: four deposit nodes as four processes, an EVM chain, and members
who govern themselves. One story, as its parties live it in their browsers."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.request
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chain_adapter import Digest, Entry, Receipt, Signature
from chain_adapter.supplement import Supplement
from portal.keyring import Keyring
from portal.settings import Environment, Settings
from scripts import rehearse_nodes
from tests.browser.acts import deposit, download, drop, wait_for_letter
from tests.browser.conftest import OpenPage, Watch
from tests.browser.office import until
from tests.browser.server import LivePortal, live_portal
from tests.browser.test_signing import entry_in, make_key, verified_offline
from tests.chain_adapter.consortium.people import authorities, regulators, rule
from tests.chain_adapter.evm.anvil import Anvil
from tests.chain_adapter.evm.chain import configure, deploy
from tests.ports import free_ports
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

_NODES = ("node-a.example", "node-b.example", "node-c.example", "node-d.example")
#: Long enough for a busy machine, seconds.
_PATIENCE = 90
_MESSAGE = re.compile(r"/consortium/messages/[0-9a-f]{64}")
Keep = Callable[[Page, str], None]
MakeFile = Callable[[str, bytes], Path]


@dataclass
class Consortium:
    """``running`` are the nodes' processes by name; ``keys`` the files of its offices' keys."""

    settings: Settings
    ports: dict[str, int]
    keys: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        self.running[name] = rehearse_nodes.start(self.settings, name)
        wait_for(lambda: self._answers(name), f"{name} answers")

    def _answers(self, name: str) -> bool:
        with suppress(OSError):
            asked(f"http://127.0.0.1:{self.ports[name]}/healthz")
            return True
        return False

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with Anvil.start(block_time=1) as node:
        yield node


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory, chain: Anvil
) -> Iterator[tuple[LivePortal, Consortium]]:
    folder = tmp_path_factory.mktemp("consortium")
    offices = folder / "offices"
    offices.mkdir()
    for name, keys in (("authority", authorities()), ("regulator", regulators())):
        for place, key in enumerate(keys):
            key.save(offices / f"{name}-{place}.key")
    made: list[Consortium] = []

    def prepare(portal: LivePortal) -> dict[str, str]:
        settings = Settings(
            _env_file=None,
            data_dir=portal.data_dir,
            base_url=portal.url,
            environment=Environment.TEST,
        )
        ports = free_ports(len(_NODES))
        watched = rehearse_nodes.make(settings, ports, need=3)
        anchored = configure(portal.data_dir, chain, deploy(chain))
        path = folder / "rule.json"
        path.write_bytes(rule(platforms=()).to_json())
        made.append(Consortium(settings, dict(zip(_NODES, ports, strict=True)), offices))
        return {
            "LEDGERS": f"{watched} {anchored}",
            "LEDGERS_REQUIRED": "2",
            "CONSORTIUM_RULE": str(path),
        }

    with live_portal(folder, prepare) as running:
        (consortium,) = made
        try:
            for name in _NODES:
                consortium.start(name)
            yield running, consortium
        finally:
            for process in consortium.running.values():
                process.kill()
                process.wait()


@pytest.fixture
def portal(started: tuple[LivePortal, Consortium]) -> LivePortal:
    return started[0]


@pytest.fixture
def consortium(started: tuple[LivePortal, Consortium]) -> Consortium:
    return started[1]


def test_a_member_deposits_waits_for_nodes_and_is_excluded(
    consortium: Consortium,
    portal: LivePortal,
    register: Callable[..., Page],
    open_page: OpenPage,
    make_file: MakeFile,
    tmp_path: Path,
    keep: Keep,
    watch: Watch,
) -> None:
    watch.expect("status of 403")  # what the consortium does not permit
    member = register("李娜")
    _, key_id = make_key(member, tmp_path)

    # Nobody's deposit is taken before three authorities have vouched for its key.
    refused(member, make_file("early.txt", b"too early"), keep, "1-not-yet-a-member")
    application = apply_for_membership(member, key_id, tmp_path)
    office = register("王磊")
    for place in range(3):
        sign_message(office, application, consortium.keys / f"authority-{place}.key")
    wait_until_recorded(office)
    keep(office, "2-admitted")

    # Its own key, three of four nodes, one transaction.
    consortium.kill("node-d.example")
    deposit(member, make_file("证据.txt", b"pay 100 to A"), "Own key")
    wait_for_letter(member, seconds=_PATIENCE)
    keep(member, "3-item")
    package = download(member, "/package", tmp_path)
    letter = download(member, "/letter", tmp_path)
    text = text_of(letter)
    assert entry_in(package).by == key_id
    assert "3of4depositnodes" in text
    for name in _NODES[:3]:
        assert name in text
    assert transaction_in(package) in text
    assert key_id in verified_offline(package, tmp_path)

    # Two are down: the next letter waits, says for whom, and completes by itself.
    consortium.kill("node-c.example")
    deposit(member, make_file("second.txt", b"second"), "Second")
    for name in _NODES[2:]:
        expect(member.locator("main")).to_contain_text(name, timeout=_PATIENCE * 1000)
    keep(member, "4-waits")
    picture = open_page("/nodes")
    expect(picture.locator("main")).to_contain_text("node-d.example")
    keep(picture, "5-nodes-down")
    for name in _NODES[2:]:
        consortium.start(name)
    wait_for_letter(member, seconds=_PATIENCE)
    picture.reload()
    keep(picture, "6-nodes")

    # Three of five regulators exclude the member; the portal refuses, and so does every node.
    blacklist(office, consortium, keep)
    office.goto("/consortium")
    keep(office, "9-blacklisted")
    narrow = {"viewport": {"width": 390, "height": 844}, "locale": "zh-CN"}
    keep(open_page("/consortium", **narrow), "9-blacklisted-phone")
    keep(open_page("/nodes", **narrow), "6-nodes-phone")
    refused(member, make_file("late.txt", b"too late"), keep, "10-refused")
    for name in _NODES:
        said = past_the_portal(consortium, portal, name, key_id)
        assert (said["ok"], said["step"]) == (False, 2)
        assert "blacklisted" in said["detail"]


def refused(page: Page, path: Path, keep: Keep, name: str) -> None:
    """The portal does not take the file, says why, and what was typed is still there."""
    page.goto("/deposits/new")
    drop(page, ".drop", path)
    expect(page.locator("[data-part=digest]")).not_to_be_empty()
    page.fill("[name=title]", "Title that stays")
    page.click("[data-part=submit]")
    expect(page.get_by_role("alert").filter(visible=True).first).to_contain_text("consortium")
    expect(page.locator("[name=title]")).to_have_value("Title that stays")
    keep(page, name)
    # The file is still there as well; it is taken away again, so that the form is empty.
    page.locator("[data-part=other]").filter(visible=True).click()
    expect(page.locator(".drop")).to_be_visible()


def apply_for_membership(page: Page, key_id: str, folder: Path) -> str:
    """Fill in the application and sign it with a new account key; where it is shown."""
    page.goto("/consortium/join")
    with page.expect_download() as waiting:
        page.click("[data-part=make]")
    account = folder / "account.key"
    waiting.value.save_as(account)
    page.fill("[name=name]", "李娜")
    page.fill("[name=number]", "11010519491231002X")
    page.fill("[name=key_id]", key_id)
    page.locator("[data-part=key]").set_input_files(account)
    page.locator("form[data-consortium=register] button.btn-primary").click()
    page.wait_for_url(_MESSAGE)
    return page.url


def blacklist(page: Page, consortium: Consortium, keep: Keep) -> None:
    """One regulator begins, two more sign."""
    page.goto("/consortium")
    page.locator("ul.rows a.row-item").first.click()
    form = page.locator("form[data-consortium=act]")
    form.locator("[name=method]").select_option("blacklist")
    form.locator("[name=reason]").fill("forged an identity document")
    form.locator("[data-part=key]").set_input_files(consortium.keys / "regulator-0.key")
    form.locator("button.btn-primary, button.btn-danger").first.click()
    page.wait_for_url(_MESSAGE)
    keep(page, "7-one-of-three")
    message = page.url
    for place in (1, 2):
        sign_message(page, message, consortium.keys / f"regulator-{place}.key")
    wait_until_recorded(page)
    keep(page, "8-three-of-five")


def sign_message(page: Page, url: str, key: Path) -> None:
    page.goto(url)
    form = page.locator("form[data-consortium=cosign]")
    form.locator("[data-part=key]").set_input_files(key)
    with page.expect_navigation():
        form.locator("button.btn-primary").click()


def wait_until_recorded(page: Page) -> None:
    """The message reaches the ledger while one looks again now and then."""
    until(page, lambda: page.locator(".state", has_text="On the ledger").count())


def text_of(pdf: Path) -> str:
    done = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def transaction_in(package: Path) -> str:
    """The hash of the transaction that the second ledger's receipt tells of, hexadecimal."""
    with zipfile.ZipFile(package) as archive:
        receipt = Receipt.from_json(archive.read("ledger/2/receipt.json"))
    assert receipt.scheme == "evm"
    (line,) = [each for each in receipt.checkpoint.splitlines() if each.startswith("transaction ")]
    return line.removeprefix("transaction ")


def past_the_portal(
    consortium: Consortium, portal: LivePortal, node: str, by: str
) -> dict[str, Any]:
    """What a node says when a platform that does not care hands in an entry of that member. Who may
    not, may not whatever the signature is: it is not even looked at."""
    platform = Keyring(portal.data_dir / "keys", None).entry_key()
    entry = Entry(
        kind="deposit",
        id=f"past-{node}",
        digests=(Digest("sha256", bytes(32)),),
        token=bytes(32),
        meta=bytes(32),
        by=by,
        platform=platform.key_id,
        signatures=(Signature("depositor", by, "ed25519", bytes(64)),),
    )
    item = {
        "entry": b64encode(platform.sign(entry).encode()).decode(),
        "supplement": Supplement(b"no token").to_object(),
    }
    origin = asked(f"{portal.url}/ledger/key").decode().partition("+")[0]
    body = json.dumps({"origin": origin, "items": [item]}).encode()
    answer = json.loads(asked(f"http://127.0.0.1:{consortium.ports[node]}/examine", body))
    found: dict[str, Any] = answer["items"][0]
    return found


def asked(url: str, body: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: bytes = answer.read()
    return found
