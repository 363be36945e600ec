"""Whether isolated desktops work here, found out by trying and not by looking for programs."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from forensics.desktop import components, firewall
from forensics.desktop.egress import EgressLog
from forensics.desktop.firewall import Reach
from forensics.desktop.slots import SLOTS, Slot

_SECONDS: Final = 15
#: Beyond the last place: nobody's user, table and log.
_NOBODY: Final = Slot(SLOTS)


def what_fails() -> list[str]:
    """A sentence for each part that cannot be made. Needs root and the programs; leaves nothing."""
    tried: tuple[tuple[str, Callable[[], None]], ...] = (
        ("a network namespace", _namespace),
        ("a firewall", _firewall),
        ("a log of connections", _log),
        ("a sandbox", _sandbox),
    )
    reasons = []
    for what, act in tried:
        try:
            act()
        except (OSError, subprocess.TimeoutExpired) as error:
            reasons.append(f"this machine cannot make {what}: {error}"[:300])
    return reasons


def _namespace() -> None:
    name = f"notary-desk-trial-{os.getpid()}"
    with _given_back(lambda: _quiet("ip", "netns", "del", name)):
        _run("ip", "netns", "add", name)
        pair = ("type", "veth", "peer", "name", "eth1", "netns", name)
        _run("ip", "-n", name, "link", "add", "eth0", *pair)


def _firewall() -> None:
    _run("nft", "-c", "-f", "-", text=firewall.rules(_NOBODY, Reach()))


def _log() -> None:
    EgressLog(_NOBODY.log_group + os.getpid() % 1000, Path(os.devnull)).close()


def _sandbox() -> None:
    """By a user without privileges, as it will be."""
    who = str(_NOBODY.uid)
    account = ("setpriv", "--reuid", who, "--regid", who, "--clear-groups", "--no-new-privs")
    inside = ("--unshare-user", "--unshare-pid", "--ro-bind", "/usr", "/usr")
    links = ("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc")
    _run(*account, str(components.program("bwrap")), *inside, *links, "/usr/bin/true")


@contextlib.contextmanager
def _given_back(act: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    finally:
        act()


def _run(*words: str, text: str = "") -> None:
    """Raises OSError with the program's own words."""
    done = subprocess.run(
        words, check=False, input=text, capture_output=True, text=True, timeout=_SECONDS
    )
    if done.returncode != 0:
        raise OSError(done.stderr.strip() or f"{words[0]} failed")


def _quiet(*words: str) -> None:
    subprocess.run(words, check=False, capture_output=True, timeout=_SECONDS)
