"""A small desktop to be examined: a real sandbox with its own namespaces, and a program in it that
plays the browser. Faults are planted by making it otherwise than its target says."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensics.desktop.interface import Isolation
from forensics.environment import Mount, Target
from forensics.environment.proc import processes
from tests.waiting import PATIENCE

PYTHON = str(Path("/usr/bin/python3").resolve())
PORT = 9222
VERSION = "156.0.8078.79"
POLICY = "/etc/chromium/policies/managed/notary.json"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PROFILE = "/home/user/.profile"
#: Answers as a browser's DevTools would.
BROWSER = """
import http.server, json, os, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        version = {"Browser": "Chrome/" + os.environ["VERSION"]}
        body = json.dumps(version if "version" in self.path else json.loads(os.environ["TARGETS"]))
        self.send_response(200); self.end_headers(); self.wfile.write(body.encode())
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 9222), H).serve_forever()
"""


@dataclass
class Plan:
    """How the sandbox is made. ``variables`` and ``words`` come beside what the target is told;
    ``before`` is run in the sandbox before the browser."""

    hosts: str = "127.0.0.1 localhost\n::1 localhost\n"
    resolver: str = "nameserver 10.9.9.1\n"
    policy: dict[str, Any] = field(default_factory=lambda: {"SyncDisabled": True})
    bundle: bytes = b"roots"
    variables: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    old: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    unshare: tuple[str, ...] = ("--unshare-all",)
    before: str = ""
    version: str = VERSION
    targets: list[dict[str, str]] = field(default_factory=list)


def sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@contextmanager
def sandbox(folder: Path, plan: Plan | None = None) -> Iterator[Target]:
    """The target of a running sandbox; what ``plan`` makes otherwise is not in it."""
    plan, clean = plan or Plan(), Plan()
    _lay(folder, plan)
    environment = {
        "HOME": "/home/user",
        "PATH": "/usr/bin",
        "VERSION": plan.version,
        "TARGETS": json.dumps(plan.targets),
    }
    argv = (PYTHON, "-u", "-c", BROWSER, f"--remote-debugging-port={PORT}")
    words = ["/bin/sh", "-c", f'{plan.before}\nexec "$@"', "sh", *argv, *plan.words]
    variables = environment | plan.variables
    command = [
        "/usr/bin/bwrap",
        *plan.unshare,
        "--die-with-parent",
        *("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"),
        *("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"),
        *("--ro-bind", str(folder / "etc"), "/etc", "--bind", str(folder / "home"), "/home/user"),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *plan.mounts, "--clearenv"),
        *(word for name, value in variables.items() for word in ("--setenv", name, value)),
        *words,
    ]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    pid = -1
    try:
        pid = _browser(process.pid)
        yield Target(
            session="a" * 32,
            folder=folder,
            isolation=Isolation.ISOLATED,
            pid=pid,
            browser_pid=pid,
            executables={PYTHON: sha256(PYTHON), "/usr/bin/bwrap": sha256("/usr/bin/bwrap")},
            argv=argv,
            environment=environment,
            policies={POLICY: hashlib.sha256(json.dumps(clean.policy).encode()).hexdigest()},
            profile=PROFILE,
            home="/home/user",
            started=datetime.now(UTC),
            root_store={BUNDLE: hashlib.sha256(clean.bundle).hexdigest()},
            nameservers=("10.9.9.1",),
            listeners=(f"127.0.0.1:{PORT}",),
            mounts=(Mount("/usr"), Mount("/etc"), Mount("/home/user", True), Mount("/tmp", True)),
            cdp_port=PORT,
            browser=PYTHON,
            browser_version=f"{VERSION}-1~deb12u1",
        )
    finally:
        process.kill()
        process.wait()
        _gone(pid)


def _gone(pid: int) -> None:
    """What was inside dies with the sandbox, a little later."""
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.01)


def _lay(folder: Path, plan: Plan) -> None:
    etc, home = folder / "etc", folder / "home"
    profile = home / ".profile/Default"
    for each in ((etc / POLICY[5:]).parent, (etc / BUNDLE[5:]).parent, profile):
        each.mkdir(parents=True)
    (etc / "hosts").write_text(plan.hosts)
    (etc / "resolv.conf").write_text(plan.resolver)
    (etc / POLICY[5:]).write_text(json.dumps(plan.policy))
    (etc / BUNDLE[5:]).write_bytes(plan.bundle)
    (profile / "Preferences").write_text("{}")
    for path, data in plan.files.items():
        target = (etc if path.startswith("/etc/") else home) / path.split("/", 2)[2]
        target = home / path.removeprefix("/home/user/") if path.startswith("/home") else target
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    for path, goal in plan.links.items():
        (etc / path.removeprefix("/etc/")).unlink(missing_ok=True)
        (etc / path.removeprefix("/etc/")).symlink_to(goal)
    for path in plan.old:
        os.utime(home / path.removeprefix("/home/user/"), (1_000_000_000, 1_000_000_000))


def _browser(parent: int) -> int:
    """The process that plays the browser, once it listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        everything = {each.pid: each for each in processes()}
        for each in everything.values():
            mine = each.exe == PYTHON and _descends(each.pid, parent, everything)
            if mine and f":{PORT:04X}" in Path(f"/proc/{each.pid}/net/tcp").read_text():
                return each.pid
        time.sleep(0.02)
    sys.exit("the sandbox did not start")


def _descends(pid: int, parent: int, everything: dict[int, Any]) -> bool:
    while pid in everything:
        if pid == parent:
            return True
        pid = everything[pid].parent
    return False
