"""The provider interface: one desktop a session, made, watched, frozen, ended and destroyed.

The order of a start, fail closed: each :class:`Step` begins when the one before it is done, and
input is on only while the last one is. Whoever implements a provider says what isolation it really
has (:class:`Isolation`); the words stand in the evidence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from forensics.errors import InvalidSpec

#: Sizes that may be chosen, width × height in pixels.
RESOLUTIONS = ((1280, 800), (1366, 768), (1600, 900), (1920, 1080))
LANGUAGES = ("zh-CN", "en-US")
KEYBOARDS = ("us", "gb", "de", "fr")


class Step(StrEnum):
    """What happens at a start, in this order."""

    NETWORK = "network"
    SCREEN = "screen"
    RECORDER = "recorder"
    BROWSER = "browser"
    CLEANLINESS = "cleanliness"
    INPUT = "input"


class Phase(StrEnum):
    """Where a session is. ``ended`` has its manifest; then only reading and destroying is left."""

    PREPARING = "preparing"
    LIVE = "live"
    ENDING = "ending"
    ENDED = "ended"


class Terminal(StrEnum):
    """How a session ended. Only ``complete`` has every second from the first frame to the last."""

    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Isolation(StrEnum):
    """``isolated``: own network, user, processes, files and limits. ``shared-network``: own files
    and processes, the host's network. ``bare``: nothing of the kind, for tests and development."""

    ISOLATED = "isolated"
    SHARED_NETWORK = "shared-network"
    BARE = "bare"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one desktop may use: bytes, processes, cores; seconds until it ends by itself."""

    memory_bytes: int = 2 << 30
    disk_bytes: int = 1 << 30
    processes: int = 400
    cores: float = 1.5
    seconds: int = 3600


@dataclass(frozen=True, slots=True)
class DesktopSpec:
    """What is asked for.

    ``session`` is 32 hexadecimal digits. ``start_url`` is empty for a blank page. With ``urls``
    nobody sits at the desktop: each is visited and captured, then the session ends. ``subject`` is
    what the manifest repeats of whom and what the session is for: plain text by name, nothing
    secret. ``fps`` are grabs a second.

    Raises:
        InvalidSpec: naming what is wrong.
    """

    session: str
    width: int = 1280
    height: int = 800
    language: str = "zh-CN"
    keyboard: str = "us"
    timezone: str = "Asia/Shanghai"
    start_url: str = ""
    urls: tuple[str, ...] = ()
    fps: int = 10
    limits: Limits = field(default_factory=Limits)
    subject: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.session) != 32 or set(self.session) - set("0123456789abcdef"):
            raise InvalidSpec("a session is named by 32 hexadecimal digits")
        if (self.width, self.height) not in RESOLUTIONS:
            raise InvalidSpec(f"{self.width}×{self.height} is none of the resolutions offered")
        if self.language not in LANGUAGES or self.keyboard not in KEYBOARDS:
            raise InvalidSpec("the language or the keyboard is none of those offered")
        if not 1 <= self.fps <= 25:
            raise InvalidSpec("a screen is grabbed 1 to 25 times a second")
        for url in (self.start_url, *self.urls):
            check_url(url)


def check_url(url: str) -> str:
    """``url``, when a desktop may be sent there; empty is a blank page.

    Raises:
        InvalidSpec: no http or https address, too long, or with control characters.
    """
    if url and (not url.startswith(("http://", "https://")) or len(url) > 2000):
        raise InvalidSpec(
            "an address begins with http:// or https:// and has at most 2000 characters"
        )
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url):
        raise InvalidSpec("an address has no spaces and no control characters")
    return url


@dataclass(frozen=True, slots=True)
class Probe:
    """What a host can do. ``reasons`` say what is missing and how to get it; capacity in
    desktops."""

    available: bool
    isolation: Isolation
    capacity: int = 0
    running: int = 0
    reasons: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepReport:
    """``state`` is ``waiting``, ``doing``, ``done`` or ``failed``; ``detail`` one English
    sentence."""

    step: Step
    state: str
    at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """How a session stands, as it can be read without disturbing it.

    ``head`` and ``count`` are those of the recording's chain (hexadecimal SHA-256; closed
    segments); ``attested`` is the head that was last time-stamped. ``checks`` counts the
    cleanliness checks by outcome. ``counts`` has stills, pages, downloads, uploads, marks, gaps.
    ``reason`` says in one English sentence why a session was interrupted or failed.
    ``idle_seconds`` since the last input.
    """

    session: str
    phase: Phase
    terminal: Terminal | None = None
    steps: tuple[StepReport, ...] = ()
    input_on: bool = False
    recording: bool = False
    head: str = ""
    count: int = 0
    attested: str = ""
    final: bool = False
    seconds: float = 0.0
    idle_seconds: float = 0.0
    frames: int = 0
    missed: int = 0
    memory_bytes: int = 0
    cpu_seconds: float = 0.0
    evidence_bytes: int = 0
    checks: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    busy: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where to reach a session on its host. ``rfb``: the X server's RFB socket. ``gate``: a file
    whose first byte is ``1`` while input may pass, and whose time of change is at most two seconds
    ago while somebody watches over it; anything else means no input."""

    rfb: Path
    gate: Path


class Desktop(ABC):
    """A provider. Methods may be called from several threads and are safe to repeat.

    Each raises UnknownSession for a session it has not, DeskUnavailable when the part that does the
    work cannot be reached.
    """

    @abstractmethod
    def probe(self) -> Probe:
        """What this host can do; never raises but DeskUnavailable."""

    @abstractmethod
    def create(self, spec: DesktopSpec) -> None:
        """Reserve a place and lay the session's folders. Repeating it with the same spec is
        harmless.

        Raises:
            InvalidSpec, NoCapacity, CaptureSwitchedOff
        """

    @abstractmethod
    def launch(self, session: str) -> None:
        """Begin the start; returns at once, :meth:`observe` tells how it goes."""

    @abstractmethod
    def observe(self, session: str) -> Observation:
        """How it stands now."""

    @abstractmethod
    def endpoints(self, session: str) -> Endpoints:
        """Where the gateway connects."""

    @abstractmethod
    def command(self, session: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Something to do inside a live session; see :mod:`forensics.session.commands`.

        Raises:
            WrongState: not now. InvalidSpec: no such command, or not with these arguments.
        """

    @abstractmethod
    def freeze(self, session: str, reason: str) -> None:
        """Input off, for good: the session can only end now."""

    @abstractmethod
    def finish(self, session: str) -> None:
        """Input off, close the recording, write the manifest; returns at once. ``phase`` becomes
        ``ending`` and then ``ended``."""

    @abstractmethod
    def files(self, session: str) -> list[tuple[str, int]]:
        """Paths below the evidence folder with their sizes, once ended."""

    @abstractmethod
    def read(self, session: str, path: str) -> Iterator[bytes]:
        """A file of the evidence folder in pieces; closed segments may be read while recording."""

    @abstractmethod
    def destroy(self, session: str) -> None:
        """End every process and remove everything, evidence too. Takes at most 5 s; a session that
        is not there is destroyed already."""

    @abstractmethod
    def sessions(self) -> list[str]:
        """What is on this host, ended sessions too, until they are destroyed."""
