"""Words, rules and files a desktop is made with."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from forensics.desktop import browser, firewall, layout, policy
from forensics.desktop.firewall import Reach
from forensics.desktop.interface import DesktopSpec
from forensics.desktop.sandbox import Sandbox, etc_binds
from forensics.desktop.slots import SLOTS, Slot
from forensics.environment.running import FORBIDDEN
from forensics.errors import InvalidSpec

SPEC = DesktopSpec("0123456789abcdef" * 2)


def test_the_browser_keeps_its_guards() -> None:
    words = browser.argv(SPEC, 9222)
    assert words[0] == "/usr/lib/chromium/chromium"
    assert "--disable-smooth-scrolling" in words
    assert "--lang=zh-CN" in words
    assert [word for word in words if word.startswith(FORBIDDEN)] == []
    english = browser.argv(replace(SPEC, language="en-US", width=1920, height=1080), 9223)
    assert {"--lang=en-US", "--window-size=1920,1080", "--remote-debugging-port=9223"} <= set(
        english
    )


def test_the_policy_closes_what_it_must() -> None:
    rules = json.loads(policy.policy_file(9222))
    for closed in ("file", "chrome", "devtools", "javascript"):
        assert f"{closed}://*" in rules["URLBlocklist"]
    assert "view-source:*" in rules["URLBlocklist"]
    assert "127.0.0.1:9222" in rules["URLBlocklist"]
    assert "127.0.0.1:9333" not in rules["URLBlocklist"]
    assert rules["DeveloperToolsAvailability"] == 1
    assert rules["DownloadDirectory"] == layout.DOWNLOADS_INSIDE
    assert (rules["BrowserSignin"], rules["SyncDisabled"]) == (0, True)
    assert rules["ExtensionInstallBlocklist"] == ["*"]
    for off in ("PasswordManagerEnabled", "MetricsReportingEnabled", "BackgroundModeEnabled"):
        assert rules[off] is False


def test_every_desktop_gets_its_own_etc(tmp_path: Path) -> None:
    files = browser.etc_files(9222, 61007, "127.0.0.1")
    digests = browser.lay_etc(tmp_path, files)
    assert digests.keys() == files.keys()
    assert (tmp_path / "resolv.conf").read_text().startswith("nameserver 127.0.0.1\n")
    assert "61007" in (tmp_path / "passwd").read_text()
    binds = etc_binds(tmp_path, list(files))
    assert all(path.is_file() for path in binds.values())
    assert "/etc/resolv.conf" not in browser.etc_files(9222, 61007, None)


def test_the_sandbox_shows_what_it_says(tmp_path: Path) -> None:
    box = Sandbox({"/etc/hosts": tmp_path}, {"/home/user": tmp_path}, {"/home/user/Up": tmp_path})
    words = box.argv(["/usr/bin/true"], {"HOME": "/home/user"})
    assert words[-2:] == ["--", "/usr/bin/true"]
    assert "--clearenv" in words
    assert {"--unshare-user", "--unshare-pid", "--unshare-uts"} <= set(words)
    mounts = box.mounts()
    assert mounts["/home/user"] is True
    assert mounts["/etc/hosts"] is mounts["/usr"] is mounts["/home/user/Up"] is False
    for point, path in (("/home", "/home"), ("/work", "/work"), ("/var", "/var"), ("/", "/")):
        assert f" --ro-bind {path} {point} " not in f" {' '.join(words)} "


def test_slots_share_nothing() -> None:
    slots = [Slot(number) for number in range(SLOTS)]
    for take in (
        lambda slot: [slot.uid, slot.keeper_uid, slot.resolver_uid],
        lambda slot: [slot.display],
        lambda slot: [slot.address, slot.host_address],
        lambda slot: [slot.name],
        lambda slot: [slot.link],
        lambda slot: [slot.log_group],
        lambda slot: [slot.cdp_port(False), slot.page_port(False)],
    ):
        found = [each for slot in slots for each in take(slot)]
        assert len(set(found)) == len(found)
    networks = [ipaddress.ip_network(slot.network) for slot in slots]
    assert all(each.subnet_of(ipaddress.ip_network("198.18.0.0/15")) for each in networks)
    assert max(len(slot.link) for slot in slots) <= 15


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.3.4", "172.31.255.255", "192.168.1.1", "127.0.0.1", "169.254.169.254",
        "100.100.100.200", "168.63.129.16", "198.18.3.1", "224.0.0.251", "255.255.255.255",
        "0.1.2.3", "192.0.0.192", "100.64.0.1",
    ],
)  # fmt: skip
def test_closed_addresses(address: str) -> None:
    ranges = map(ipaddress.ip_network, (*firewall.CLOSED, *firewall.CLOSED_HOSTS))
    assert any(ipaddress.ip_address(address) in each for each in ranges)


@pytest.mark.parametrize("address", ["1.1.1.1", "9.9.9.9", "172.32.0.1", "192.169.0.1"])
def test_open_addresses(address: str) -> None:
    ranges = map(ipaddress.ip_network, (*firewall.CLOSED, *firewall.CLOSED_HOSTS))
    assert not any(ipaddress.ip_address(address) in each for each in ranges)


def test_nothing_but_ranges_gets_into_the_rules() -> None:
    for wrong in ("10.0.0.0/8 } ; flush ruleset", "10.0.0.1/8", "fd00::/8", "host", ""):
        with pytest.raises(InvalidSpec):
            Reach(allow=(wrong,))
        with pytest.raises(InvalidSpec):
            Reach(deny=(wrong,))


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("nft"), reason="needs root and nft")
def test_nft_takes_the_rules() -> None:
    slot = Slot(SLOTS - 1)
    for text in (
        firewall.rules(slot, Reach()),
        firewall.rules(slot, Reach(("10.1.0.0/16", "10.9.9.9"), ("203.0.113.0/24", "8.8.8.8"))),
        firewall.guard_rules(),
    ):
        done = subprocess.run(["nft", "-c", "-f", "-"], input=text, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
    assert not firewall.exists(firewall.table(slot))


def test_names_of_evidence() -> None:
    assert layout.segment(1) == "recording/segment-000001.mp4"
    assert layout.token(12) == "recording/tokens/0012.tsr"
    assert layout.still(3) == "stills/0003.png"
    assert layout.page(4) == "pages/0004"
