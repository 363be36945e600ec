"""Every check passes on a clean sandbox, and fails on the fault planted for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from chain_adapter.verdict import Outcome
from forensics.environment import CHECKS, Attested, Mount, Result, Target, examine
from forensics.environment.clock import ask_ntp
from forensics.environment.networked import mapped_address
from tests.forensics.environment.sandbox import POLICY, PROFILE, PYTHON, Plan, sandbox

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to look into other namespaces"),
    pytest.mark.skipif(not shutil.which("bwrap"), reason="needs bubblewrap"),
]


def results(target: Target) -> dict[str, Result]:
    found = examine(target, seconds=60)
    assert [each.name for each in found] == list(CHECKS)
    return {each.name: each for each in found}


def database(statements: str, path: Path) -> bytes:
    connection = sqlite3.connect(path)
    connection.executescript(statements)
    connection.close()
    return path.read_bytes()


CLEAN = (
    "namespaces", "processes", "browser", "browser-version", "flags", "variables", "libraries",
    "policies", "profile", "extensions", "user-certificates", "root-store", "hosts", "resolver",
    "proxy", "listeners", "mounts", "host",
)  # fmt: skip


def test_a_clean_sandbox_passes(tmp_path: Path) -> None:
    with sandbox(tmp_path) as target:
        found = results(target)
    assert {name: found[name].reason for name in CLEAN if not _passed(found[name])} == {}
    # What was not given cannot have been compared, and does not pass.
    for name in ("image", "packages", "routes", "clock-tsa", "clock-ntp"):
        assert found[name].outcome is Outcome.UNKNOWN


def _passed(result: Result) -> bool:
    return result.outcome is Outcome.PASS


_ENDLESS = (
    r"CREATE VIEW \1 AS WITH RECURSIVE n(url, a0) AS (SELECT 'http://x', x'00000001'"
    " UNION ALL SELECT url, a0 FROM n) SELECT * FROM n"
)
HISTORY = (
    "CREATE TABLE urls (id, url); CREATE TABLE downloads (id);"
    "INSERT INTO urls VALUES (1, 'https://example.com/')"
)
NSS = "CREATE TABLE nssPublic (id, a0); INSERT INTO nssPublic VALUES (1, x'00000001')"
SERVER = "CREATE TABLE certificates (der); INSERT INTO certificates VALUES (x'00')"
EXTENSION = json.dumps({"extensions": {"settings": {"abcdef": {"location": 1}}}}).encode()
RUNNING = [{"type": "service_worker", "url": "chrome-extension://abcdef/worker.js"}]
BOOKMARK = json.dumps({"roots": {"bar": {"children": [{"type": "url", "url": "x"}]}}}).encode()

#: Check, and a plan whose fault it must find.
FAULTS = [
    ("hosts", Plan(hosts="127.0.0.1 localhost\n203.0.113.9 www.example.com\n")),
    ("hosts", Plan(hosts="127.0.0.1 localhost www.example.com\n")),
    ("resolver", Plan(resolver="nameserver 8.8.8.8\n")),
    ("resolver", Plan(resolver="nameserver 10.9.9.1\nnameserver 8.8.8.8\n")),
    ("proxy", Plan(variables={"https_proxy": "http://127.0.0.1:3128"})),
    ("proxy", Plan(variables={"ALL_PROXY": "socks5://127.0.0.1:1"})),
    ("proxy", Plan(policy={"SyncDisabled": True, "ProxyMode": "fixed_servers"})),
    ("proxy", Plan(policy={"ProxySettings": {"ProxyMode": "pac_script"}})),
    ("variables", Plan(variables={"SSLKEYLOGFILE": "/tmp/keys"})),
    ("variables", Plan(variables={"HOME": "/tmp"})),
    ("libraries", Plan(variables={"LD_PRELOAD": "/tmp/evil.so"})),
    ("libraries", Plan(files={"/etc/ld.so.preload": b"/home/user/evil.so\n"})),
    ("processes", Plan(before="/usr/bin/sleep 60 &")),
    ("processes", Plan(before="cp /usr/bin/sleep /tmp/chromium; /tmp/chromium 60 &")),
    ("flags", Plan(words=("--no-sandbox",))),
    ("flags", Plan(words=("--proxy-server=127.0.0.1:1",))),
    ("policies", Plan(policy={"SyncDisabled": False})),
    ("policies", Plan(files={"/etc/chromium/policies/managed/more.json": b"{}"})),
    ("policies", Plan(files={"/etc/chromium/policies/recommended/more.json": b"{}"})),
    ("root-store", Plan(bundle=b"roots and one more")),
    ("user-certificates", Plan(policy={"CACertificates": ["MII"]})),
    ("extensions", Plan(files={f"{PROFILE}/Default/Extensions/abc/1.0/manifest.json": b"{}"})),
    ("extensions", Plan(files={f"{PROFILE}/Default/Preferences": EXTENSION})),
    ("extensions", Plan(policy={"ExtensionInstallForcelist": ["abcdef"]})),
    ("extensions", Plan(targets=RUNNING)),
    ("profile", Plan(files={f"{PROFILE}/Default/Old": b""}, old=(f"{PROFILE}/Default/Old",))),
    ("profile", Plan(files={f"{PROFILE}/Default/Bookmarks": BOOKMARK})),
    ("browser-version", Plan(version="156.0.8078.78")),
    ("listeners", Plan(before=f"{PYTHON} -m http.server 8080 --bind 127.0.0.1 >&2 & sleep 1")),
    ("mounts", Plan(mounts=("--ro-bind", "/usr/share", "/mnt"))),
    ("mounts", Plan(mounts=("--bind", "/usr", "/usr"))),
    ("namespaces", Plan(unshare=("--unshare-user", "--unshare-pid", "--unshare-net"))),
]


@pytest.mark.parametrize(
    ("name", "plan"), FAULTS, ids=[f"{name}-{at}" for at, (name, _) in enumerate(FAULTS)]
)
def test_a_planted_fault_is_found(tmp_path: Path, name: str, plan: Plan) -> None:
    with sandbox(tmp_path, plan) as target:
        found = results(target)[name]
    assert found.outcome is Outcome.FAIL, found
    assert found.reason.endswith(".fail")
    assert found.detail


@pytest.mark.parametrize(
    ("name", "path", "statements"),
    [
        ("profile", f"{PROFILE}/Default/History", HISTORY),
        ("user-certificates", "/home/user/.pki/nssdb/cert9.db", NSS),
        ("user-certificates", f"{PROFILE}/Default/ServerCertificate", SERVER),
    ],
)
def test_the_browsers_databases_are_read(
    tmp_path: Path, name: str, path: str, statements: str
) -> None:
    plan = Plan(files={path: database(statements, tmp_path / "made")})
    with sandbox(tmp_path / "box", plan) as target:
        assert results(target)[name].outcome is Outcome.FAIL
    endless = re.sub(r"CREATE TABLE (\w+) .*", _ENDLESS, statements, flags=re.DOTALL)
    for data in (b"SQLite format 3\0" + b"nonsense" * 500, database(endless, tmp_path / "again")):
        with sandbox(tmp_path / str(len(data)), Plan(files={path: data})) as target:
            assert results(target)[name].outcome is Outcome.UNKNOWN


def test_a_changed_program_is_found(tmp_path: Path) -> None:
    with sandbox(tmp_path) as target:
        changed = replace(target, executables={**target.executables, PYTHON: "0" * 64})
        found = results(changed)
    assert found["processes"].outcome is Outcome.FAIL
    assert found["processes"].reason == "programs.fail"
    assert found["browser"].outcome is Outcome.FAIL


def test_a_second_program_under_a_known_path_is_found(tmp_path: Path) -> None:
    """Its own mounts may show a process another file where the browser's program is."""
    over = f"cp /usr/bin/sleep /tmp/other; unshare -rm sh -c 'mount --bind /tmp/other {PYTHON}; "
    with sandbox(tmp_path, Plan(before=over + f"exec {PYTHON} 60' & sleep 0.5")) as target:
        allowed = {**target.executables, "/usr/bin/dash": ""}
        found = results(replace(target, executables=allowed))["processes"]
    assert found.outcome is Outcome.FAIL
    assert found.reason == "programs.fail", found


