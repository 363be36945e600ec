"""A home folder of limited size: an ext4 file system in a file, or memory where there is no loop
device."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Final

_SECONDS: Final = 20
#: A file system smaller than this cannot hold a browser's profile.
_LEAST: Final = 64 << 20


class DiskError(OSError):
    """The home folder could not be limited or mounted."""


def mount_home(image: Path, point: Path, size: int, owner: int) -> str:
    """Mount a fresh, empty, limited file system on ``point``, for ``owner`` alone.

    Returns what it is: ``ext4`` (in the sparse file ``image``) or ``tmpfs`` (counts as memory).

    Raises:
        DiskError: neither works.
    """
    size = max(size, _LEAST)
    try:
        kind = _mount_image(image, point, size)
    except DiskError:
        image.unlink(missing_ok=True)
        options = f"size={size},nosuid,nodev,noexec,mode=0700"
        _run("mount", "-t", "tmpfs", "-o", options, "notary-desk", str(point))
        kind = "tmpfs"
    os.chown(point, owner, owner)
    point.chmod(0o700)
    return kind


def _mount_image(image: Path, point: Path, size: int) -> str:
    with image.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.truncate(size)
    # No journal and lazy tables: it lives for an hour and is never repaired.
    options = "lazy_itable_init=1,nodiscard,root_owner=0:0"
    quiet = ("-q", "-F", "-m", "0", "-O", "^has_journal", "-E", options)
    _run("mkfs.ext4", *quiet, str(image))
    _run("mount", "-o", "loop,nosuid,nodev,noexec,noatime", str(image), str(point))
    (point / "lost+found").rmdir()
    return "ext4"


def unmount(point: Path, seconds: float = 2.0) -> bool:
    """Whether nothing is mounted on ``point`` any more. The loop device goes with the mount."""
    deadline = time.monotonic() + seconds
    while is_mounted(point):
        late = time.monotonic() > deadline
        subprocess.run(
            ["umount", *(["-l"] if late else []), str(point)], check=False, capture_output=True
        )
        if late:
            break
        time.sleep(0.01)
    return not is_mounted(point)


def is_mounted(point: Path) -> bool:
    """Whether something is mounted exactly there, as this process sees it."""
    wanted = str(point.resolve()).replace(" ", "\\040")
    lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    return any(line.split()[4] == wanted for line in lines)


def _run(program: str, *arguments: str) -> None:
    try:
        done = subprocess.run(
            [program, *arguments], check=False, capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DiskError(f"{program} cannot be run: {error}") from error
    if done.returncode != 0:
        raise DiskError(f"{program}: {done.stderr.strip()[:300]}")
