"""Start one program where it belongs: ``python -I enter.py '<JSON>' PROGRAM ARGUMENT …``.

Run by the desktop service, as root when there is anything to enter. In this order: control groups,
score for the out-of-memory killer, namespaces, mounts, limits, account, no new privileges, exec.
It imports nothing of ours, so that nothing of ours runs between root and the program. A program of
its own because none of this may happen in a process with threads.
"""

import ctypes
import json
import os
import resource
import signal
import sys

_NEWNS, _NEWIPC = 0x00020000, 0x08000000
_REC, _SLAVE, _BIND, _NOSUID, _NODEV = 0x4000, 0x80000, 0x1000, 2, 4
_PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 38, 24
_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _join(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    _call("setns", descriptor, 0)
    os.close(descriptor)


def _open_up(closed: dict[str, list[str]]) -> None:
    """Folders the account may not pass through (somebody's home, say) are covered by empty ones
    in which only what it needs is there."""
    for cover, paths in closed.items():
        found = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in paths]
        _call("mount", b"none", cover.encode(), b"tmpfs", _NOSUID | _NODEV, b"mode=0755,size=1m")
        for descriptor, path in zip(found, paths, strict=True):
            os.makedirs(path, mode=0o755)  # noqa: PTH103
            source = f"/proc/self/fd/{descriptor}".encode()
            _call("mount", source, path.encode(), None, _BIND | _REC, None)
            os.close(descriptor)


def _limits(wanted: dict[str, int]) -> None:
    for name, value in wanted.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def _account(uid: int, gid: int) -> None:
    os.setgroups([])
    for capability in range(64):
        # Numbers this kernel does not have are refused; so are all, to who is not root.
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def main(wanted: dict[str, object], program: list[str]) -> None:
    for folder in wanted.get("cgroups", []):  # type: ignore[attr-defined]
        with open(f"{folder}/cgroup.procs", "w") as file:  # noqa: PTH123
            file.write(str(os.getpid()))
    if "oom" in wanted:
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
            file.write(str(wanted["oom"]))
    for path in wanted.get("join", []):  # type: ignore[attr-defined]
        _join(path)
    if wanted.get("new_ipc"):
        _call("unshare", _NEWIPC)
    os.umask(0o022)
    if wanted.get("binds") or wanted.get("closed"):
        _call("unshare", _NEWNS)
        _call("mount", b"none", b"/", None, _REC | _SLAVE, None)
        _open_up(wanted.get("closed", {}))  # type: ignore[arg-type]
        for source, point in wanted["binds"]:  # type: ignore[attr-defined]
            _call("mount", source.encode(), point.encode(), None, _BIND | _REC, None)
    _limits(wanted.get("limits", {}))  # type: ignore[arg-type]
    os.umask(0o027)
    os.setsid()
    if "uid" in wanted:
        _account(wanted["uid"], wanted["gid"])  # type: ignore[arg-type]
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    environment: dict[str, str] = dict(wanted["environment"])  # type: ignore[call-overload]
    os.execve(program[0], program, environment)  # noqa: S606


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