def test_links_do_not_lead_out_of_the_desktop(tmp_path: Path) -> None:
    """An absolute link is the desktop's own, not this host's: nothing of ours is read, and a link
    to a host file that would pass does not."""
    (tmp_path / "secret").write_text("127.0.0.1 localhost\n")
    plan = Plan(links={"/etc/hosts": str(tmp_path / "secret")})
    with sandbox(tmp_path / "box", plan) as target:
        found = results(target)["hosts"]
    assert found.data.get("sha256") != sha256(b"127.0.0.1 localhost\n").hexdigest()
    plan = Plan(links={"/etc/hosts": "../../../../../home/user/hosts"})
    plan.files["/home/user/hosts"] = b"203.0.113.9 www.example.com\n"
    with sandbox(tmp_path / "box2", plan) as target:
        assert results(target)["hosts"].outcome is Outcome.FAIL
    plan = Plan(links={"/etc/hosts": "hosts"})
    with sandbox(tmp_path / "box3", plan) as target:
        assert results(target)["hosts"].outcome is Outcome.UNKNOWN


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    huge = {f"{PROFILE}/Default/Preferences": b" " * (5 << 20)}
    with sandbox(tmp_path, Plan(files=huge)) as target:
        assert results(target)["extensions"].outcome is Outcome.UNKNOWN


