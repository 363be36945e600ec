"""What operators see of captures: hosts and their load, running sessions, what waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import func, select

from forensics.desktop.interface import Observation
from forensics.errors import ForensicsError
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.captures.controlling import Controlling
from portal.captures.hosts import Host
from portal.captures.kit import Kit
from portal.captures.models import OPEN, RUNNING, Capture, CaptureState
from portal.problems import NotFound


@dataclass(frozen=True, slots=True)
class Running:
    """One session; ``seen`` is None while its host does not tell."""

    capture: Capture
    person: str
    seen: Observation | None


@dataclass(frozen=True, slots=True)
class View:
    """``stuck``: ended sessions whose files wait for something, with the reason in the row."""

    hosts: tuple[Host, ...]
    switched_off: str
    running: tuple[Running, ...]
    queued: int
    review: int
    stuck: tuple[Capture, ...]


class Overseeing:
    """Who may ask is the views' matter."""

    def __init__(self, kit: Kit, live: Controlling) -> None:
        self._kit, self._tools, self._live = kit, kit.tools, live

    def view(self) -> View:
        """Everything at once; hosts are asked beside each other."""
        with self._tools.database.reading() as session:
            query = select(Capture, User.name).join(User, User.id == Capture.owner_id)
            rows = session.execute(
                query.where(Capture.state.in_(RUNNING)).order_by(Capture.started_at)
            ).all()
            by_state = select(Capture.state, func.count()).group_by(Capture.state)
            counts = {state: count for state, count in session.execute(by_state)}  # noqa: C416
            stuck = session.scalars(
                select(Capture)
                .where(Capture.wait_detail.is_not(None), Capture.state.not_in(OPEN))
                .order_by(Capture.created_at)
                .limit(50)
            ).all()
        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(self._observe, [capture for capture, _ in rows]))
        return View(
            tuple(self._kit.hosts.look()),
            self._kit.hosts.switched_off,
            tuple(Running(row[0], row[1], each) for row, each in zip(rows, seen, strict=True)),
            counts.get(CaptureState.QUEUED, 0),
            counts.get(CaptureState.REVIEW, 0),
            tuple(stuck),
        )

    def end(self, actor: Actor, capture_id: str) -> None:
        """End a session; what was recorded stays its owner's.

        Raises:
            NotFound: there is none.
        """
        if self._live.end_any(actor, capture_id) is None:
            raise NotFound("capture_not_found", "There is no such capture.")

    def _observe(self, capture: Capture) -> Observation | None:
        desktop = self._kit.hosts.desktop(capture.host)
        try:
            return desktop.observe(capture.session) if desktop is not None else None
        except ForensicsError:
            return None
