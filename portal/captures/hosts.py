"""The desktop hosts there are, and which of them a session goes to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from forensics.desktop.interface import Desktop, Isolation, Probe
from forensics.errors import ForensicsError

_log = structlog.get_logger(__name__)
#: A probe is believed for so long, seconds.
_FRESH: Final = 2.0


@dataclass(frozen=True, slots=True)
class Host:
    """A host as it answered last; ``reasons`` say why it cannot be used."""

    name: str
    probe: Probe

    @property
    def free(self) -> int:
        return max(0, self.probe.capacity - self.probe.running) if self.probe.available else 0


class Hosts:
    """Safe for threads. ``switched_off`` says why there is no host at all."""

    def __init__(self, desktops: Mapping[str, Desktop], switched_off: str = "") -> None:
        self._desktops = dict(desktops)
        self.switched_off = switched_off
        self._lock = threading.Lock()
        self._asked: dict[str, tuple[float, Probe]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._desktops)

    def desktop(self, name: str | None) -> Desktop | None:
        """The host of this name; None when the settings no longer name it."""
        return self._desktops.get(name or "")

    def all(self) -> Iterator[tuple[str, Desktop]]:
        return iter(self._desktops.items())

    def look(self) -> list[Host]:
        """What every host can do now, or could a moment ago. Never raises."""
        return [Host(name, self._probe(name, desktop)) for name, desktop in self.all()]

    def forget(self) -> None:
        """Ask anew next time: a session has just come or gone."""
        with self._lock:
            self._asked.clear()

    def place(self) -> str | None:
        """The usable host with the most room, or None. A host that is full after all says so when
        it is asked for a desktop."""
        room = {host.name: host.free for host in self.look()}
        best = max(room, key=lambda name: room[name], default=None)
        return best if best is not None and room[best] > 0 else None

    def _probe(self, name: str, desktop: Desktop) -> Probe:
        with self._lock:
            at, known = self._asked.get(name, (0.0, None))
        if known is not None and time.monotonic() - at < _FRESH:
            return known
        try:
            probe = desktop.probe()
        except ForensicsError as error:
            probe = Probe(False, Isolation.BARE, reasons=(str(error),))
        except Exception as error:  # noqa: BLE001 - whatever it is, the host cannot be used
            _log.warning("probe_failed", host=name, exc_info=True)
            probe = Probe(False, Isolation.BARE, reasons=(f"{type(error).__name__}: {error}",))
        with self._lock:
            self._asked[name] = (time.monotonic(), probe)
        return probe