def test_nothing_passes_once_it_is_gone(tmp_path: Path) -> None:
    with sandbox(tmp_path) as target:
        pass
    found = results(target)
    outcomes = {name: found[name].outcome for name in CLEAN if name != "host"}
    assert Outcome.PASS not in outcomes.values(), outcomes


def test_it_takes_no_longer_than_it_may(tmp_path: Path) -> None:
    """A browser that never answers holds up its own checks, and these are unknown."""
    with sandbox(tmp_path) as target:
        os.kill(target.browser_pid, 19)
        found = {each.name: each for each in examine(target, seconds=8)}
        os.kill(target.browser_pid, 18)
    assert found["browser-version"].outcome is Outcome.UNKNOWN
    assert found["hosts"].outcome is Outcome.PASS


def test_routes_are_compared(tmp_path: Path) -> None:
    with sandbox(tmp_path) as target:
        enter = ["nsenter", f"--net=/proc/{target.pid}/ns/net", "ip"]
        pair = ["link", "add", "eth0", "type", "veth", "peer", "name", "eth1"]
        subprocess.run([*enter, *pair], check=True)
        subprocess.run([*enter, "link", "set", "eth1", "up"], check=True)
        subprocess.run([*enter, "addr", "add", "10.9.9.2/30", "dev", "eth0"], check=True)
        subprocess.run([*enter, "link", "set", "eth0", "up"], check=True)
        subprocess.run([*enter, "route", "add", "default", "via", "10.9.9.1"], check=True)
        laid = ("default via 10.9.9.1 dev eth0", "10.9.9.0/30 dev eth0")
        routed = replace(target, routes=laid)
        assert results(routed)["routes"].outcome is Outcome.PASS
        subprocess.run([*enter, "route", "add", "198.51.100.0/24", "via", "10.9.9.1"], check=True)
        assert results(routed)["routes"].outcome is Outcome.FAIL


def test_what_is_shared_by_arrangement_is_unknown(tmp_path: Path) -> None:
    unshare = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts")
    with sandbox(tmp_path, Plan(unshare=unshare)) as target:
        assert results(target)["namespaces"].outcome is Outcome.FAIL
        found = results(replace(target, shared=("net",)))
        assert found["namespaces"].outcome is Outcome.UNKNOWN
        # The host's own listeners do not count, the desktop's do.
        assert found["listeners"].outcome is Outcome.PASS
        found = results(replace(target, shared=("net",), listeners=()))
        assert found["listeners"].outcome is Outcome.FAIL


def test_the_command_answers_the_same(tmp_path: Path) -> None:
    with sandbox(tmp_path) as target:
        done = subprocess.run(
            [sys.executable, "-m", "forensics.environment"],
            input=json.dumps(target.to_json()).encode(),
            capture_output=True,
            check=True,
        )
        direct = examine(target)
    told = json.loads(done.stdout)
    assert [each["name"] for each in told] == [each.name for each in direct]
    assert [each["outcome"] for each in told] == [each.outcome.value for each in direct]


