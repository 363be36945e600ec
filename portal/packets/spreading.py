"""Spreading: each packet to its node, and again until the node has it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chain_adapter.packets import PacketError
from chain_adapter.packets.client import NodeTrouble, PacketClient
from chain_adapter.packets.request import Asked
from portal.audit.actor import Actor
from portal.audit.service import Detail, record
from portal.database import Database
from portal.deposits.models import Deposit, State
from portal.jobs.waiting import delay
from portal.packets.cutting import Cutting, plan_of
from portal.packets.models import PacketRow, PacketSet, PacketState
from portal.packets.spec import Spec
from portal.storage import VaultError

_log = structlog.get_logger(__name__)
_BATCH: Final = 64
_NODES: Final = 8
#: After this long somebody else tries, whether the one who has it in hand answered or died.
_AGAIN: Final = timedelta(minutes=10)
_WORKER: Final = Actor.process("worker")


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came of one packet; ``fault`` empty when its node has it."""

    row: PacketRow
    fault: str
    passing: bool = True
    away: bool = False


class Spreading:
    """Idempotent: a packet that a node has already changes nothing there."""

    def __init__(
        self,
        spec: Spec,
        cutting: Cutting,
        client: PacketClient,
        database: Database,
        clock: Callable[[], datetime],
    ) -> None:
        self._spec, self._cutting, self._client = spec, cutting, client
        self._database, self._clock = database, clock

    def advance(self) -> int:
        """Send what is due, to several nodes at once; how many packets arrived."""
        rows = self._take()
        if not rows:
            return 0
        by_node = [list(each) for _, each in groupby(rows, key=lambda row: row.node)]
        with ThreadPoolExecutor(_NODES, thread_name_prefix="packets") as pool:
            sent = [each for part in pool.map(self._send_all, by_node) for each in part]
        for each in sent:
            self._note(each)
        return sum(not each.fault for each in sent)

    def _take(self) -> list[PacketRow]:
        """Due packets of deposits that are on the ledger, by node. A node that keeps only what its
        copy of the log commits to would refuse the others."""
        now = self._clock()
        due = (
            select(PacketRow)
            .join(Deposit, Deposit.id == PacketRow.deposit_id)
            .join(PacketSet, PacketSet.deposit_id == PacketRow.deposit_id)
            .where(PacketRow.state == PacketState.WAITING, PacketRow.next_attempt_at <= now)
            .where(Deposit.state.in_((State.ANCHORED, State.ISSUED)), PacketSet.keys.is_not(None))
            .order_by(PacketRow.next_attempt_at)
            .limit(_BATCH)
        )
        again = now + _AGAIN * random.uniform(1, 1.5)  # noqa: S311 (no secret)
        with self._database.transaction() as session:
            rows = list(session.scalars(due.with_for_update(skip_locked=True, of=PacketRow)))
            for row in rows:
                row.next_attempt_at = again
        return sorted(rows, key=lambda row: row.node)

    def _send_all(self, rows: Sequence[PacketRow]) -> list[_Sent]:
        """One node's packets; when it is away, the others are not even tried."""
        done: list[_Sent] = []
        for row in rows:
            if done and done[-1].away:
                done.append(_Sent(row, done[-1].fault, away=True))
                continue
            done.append(self._send(row))
        return done

    def _send(self, row: PacketRow) -> _Sent:
        node = self._spec.node(row.node)
        if node is None:
            fault = f"{row.node} is no longer among the deposit nodes"
            return _Sent(row, fault, passing=False)
        try:
            with self._database.reading() as session:
                made = session.get_one(PacketSet, row.deposit_id)
            plan, path = plan_of(made), self._cutting.packet(made, row.number)
            digest = plan.digests[row.number - 1]
            proof = plan.path(row.number)
            length = plan.packet_bytes
            asked = Asked("PUT", node.name, plan.root, row.number, digest, length, proof)
            with path.open("rb") as packet:
                self._client.put(node, asked, packet)
        except NodeTrouble as error:
            return _Sent(row, str(error), not error.lasting, away=not error.status)
        except (PacketError, VaultError, OSError) as error:
            return _Sent(row, str(error), passing=False)
        except Exception as error:  # noqa: BLE001 - one packet's trouble is no other's
            _log.exception("packet_failed", deposit=row.deposit_id, number=row.number)
            return _Sent(row, f"it failed with {type(error).__name__}", passing=False)
        return _Sent(row, "")

    def _note(self, sent: _Sent) -> None:
        now, key = self._clock(), (sent.row.deposit_id, sent.row.number)
        with self._database.transaction() as session:
            row = session.get_one(PacketRow, key, with_for_update=True)
            if row.state != PacketState.WAITING:
                return
            if sent.fault:
                row.detail = sent.fault[:500]
                row.next_attempt_at = now + delay(row.attempts, passing=sent.passing)
                row.attempts += 1
                return
            row.state, row.kept_at, row.detail, row.attempts = PacketState.KEPT, now, None, 0
            session.flush()
            self._tell(session, row.deposit_id)
        self._cutting.drop(*key)

    def _tell(self, session: Session, deposit_id: str) -> None:
        """One entry in the custody log, when the last packet has arrived."""
        query = select(PacketRow.state, func.count()).where(PacketRow.deposit_id == deposit_id)
        by = {row[0]: row[1] for row in session.execute(query.group_by(PacketRow.state))}
        if PacketState.WAITING not in by:
            detail: Detail = {"packets": by[PacketState.KEPT]}
            record(session, _WORKER, "deposit.spread", f"deposit:{deposit_id}", detail)
