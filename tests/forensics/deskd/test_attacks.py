"""What somebody who has the desktop's browser in hand may try: all of it from inside."""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from forensics.desktop.interface import Limits, Phase
from tests.forensics.deskd.conftest import new_session
from tests.forensics.deskd.service import Live, Service
from tests.forensics.deskd.site import Site
from tests.waiting import wait_for

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

_ANY = "0.0.0.0"  # noqa: S104 - whatever address the host has
#: Opens a page through DevTools inside the desktop's network; prints the error, address and text.
_VISIT = """
import json, sys, time, urllib.request
from websockets.sync.client import connect
def ask(path, method="GET"):
    request = urllib.request.Request("http://127.0.0.1:9222" + path, method=method)
    return json.load(urllib.request.urlopen(request, timeout=60))
tab = ask("/json/new?about:blank", "PUT")
with connect(tab["webSocketDebuggerUrl"], max_size=None, open_timeout=60) as channel:
    def call(number, method, **parameters):
        channel.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(channel.recv(timeout=60))
            if answer.get("id") == number:
                return answer.get("result") or answer
    said = call(1, "Page.navigate", url=sys.argv[1])
    look = "location.href + ' ' + document.body.innerText"
    there = "location.href != 'about:blank' && document.readyState == 'complete' && document.body"
    error, text, deadline = said.get("errorText", ""), "", time.monotonic() + 10
    time.sleep(0.7)
    while not text and time.monotonic() < deadline:
        seen = call(2, "Runtime.evaluate", expression=look if error else f"{there} ? {look} : ''")
        text = seen.get("result", {}).get("value", "")
        if error:
            break
        time.sleep(0.1)
    call(3, "Page.close")
print(json.dumps([error, text]))
"""


def visit(live: Live, url: str) -> tuple[str, str]:
    """The browser's error and what stands on the page."""
    done = live.in_network(sys.executable, "-c", _VISIT, url)
    assert done.returncode == 0, done.stderr
    error, text = json.loads(done.stdout)
    return error, text


def ask_screen(live: Live, words: str) -> list[str]:
    where = f"DISPLAY=:{live.slot.display} XAUTHORITY=/run/xauthority"
    return live.inside(f"{where} xdotool {words}").stdout.split()


def press(live: Live, *keys: str) -> None:
    words = f"DISPLAY=:{live.slot.display} XAUTHORITY=/run/xauthority xdotool {' '.join(keys)}"
    done = live.inside(words if len(keys) > 1 else words.replace("xdotool", "xdotool key"))
    assert done.returncode == 0, done.stderr


def type_address(live: Live, text: str) -> None:
    press(live, "key", "ctrl+l")
    press(live, "type", "--delay", "5", f'"{text}"')
    press(live, "Return")


def titles(live: Live) -> list[str]:
    """Of all the browser's windows and pages."""
    done = live.in_network("curl", "-sf", "http://127.0.0.1:9222/json/list")
    return [each["title"] for each in json.loads(done.stdout)]


def reaches(live: Live, address: str, port: int, seconds: int = 2) -> bool:
    """Whether the desktop's user opens a TCP connection there."""
    done = live.inside(f"timeout {seconds} bash -c 'exec 3<>/dev/tcp/{address}/{port}'")
    assert "syntax" not in done.stderr
    return done.returncode == 0