@pytest.mark.parametrize(("seconds", "outcome"), [(0.5, "pass"), (-60, "fail"), (60, "fail")])
def test_the_clock_against_a_time_stamp(tmp_path: Path, seconds: float, outcome: str) -> None:
    now = datetime.now(UTC)
    word = Attested(now + timedelta(seconds=seconds), now, now)
    with sandbox(tmp_path) as target:
        assert results(replace(target, attested=word))["clock-tsa"].outcome.value == outcome
        stale = replace(word, sent=now - timedelta(hours=2), received=now - timedelta(hours=2))
        assert results(replace(target, attested=stale))["clock-tsa"].outcome is Outcome.UNKNOWN


@contextmanager
def time_server(offset: float, *, echo: bool = True, stratum: int = 2) -> Iterator[str]:
    """A time server whose clock is ``offset`` seconds ahead."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)

        def answer() -> None:
            while True:
                try:
                    question, client = server.recvfrom(100)
                except OSError:
                    return
                now = time.time() + offset + 2_208_988_800
                stamp = struct.pack(">II", int(now) % 2**32, int(now % 1 * 2**32))
                origin = question[40:48] if echo else b"\0" * 8
                head = struct.pack(">BBBbIII", 0x24, stratum, 0, -20, 0, 0, 0)
                server.sendto(head + stamp + origin + stamp + stamp, client)

        threading.Thread(target=answer, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(("offset", "outcome"), [(0, "pass"), (10, "fail"), (-10, "fail")])
def test_the_clock_against_a_time_server(tmp_path: Path, offset: float, outcome: str) -> None:
    with sandbox(tmp_path) as target, time_server(offset) as server:
        found = results(replace(target, ntp_servers=("127.0.0.1:9", server)))
    assert found["clock-ntp"].outcome.value == outcome


def test_time_servers_that_answer_nonsense_do_not_count(tmp_path: Path) -> None:
    with time_server(0, echo=False) as server, pytest.raises(ValueError, match="question"):
        ask_ntp(server)
    with time_server(0, stratum=16) as server, pytest.raises(ValueError, match="know the time"):
        ask_ntp(server)
    with sandbox(tmp_path) as target, time_server(0, stratum=0) as server:
        assert (
            results(replace(target, ntp_servers=(server,)))["clock-ntp"].outcome is Outcome.UNKNOWN
        )


def test_the_public_address_is_asked_for() -> None:
    """RFC 8489: the address in the answer is XORed with the magic cookie."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            question, client = server.recvfrom(100)
            masked = struct.unpack(">I", socket.inet_aton("203.0.113.77"))[0] ^ 0x2112A442
            value = struct.pack(">BBHI", 0, 1, 0, masked)
            body = struct.pack(">HH", 0x8022, 3) + b"abc\0" + struct.pack(">HH", 0x20, 8) + value
            server.sendto(struct.pack(">HH", 0x0101, len(body)) + question[4:20] + body, client)

        threading.Thread(target=answer, daemon=True).start()
        assert mapped_address("127.0.0.1", server.getsockname()[1]) == "203.0.113.77"


def test_packages_are_compared(tmp_path: Path) -> None:
    with sandbox(tmp_path) as target:
        expected = {"bash": _version("bash")}
        assert _passed(results(replace(target, packages=expected))["packages"])
        found = results(replace(target, packages={"bash": "0.1"}))["packages"]
        assert found.outcome is Outcome.FAIL
        found = results(replace(target, image={"sha256": "ab"}, public_address="192.0.2.1"))
        assert found["image"].outcome is Outcome.PASS
        assert found["public-address"].found.startswith("192.0.2.1")


def _version(package: str) -> str:
    query = ["dpkg-query", "-W", "-f", "${Version}", package]
    return subprocess.run(query, capture_output=True, text=True, check=True).stdout


def test_a_mount_that_is_missing_is_found(tmp_path: Path) -> None:
    with sandbox(tmp_path) as target:
        found = results(replace(target, mounts=(*target.mounts, Mount("/home/user/Uploads"))))
    assert found["mounts"].outcome is Outcome.FAIL
    assert POLICY in target.policies
