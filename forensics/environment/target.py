"""What is examined, and what its launcher knows about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from forensics.desktop.interface import Isolation


@dataclass(frozen=True, slots=True)
class Attested:
    """A time-stamp token's word on the clock: ``gen_time`` is the authority's, ``sent`` and
    ``received`` are this host's clock around the request; ``accuracy`` in seconds. All aware."""

    gen_time: datetime
    sent: datetime
    received: datetime
    accuracy: float = 1.0
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount the launcher made: where the desktop sees it, and whether it may write there."""

    point: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A running desktop, and everything its launcher did to make it so.

    What is left out cannot be compared and comes out as ``unknown``; nothing is guessed.

    Processes. ``pid`` is a process inside the sandbox whose namespaces and root are the desktop's
    (the sandbox's first child; the browser itself will do). ``browser_pid`` is the main browser
    process. Both are numbers of the host's namespace. ``uid`` is the session's own user. All
    processes in the same PID namespace, in ``cgroup`` (a folder with ``cgroup.procs``), or of
    ``uid`` are the desktop's. Each must run one of ``executables``: path as the desktop sees it →
    SHA-256 in hexadecimal as computed when the service started (empty: any content). ``helpers``
    are processes the launcher runs as ``uid`` outside of the sandbox, such as the X server.

    Namespaces. ``shared`` are the kinds ("net", …) that are meant to be the host's.

    Files. Paths as the desktop sees them. ``policies``: path → SHA-256 of every managed policy.
    ``profile``: the browser's user data folder; nothing in it may be older than ``started``.
    ``home``: where NSS data bases and start files would lie. ``root_store``: path → SHA-256 of the
    host's certificate bundle. ``host_names``: names that may stand in hosts beside localhost.

    Words. ``argv`` and ``environment`` are exactly what was given to execve for the browser.

    Network. ``nameservers`` as in resolv.conf, ``routes`` as ``"default via 10.0.0.1 dev eth0"`` or
    ``"10.0.0.0/30 dev eth0"``, ``listeners`` as ``"127.0.0.1:9222"`` (only those may listen inside
    the desktop's network namespace). ``cdp_port`` is DevTools on 127.0.0.1 there; 0 when there is
    none.

    Clock. ``attested`` as above; ``ntp_servers`` are numeric addresses (``"192.0.2.1"`` or
    ``"192.0.2.1:123"``); ``stun_servers`` likewise with a port, for the public address, unless an
    administrator has set ``public_address``.

    ``image`` and ``packages`` describe what the desktop was made from (name → version).
    """

    session: str
    folder: Path
    isolation: Isolation
    pid: int
    browser_pid: int = 0
    uid: int | None = None
    cgroup: Path | None = None
    helpers: tuple[int, ...] = ()
    executables: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    profile: str = ""
    home: str = ""
    started: datetime | None = None
    root_store: Mapping[str, str] = field(default_factory=dict)
    host_names: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    listeners: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    cdp_port: int = 0
    browser: str = "/usr/lib/chromium/chromium"
    browser_version: str = ""
    attested: Attested | None = None
    ntp_servers: tuple[str, ...] = ()
    stun_servers: tuple[str, ...] = ()
    public_address: str = ""
    clock_tolerance: float = 2.0
    image: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For ``python -m forensics.environment``; :meth:`from_json` reads it."""
        value = asdict(self)
        value |= {
            "folder": str(self.folder),
            "isolation": self.isolation.value,
            "cgroup": str(self.cgroup) if self.cgroup else None,
            "started": self.started.isoformat() if self.started else None,
        }
        if self.attested:
            times = ("gen_time", "sent", "received")
            value["attested"] |= {name: value["attested"][name].isoformat() for name in times}
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Target:
        """The inverse of :meth:`to_json`.

        Raises:
            KeyError, TypeError, ValueError: no such thing.
        """
        known = {each.name for each in fields(cls)}
        given: dict[str, Any] = {name: each for name, each in value.items() if name in known}
        for name, each in given.items():
            if isinstance(each, list):
                given[name] = tuple(each)
        given["folder"] = Path(given["folder"])
        given["isolation"] = Isolation(given["isolation"])
        given["cgroup"] = Path(given["cgroup"]) if given.get("cgroup") else None
        given["started"] = _time(given.get("started"))
        given["mounts"] = tuple(Mount(**each) for each in given.get("mounts", ()))
        given["attested"] = _attested(given.get("attested"))
        return cls(**given)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _attested(value: Mapping[str, Any] | None) -> Attested | None:
    if not value:
        return None
    return Attested(
        gen_time=datetime.fromisoformat(value["gen_time"]),
        sent=datetime.fromisoformat(value["sent"]),
        received=datetime.fromisoformat(value["received"]),
        accuracy=float(value.get("accuracy", 1.0)),
        authority=str(value.get("authority", "")),
    )
