"""What the rest of the portal may ask of packets. No Flask in here."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chain_adapter.packets.client import NodeAddress, PacketClient
from portal.audit.actor import Actor
from portal.audit.service import Detail, record
from portal.deposits.models import Deposit
from portal.deposits.tools import Tools
from portal.jobs import Sideline
from portal.packets.content import restore, source_of
from portal.packets.cutting import Cutting, plan_of
from portal.packets.fetching import INTACT, UNREACHABLE, Fetching, Report
from portal.packets.models import PacketRow, PacketSet, PacketState
from portal.packets.overseeing import Overseeing
from portal.packets.shapes import Overview, SetView
from portal.packets.spreading import Spreading
from portal.problems import Conflict, NotFound
from portal.storage import VaultError

#: May have content reconstructed that is not theirs.
OVERSEERS: Final = ("operator", "administrator")
_WORKER: Final = Actor.process("worker")


class PacketService:
    """Every method raises the errors of :mod:`portal.problems`. Without PACKETS nothing is cut or
    sent, but what was cut before can still be looked at."""

    def __init__(
        self,
        tools: Tools,
        cutting: Cutting,
        folder: Path,
        restored: Callable[[Actor, str], object] = lambda _actor, _deposit_id: None,
    ) -> None:
        """``restored`` is told of content that was put back into the vault."""
        self._tools, self._cutting, self._restored = tools, cutting, restored
        client = PacketClient(tools.entry_key, clock=lambda: tools.clock().timestamp())
        self._fetching: Fetching | None = None
        self._spreading: Spreading | None = None
        if cutting.spec is not None:
            self._fetching = Fetching(cutting.spec, client, folder)
            self._spreading = Spreading(cutting.spec, cutting, client, tools.database, tools.clock)
        self._folder = folder
        self._overseeing = Overseeing(cutting.spec, tools.settings.packets, tools.database)

    def view(self, deposit: Deposit) -> SetView | None:
        """The packets of a deposit that may be read; None when it has none."""
        return self._overseeing.view(deposit.id)

    def nodes(self) -> tuple[NodeAddress, ...]:
        """The deposit nodes that packets go to; none when packets are off."""
        return self._cutting.spec.nodes if self._cutting.spec is not None else ()

    def overview(self) -> Overview:
        """For operators."""
        return self._overseeing.overview()

    def ask(self, actor: Actor, deposit_id: str) -> None:
        """Have the worker try whether the packets give the content back; what the vault lacks is
        put back there.

        Raises:
            NotFound: there are no packets of it. Conflict: they cannot be read any more.
        """
        self._require_nodes()
        with self._tools.database.transaction() as session:
            row = _set(session, deposit_id)
            row.asked_at, row.asked_by = self._tools.clock(), actor.id[:36]
            record(session, actor, "operator.packets_asked", f"deposit:{deposit_id}")

    def reconstruct(self, actor: Actor, deposit_id: str, out: BinaryIO) -> Report:
        """Write the content to ``out``, made of the nodes' packets alone. What stands there counts
        only when the report is ``whole``; of several files it is a zip.

        Raises:
            NotFound, Conflict: as :meth:`ask`.
        """
        fetching = self._require_nodes()
        with self._tools.database.transaction() as session:
            row = _set(session, deposit_id)
            packets = select(PacketRow).where(PacketRow.deposit_id == deposit_id)
            rows = list(session.scalars(packets.order_by(PacketRow.number)))
            record(session, actor, "deposit.fetched", f"deposit:{deposit_id}")
        keys = self._cutting.keys_of(row)
        if keys is None:
            raise _forgotten()
        report = fetching.content(plan_of(row), bytes.fromhex(row.root), keys, rows, out)
        self._send_again(deposit_id, report)
        return report

    # -- The worker's side --------------------------------------------------------------------

    def sidelines(self) -> tuple[Sideline, ...]:
        """Nodes may be slow or away: packets have threads of their own."""
        if self._spreading is None:
            return ()
        return (
            Sideline("packets", self.advance, 0.5),
            Sideline("packets-cut", self._cut, 0.5),
        )

    def advance(self) -> int:
        """Send what is due, and try what was asked for."""
        moved = self._spreading.advance() if self._spreading is not None else 0
        return moved + self._try()

    def housekeeping(self) -> None:
        """Remove packets that nobody waits for any more."""
        self._cutting.sweep()

    def _cut(self) -> int:
        cut = self._cutting.advance()
        if cut:
            self._tools.nudge()
        return cut

    def _try(self) -> int:
        asked = select(PacketSet).where(
            PacketSet.asked_at.is_not(None), PacketSet.keys.is_not(None)
        )
        with self._tools.database.reading() as session:
            row = session.scalar(asked.order_by(PacketSet.asked_at).limit(1))
        if row is None or not self._claim(row):
            return 0
        outcome, report = self._tried(row.deposit_id)
        with self._tools.database.transaction() as session:
            kept = session.get_one(PacketSet, row.deposit_id)
            kept.tried_at, kept.tried_outcome = self._tools.clock(), outcome
            kept.tried_report = report.to_json()
            intact = sum(each.state == INTACT for each in report.lines)
            detail: Detail = {"outcome": outcome, "intact": intact, "of": len(report.lines)}
            record(session, _WORKER, "deposit.packets_tried", f"deposit:{row.deposit_id}", detail)
        if outcome == "restored":
            self._restored(_WORKER, row.deposit_id)
        return 1

    def _claim(self, row: PacketSet) -> bool:
        """Compare-and-swap: whoever clears the wish does the work."""
        with self._tools.database.transaction() as session:
            done = session.execute(
                update(PacketSet)
                .where(PacketSet.deposit_id == row.deposit_id, PacketSet.asked_at == row.asked_at)
                .values(asked_at=None)
                .execution_options(synchronize_session=False)
            )
        return bool(done.rowcount)  # type: ignore[attr-defined]

    def _tried(self, deposit_id: str) -> tuple[str, Report]:
        """Reconstruct into nowhere, or into the vault where that lacks something."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder) as out:
            report = self.reconstruct(_WORKER, deposit_id, cast(BinaryIO, out))
            if not report.whole:
                return "short", report
            with self._tools.database.reading() as session:
                source = source_of(session, session.get_one(Deposit, deposit_id))
            out.seek(0)
            try:
                put_back = restore(self._tools.vault, source, out)
            except (VaultError, ValueError, OSError) as error:
                trouble = f"the content came back, but the vault did not take it: {error}"
                return "trouble", Report(report.need, report.lines, report.whole, trouble)
        return ("restored" if put_back else "whole"), report

    def _send_again(self, deposit_id: str, report: Report) -> None:
        """A packet that its node lost or damaged is sent there anew."""
        lost = [each.number for each in report.lines if each.state not in (INTACT, UNREACHABLE)]
        details = {each.number: each.detail or each.state for each in report.lines}
        if not lost:
            return
        with self._tools.database.transaction() as session:
            query = select(PacketRow).where(PacketRow.deposit_id == deposit_id)
            for row in session.scalars(query.where(PacketRow.number.in_(lost))):
                row.state, row.kept_at, row.attempts = PacketState.WAITING, None, 0
                row.next_attempt_at = self._tools.clock()
                row.detail = details[row.number][:500]

    def _require_nodes(self) -> Fetching:
        if self._fetching is None:
            message = "Packets are switched off: the setting PACKETS is empty."
            raise Conflict("packets_off", message)
        return self._fetching


def forget_keys(session: Session, deposit_id: str) -> None:
    """The content is erased: in the caller's transaction, its packets become unreadable wherever
    they are."""
    session.execute(
        update(PacketSet)
        .where(PacketSet.deposit_id == deposit_id)
        .values(keys=None, asked_at=None)
        .execution_options(synchronize_session=False)
    )


def _set(session: Session, deposit_id: str) -> PacketSet:
    row = session.get(PacketSet, deposit_id)
    if row is None:
        raise NotFound("no_packets", "There are no packets of this deposit.")
    if row.keys is None:
        raise _forgotten()
    return row


def _forgotten() -> Conflict:
    message = "The content was erased, and with it the keys of its packets."
    return Conflict("packets_forgotten", message)