@pytest.fixture(scope="module")
def portal() -> Iterator[int]:
    """Something of the host that listens on every address, as a portal might."""
    server = http.server.ThreadingHTTPServer((_ANY, 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def host_addresses() -> list[str]:
    addresses = [each for found in psutil.net_if_addrs().values() for each in found]
    return [each.address for each in addresses if each.family == socket.AF_INET]


def test_the_site_that_is_allowed_is_reached(live: Live, the_site: Site) -> None:
    """The control of all that follows: the way out works."""
    assert reaches(live, the_site.address, 80, seconds=15)
    error, text = visit(live, "http://shop.example/")
    assert (error, "the site" in text) == ("", True)


def test_the_host_is_unreachable_by_any_address(live: Live, portal: int) -> None:
    addresses = host_addresses()
    assert "127.0.0.1" in addresses
    assert any(not each.startswith(("127.", "198.18.")) for each in addresses)
    assert live.slot.host_address in addresses
    assert [each for each in addresses if reaches(live, each, portal)] == []


def test_private_and_metadata_addresses_are_unreachable(live: Live, the_site: Site) -> None:
    for address in (the_site.private, the_site.link_local):
        assert _host_reaches(address), "the control: the host itself reaches it"
        assert not reaches(live, address, 80)


def test_there_is_no_ipv6(live: Live) -> None:
    done = live.inside("cat /proc/net/if_inet6; cat /proc/net/ipv6_route")
    assert "eth0" not in done.stdout
    assert not reaches(live, "fd00::1", 80)


def test_names_are_asked_of_our_server_alone(live: Live, the_site: Site) -> None:
    assert reaches(live, "127.0.0.1", 53, seconds=15)
    ask = "exec 3<>/dev/udp/{}/53; printf x >&3; timeout 1 cat <&3 | wc -c"
    assert live.inside(ask.format(the_site.private)).stdout.strip() in {"", "0"}
    assert not reaches(live, the_site.private, 53)
    lines = [json.loads(line) for line in live.folder.dns_log.read_text().splitlines()]
    asked = wait_for(
        lambda: [each for each in lines if each["name"] == "shop.example"] or _asked(live),
        "the question is in the log",
    )
    assert asked[0]["answers"] == [f"A {the_site.address}"]


def _asked(live: Live) -> list[dict[str, object]]:
    visit(live, "http://shop.example/")
    lines = [json.loads(line) for line in live.folder.dns_log.read_text().splitlines()]
    return [each for each in lines if each["name"] == "shop.example"]


def test_nothing_is_asked_for_that_nobody_asked_for(live: Live) -> None:
    """No sign-in, no updates, no measurements: whatever the browser likes to do by itself."""
    _asked(live)
    lines = live.folder.dns_log.read_text().splitlines()
    assert {json.loads(line)["name"] for line in lines} == {"shop.example"}


def test_connections_stand_in_the_log(live: Live, the_site: Site) -> None:
    reaches(live, the_site.address, 80, seconds=15)
    reaches(live, the_site.private, 8080)

    def logged() -> set[tuple[str, str, int]]:
        lines = [json.loads(line) for line in live.folder.egress_log.read_text().splitlines()]
        return {(each["verdict"], each["to"], each["port"]) for each in lines}

    wanted = {("opened", the_site.address, 80), ("refused", the_site.private, 8080)}
    wait_for(lambda: wanted <= logged(), "both are logged")


def test_other_desktops_are_unreachable(service: Service, live: Live) -> None:
    other = service.live(new_session())
    try:
        assert not reaches(live, other.slot.address, 9222)
        assert not reaches(live, other.slot.address, 22)
        assert live.inside(f"ls {other.folder.path}").returncode != 0
        own, foreign = live.inside("ls /tmp/.X11-unix").stdout.split(), other.slot.display
        assert own == [f"X{live.slot.display}"]
        assert f"X{foreign}" not in own
    finally:
        service.client.destroy(other.session)


def test_evidence_and_the_hosts_files_are_not_there(live: Live) -> None:
    for path in (live.folder.evidence, live.folder.run, live.folder.spec, "/root", "/work", "/var"):
        assert live.inside(f"ls -d {path}").returncode != 0, path
    assert live.inside("cat /etc/shadow /etc/ssh/sshd_config").returncode != 0
    assert live.inside("ls /usr/local").stdout == ""
    assert live.inside("cat /etc/passwd").stdout.count("\n") == 1
    assert live.inside("cat /proc/1/cmdline").stdout.startswith("/usr/bin/bwrap")
    for path in ("/usr/x", "/etc/x", "/x", "/home/user/Uploads/x", "/run/x"):
        assert live.inside(f"echo > {path}").returncode != 0, path


def test_the_desktops_user_gains_nothing(live: Live) -> None:
    status = live.inside("grep -E '^(NoNewPrivs|CapPrm|CapEff|Uid)' /proc/self/status").stdout
    fields = dict(line.split(":", 1) for line in status.splitlines())
    assert fields["NoNewPrivs"].strip() in {"0", "1"}
    assert int(fields["CapEff"], 16) == 0
    assert live.inside("mount -t tmpfs none /home/user").returncode != 0


def test_the_browser_keeps_its_own_sandbox(live: Live) -> None:
    """No flag switches it off, and a page's process has a user namespace and a system call filter
    of its own."""
    lines = {pid: _cmdline(pid) for pid in live.found("/usr/lib/chromium/chromium")}
    assert not any("--no-sandbox" in line for line in lines.values())
    page = next(pid for pid, line in lines.items() if "--type=renderer" in line)
    proc = Path("/proc")
    assert "Seccomp:\t2" in (proc / str(page) / "status").read_text()
    users = [(proc / str(pid) / "ns/user").readlink() for pid in (page, live.browser())]
    assert users[0] != users[1]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "chrome://settings",
        "chrome://version",
        "devtools://devtools/bundled/inspector.html",
        "view-source:http://shop.example/",
        "data:text/html,hello",
        "chrome-untrusted://print/",
        "http://127.0.0.1:9222/json/version",
        "http://localhost:9222/json",
    ],
)
def test_closed_addresses(live: Live, url: str) -> None:
    error, text = visit(live, url)
    assert "BLOCKED_BY_ADMINISTRATOR" in error or "BLOCKED_BY_ADMINISTRATOR" in text, (error, text)


