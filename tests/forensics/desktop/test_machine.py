"""Claims, control groups, processes and disks on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from forensics.desktop import cgroups, disk, processes, trial
from forensics.desktop.cgroups import DESKTOP, KEEPER, Groups, find_trees
from forensics.desktop.interface import Limits
from forensics.desktop.layout import session_folder
from forensics.desktop.processes import Place
from forensics.desktop.slots import SLOTS, Claims
from forensics.errors import NoCapacity
from tests.waiting import wait_for

A, B = "a" * 32, "b" * 32


def claimed(root: Path, session: str) -> Path:
    folder = session_folder(root, session).path
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_claims(tmp_path: Path) -> None:
    claims, root = Claims(tmp_path / "claims", first=0), tmp_path / "desk"
    claimed(root, A)
    claimed(root, B)
    first, second = claims.take(root, A), claims.take(root, B)
    assert first != second
    assert claims.take(root, A) == first
    assert claims.near(first).path.resolve() == session_folder(root, A).path.resolve()
    assert len(str(claims.near(first).x_socket(first.display))) < 108
    claims.give_back(first)
    assert not claims.near(first).path.exists()
    assert claims.take(root, A) == first
    assert claims.count() == 2


def test_a_claim_whose_session_is_gone_is_nobodys(tmp_path: Path) -> None:
    claims, root = Claims(tmp_path / "claims", first=0), tmp_path / "desk"
    folder = claimed(root, A)
    slot = claims.take(root, A)
    folder.rmdir()
    claimed(root, B)
    assert claims.take(root, B) == slot


def test_the_machine_is_full(tmp_path: Path) -> None:
    claims, root = Claims(tmp_path / "claims", first=SLOTS - 1), tmp_path / "desk"
    claimed(root, A)
    claimed(root, B)
    claims.take(root, A)
    with pytest.raises(NoCapacity):
        claims.take(root, B)


def fake_v2(root: Path) -> str:
    own = root / "system.slice" / "deskd.service"
    own.mkdir(parents=True)
    (root / "cgroup.controllers").write_text("cpu memory pids io")
    (own / "cgroup.controllers").write_text("cpu memory pids")
    (own / "cgroup.procs").write_text("")
    (own / "cgroup.subtree_control").write_text("")
    return "0::/system.slice/deskd.service\n"


def test_version_2_as_systemd_delegates_it(tmp_path: Path) -> None:
    trees = find_trees(fake_v2(tmp_path), tmp_path)
    assert trees.missing() == []
    own = tmp_path / "system.slice" / "deskd.service"
    groups = Groups("notary-desk-9", trees)
    groups.create(Limits(memory_bytes=1 << 30, processes=100, cores=0.5))
    desktop = own / "notary-desk-9" / DESKTOP
    assert (own / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert (desktop / "memory.max").read_text() == str(1 << 30)
    assert (desktop / "memory.swap.max").read_text() == "0"
    assert (desktop / "pids.max").read_text() == str(100 * cgroups.THREADS_PER_PROCESS)
    assert (desktop / "cpu.max").read_text() == "50000 100000"
    (desktop / "memory.current").write_text("12345\n")
    (desktop / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    (desktop / "pids.events").write_text("max 7\n")
    (desktop / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    usage = groups.usage()
    assert (usage.memory_bytes, usage.cpu_seconds) == (12345, 2.5)
    assert (usage.refused, usage.killed) == (7, 2)
    assert groups.members(KEEPER) == (own / "notary-desk-9" / KEEPER,)


def test_what_the_kernel_does_not_offer_is_named(tmp_path: Path) -> None:
    (tmp_path / "unified").mkdir()
    (tmp_path / "unified" / "cgroup.procs").write_text("")
    (tmp_path / "unified" / "cgroup.controllers").write_text("")
    assert find_trees("0::/\n", tmp_path).missing() == ["memory", "pids"]


def test_folders_in_a_closed_home_are_named_with_it(tmp_path: Path) -> None:
    home = tmp_path.resolve() / "home"
    (home / "venv" / "lib").mkdir(parents=True)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)
    home.chmod(0o700)
    found = processes.closed([home / "venv", home / "venv" / "lib", Path("/usr")])
    assert found == {str(home): [str(home / "venv")]}
    home.chmod(0o711)
    assert processes.closed([home / "venv"]) == {}


def test_a_program_is_started_and_found_and_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "import os,time; print(os.environ['WORD'], flush=True); os.fork(); time.sleep(60)"
    child = processes.start(
        [sys.executable, "-c", script], {"WORD": "hello"}, Place(limits={"NOFILE": 64}), log
    )
    wait_for(lambda: processes.children(child.pid), "it has a child")
    started = processes.started_at(child.pid)
    assert log.read_text() == "hello\n"
    assert processes.is_running(child.pid, started)
    assert not processes.is_running(child.pid, started + 1)
    both = [child.pid, *processes.descendants(child.pid)]
    assert len(both) == 2
    limits = Path(f"/proc/{child.pid}/limits").read_text()
    assert "Max open files            64" in limits
    times = {pid: processes.started_at(pid) for pid in both}
    left = processes.end_all(
        lambda: [pid for pid, at in times.items() if processes.is_running(pid, at)], 5
    )
    assert left == []
    child.wait()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_machine_that_cannot_says_what(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ip", "nft", "setpriv"):
        (tmp_path / name).write_text("#!/bin/sh\necho not allowed here >&2; exit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    reasons = [each for each in trial.what_fails() if "not allowed here" in each]
    assert len(reasons) == 3


def test_a_program_that_is_not_there_says_so(tmp_path: Path) -> None:
    child = processes.start(["/nonexistent/program"], {}, Place(), tmp_path / "log")
    assert child.wait() != 0
    assert "/nonexistent/program" in (tmp_path / "log").read_text()


def test_the_log_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        processes.start(["/bin/true"], {}, Place(), tmp_path / "log")


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_program_loses_everything_of_root(tmp_path: Path) -> None:
    place = Place(uid=61063, gid=61063, needs=processes.program_folders(tmp_path))
    words = (
        "import os; print(os.getresuid(), os.getgroups()); print(open('/proc/self/status').read())"
    )
    child = processes.start([sys.executable, "-c", words], {}, place, tmp_path / "log")
    assert child.wait() == 0, (tmp_path / "log").read_text()
    said = (tmp_path / "log").read_text()
    assert "(61063, 61063, 61063) []" in said
    assert "NoNewPrivs:\t1" in said
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert f"{name}:\t0000000000000000" in said


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_home_of_limited_size(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    disk.mount_home(tmp_path / "image", home, 64 << 20, 61063)
    try:
        assert disk.is_mounted(home)
        assert (home.stat().st_uid, home.stat().st_mode & 0o777) == (61063, 0o700)
        assert list(home.iterdir()) == []
        with (home / "big").open("wb") as big:
            done = subprocess.run(["head", "-c", "100M", "/dev/zero"], stdout=big)
        assert done.returncode != 0
        assert (home / "big").stat().st_size < 64 << 20
    finally:
        assert disk.unmount(home)
    assert list(home.iterdir()) == []
    assert (
        str(tmp_path)
        not in subprocess.run(["losetup", "-a"], capture_output=True, text=True).stdout
    )
