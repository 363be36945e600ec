"""What the rest of the portal may ask of captures. No Flask in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from portal.audit.actor import Actor
from portal.captures import access
from portal.captures.asking import Asking, Place
from portal.captures.clearing import Clearing
from portal.captures.collecting import Collector
from portal.captures.controlling import Controlling
from portal.captures.driving import Driver
from portal.captures.hosts import Host, Hosts
from portal.captures.kit import Kit
from portal.captures.models import Capture, CaptureState
from portal.captures.overseeing import Overseeing
from portal.captures.scheduling import Scheduling
from portal.captures.sealing import Said, Sealing
from portal.captures.shelves import Shelves
from portal.captures.stamping import HeadStamping
from portal.captures.wishes import Timing, Wish
from portal.cases.filing import Filing
from portal.deposits.tools import Tools
from portal.jobs import Sideline

__all__ = ["CaptureService", "Offer", "Said", "Timing", "Wish"]
_PAGE: Final = 30


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether captures can be had here: ``reasons`` say why not. ``free`` of ``capacity``
    desktops."""

    available: bool
    reasons: tuple[str, ...]
    free: int
    capacity: int
    hosts: tuple[Host, ...]


class CaptureService:
    """Every method raises the errors of :mod:`portal.problems`. Somebody else's capture is not
    found; what is done is a custody entry in the same transaction."""

    def __init__(self, tools: Tools, filing: Filing, hosts: Hosts, secret: bytes) -> None:
        kit = Kit(tools, hosts)
        self._tools, self._hosts = tools, hosts
        self._asking = Asking(kit)
        self._driver = Driver(kit)
        self._stamping = HeadStamping(kit)
        self._collector = Collector(kit, self._driver)
        self._sealing = Sealing(kit, filing)
        self._clearing = Clearing(kit)
        #: captures that are made later, or again and again
        self.schedules = Scheduling(kit, self._asking)
        #: desktops that are on
        self.live = Controlling(kit, self._clearing, secret)
        #: what was captured, for review and afterwards
        self.shelves = Shelves(kit)
        #: what operators see and do
        self.overseeing = Overseeing(kit, self.live)

    def offer(self) -> Offer:
        """What there is to be had just now."""
        hosts = tuple(self._hosts.look())
        usable = [host for host in hosts if host.probe.available]
        reasons = [reason for host in hosts for reason in host.probe.reasons]
        if self._hosts.switched_off:
            reasons.append(self._hosts.switched_off)
        return Offer(
            bool(usable),
            () if usable else tuple(dict.fromkeys(reasons)),
            sum(host.free for host in usable),
            sum(host.probe.capacity for host in usable),
            hosts,
        )

    def ask(self, actor: Actor, wish: Wish) -> Capture:
        """Ask for a desktop, or for addresses to be captured now. Raises as
        :meth:`portal.captures.asking.Asking.ask`."""
        return self._asking.ask(actor, wish)

    def get(self, actor: Actor, capture_id: str) -> Capture:
        """One the actor may look at."""
        with self._tools.database.reading() as session:
            return access.readable(session, actor, capture_id)

    def may_change(self, actor: Actor, capture: Capture) -> bool:
        """Whether pages offer the actor to seal or discard it."""
        with self._tools.database.reading() as session:
            return access.changes(session, actor, capture)

    def of_deposit(self, deposit_id: str) -> Capture | None:
        """The capture a deposit was sealed from; the caller has found the deposit readable."""
        query = select(Capture).where(Capture.deposit_id == deposit_id)
        with self._tools.database.reading() as session:
            return session.scalar(query)

    def listing(self, actor: Actor, page: int) -> tuple[Sequence[Capture], int]:
        """Captures of whom the actor acts for, the newest first, and how many pages there are."""
        where = (access.listed(actor, Capture), Capture.state != CaptureState.DISCARDED)
        query = select(Capture).where(*where).order_by(Capture.created_at.desc(), Capture.id)
        with self._tools.database.reading() as session:
            count = session.scalar(select(func.count()).select_from(Capture).where(*where)) or 0
            pages = max(1, -(-count // _PAGE))
            page = max(1, min(page, pages))
            return session.scalars(query.offset((page - 1) * _PAGE).limit(_PAGE)).all(), pages

    def place(self, capture: Capture) -> Place | None:
        """Where it stands in the queue."""
        return self._asking.place(capture)

    def seal(self, actor: Actor, capture_id: str, said: Said) -> str:
        """Deposit it; see :meth:`portal.captures.sealing.Sealing.seal`."""
        return self._sealing.seal(actor, capture_id, said)

    # -- The worker's side --------------------------------------------------------------------

    def sidelines(self) -> tuple[Sideline, ...]:
        """Desktops, time-stamps and files each in a thread of its own: a slow authority delays no
        start, and a large recording no time-stamp."""
        return (
            Sideline("captures", self.drive, 0.25),
            Sideline("capture-stamps", self._stamping.advance, 1.0),
            Sideline("capture-files", self.collect, 0.5),
        )

    def drive(self) -> int:
        """Move everything that wants or has a desktop one step on."""
        return self.schedules.advance() + self._driver.advance()

    def stamp(self) -> int:
        """Time-stamp the heads that are due."""
        return self._stamping.advance()

    def collect(self) -> int:
        """Take what ended into the vault, seal what seals itself, clear what is over."""
        return self._collector.advance() + self._sealing.advance() + self._clearing.advance()