@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is not installed")
@pytest.mark.parametrize(
    ("typed", "opened"),
    [
        ("javascript:document.title='taken'", ("taken",)),
        ("chrome://settings", ("Settings", "设置")),
        ("file:///etc/", ("Index of", "/etc")),
    ],
)
def test_what_is_typed_as_an_address_is_closed_too(
    live: Live, typed: str, opened: tuple[str, ...]
) -> None:
    type_address(live, "http://shop.example/")
    wait_for(lambda: "the site" in titles(live), "the control: a page by typing its address")
    type_address(live, typed)
    time.sleep(2)
    assert not [each for each in titles(live) if each.startswith(opened)]


@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is not installed")
def test_a_minimised_window_comes_back(live: Live) -> None:
    shown = "search --onlyvisible --class chromium"
    press(live, "getactivewindow", "windowminimize")
    wait_for(lambda: not ask_screen(live, shown), "the window is gone")
    press(live, "mousemove", "600", "400", "click", "1")
    wait_for(lambda: ask_screen(live, shown), "the window is back")


@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is not installed")
def test_f12_stays_shut(live: Live) -> None:
    before = titles(live)
    press(live, "F12")
    press(live, "ctrl+shift+i")
    time.sleep(2)
    assert not [each for each in titles(live) if "DevTools" in each]
    assert before


def test_a_fork_bomb_stays_inside(service: Service) -> None:
    live = service.live(new_session(), limits=Limits(processes=100))
    try:
        live.inside("timeout -s KILL 4 bash -c 'f() { f | f & }; f; sleep 4'; true", 60)
        groups = [each for each in live.groups() if "pids" in str(each)]
        limit = int((groups[0] / "pids.max").read_text())
        assert limit == 400
        assert int((groups[0] / "pids.current").read_text()) <= limit
        assert live.look().phase is Phase.LIVE
        wait_for(lambda: live.events("limit"), "the event log knows")
    finally:
        service.client.destroy(live.session)
    assert service.client.probe().available


def test_a_download_of_50_gigabytes_stays_inside(service: Service, the_site: Site) -> None:
    live = service.live(new_session(), limits=Limits(disk_bytes=128 << 20))
    try:
        visit(live, f"http://{the_site.address}/endless")

        def taken() -> int:
            return live.folder.disk_image.stat().st_blocks * 512

        # The browser gives up and deletes what it has; the image remembers how far it came.
        wait_for(lambda: taken() > 100 << 20, "the disk of the desktop has been full", 60)

        def noted() -> list[dict[str, object]]:
            # Appended: what the browser has deleted meanwhile is filled again.
            done = live.inside("head -c 50G /dev/zero >> ~/Downloads/big; stat -c %s ~/Downloads/*")
            assert "No space left" in done.stderr
            assert sum(map(int, done.stdout.split())) < 128 << 20
            assert taken() <= 130 << 20
            return live.events("limit")

        wait_for(noted, "the event log knows")
        wait_for(lambda: live.look().recording, "the recording goes on")
        assert live.look().phase is Phase.LIVE
    finally:
        service.client.destroy(live.session)


def _cmdline(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _host_reaches(address: str) -> bool:
    words = ["timeout", "15", "bash", "-c", f"exec 3<>/dev/tcp/{address}/80"]
    return subprocess.run(words, capture_output=True).returncode == 0
