"""What a desktop is made of: where the programs are, what is missing, which versions they have."""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forensics.desktop.interface import Isolation

_SECONDS: Final = 20
CHROMIUM: Final = Path("/usr/lib/chromium/chromium")
#: Search path for programs of the system; never the caller's.
PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Component:
    """A program and the Debian package that brings it."""

    name: str
    package: str
    path: str = ""

    def find(self) -> Path | None:
        if self.path:
            return Path(self.path) if Path(self.path).exists() else None
        found = shutil.which(self.name, path=PATH)
        return Path(found) if found else None


_SCREEN: Final = (
    Component("Xvnc", "tigervnc-standalone-server"),
    Component("xkbcomp", "x11-xkb-utils"),
    Component("setxkbmap", "x11-xkb-utils"),
    Component("openbox", "openbox"),
    Component("chromium", "chromium", str(CHROMIUM)),
    Component("Chinese fonts", "fonts-noto-cjk", "/usr/share/fonts/opentype/noto"),
)
_SANDBOX: Final = (Component("bwrap", "bubblewrap"),)
_NETWORK: Final = (
    Component("ip", "iproute2"),
    Component("nft", "nftables"),
    Component("mkfs.ext4", "e2fsprogs"),
    Component("mount", "mount"),
)
NEEDED: Final = {
    Isolation.ISOLATED: (*_SCREEN, *_SANDBOX, *_NETWORK),
    Isolation.SHARED_NETWORK: (*_SCREEN, *_SANDBOX),
    Isolation.BARE: _SCREEN,
}
#: Packages whose versions stand in the evidence.
PACKAGES: Final = tuple(sorted({each.package for each in NEEDED[Isolation.ISOLATED]}))


def missing(isolation: Isolation) -> list[Component]:
    """What this kind of desktop needs and this machine does not have."""
    return [each for each in NEEDED[isolation] if each.find() is None]


def how_to_get(components: list[Component]) -> str:
    """One sentence with the command."""
    names = ", ".join(each.name for each in components)
    packages = " ".join(sorted({each.package for each in components}))
    return f"missing: {names}; run: apt-get install --no-install-recommends {packages}"


def program(name: str) -> Path:
    """The absolute path of a program that is known to be there, links followed: in a desktop
    there is no /etc/alternatives.

    Raises:
        FileNotFoundError: it is not.
    """
    found = shutil.which(name, path=PATH)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return Path(found).resolve()


@functools.cache
def versions() -> dict[str, str]:
    """Debian package → version, for those that are installed."""
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", *PACKAGES]
    try:
        done = subprocess.run(query, check=False, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = [line.split() for line in done.stdout.splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 3 and words[2] == "installed"}


@functools.cache
def browser_version() -> str:
    """Chromium's own words, such as ``Chromium 156.0.1.2 built on Debian``; empty when unknown."""
    try:
        # Nobody's account and an empty home: the browser refuses to be root even for this.
        done = subprocess.run(
            [str(CHROMIUM), "--version"],
            check=False, capture_output=True, text=True, timeout=_SECONDS,
            env={"HOME": "/nonexistent", "PATH": PATH},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()[:200]


@functools.cache
def digest(path: Path) -> str:
    """SHA-256 of a program, computed once a service: what runs is compared with it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def executables() -> dict[str, str]:
    """Every program that may run in a desktop or as its user: real path → SHA-256."""
    names = ("Xvnc", "xkbcomp", "setxkbmap", "openbox", "bwrap", "sh", "sleep")
    found = [path for name in names if (path := shutil.which(name, path=PATH))]
    found += [str(CHROMIUM), str(CHROMIUM.with_name("chrome_crashpad_handler"))]
    real = {Path(each).resolve() for each in found if Path(each).exists()}
    return {str(each): digest(each) for each in sorted(real)}


def warm() -> None:
    """Compute what is remembered: digests of a few hundred megabytes, the browser's version."""
    executables()
    browser_version()
    versions()
