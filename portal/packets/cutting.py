"""Cutting: content becomes packets before the ledger's entry is signed, which names their root.

Packets lie in ``DATA_DIR/packets/cut/<deposit>/<n>`` until their nodes have them. That folder may
be lost: the same content under the same keys gives the same packets again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, cast
from uuid import uuid4

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from chain_adapter.packets import BadPacket, Cutter, PacketKeys, PacketPlan
from portal.audit.actor import Actor
from portal.audit.service import Detail, record
from portal.database import Database
from portal.deposits.models import Deposit, State
from portal.jobs.waiting import NotFinal
from portal.packets.content import Source, source_of, write_content
from portal.packets.models import PacketRow, PacketSet, PacketState
from portal.packets.spec import Spec
from portal.storage import Vault
from portal.storage.sealing import Box

_log = structlog.get_logger(__name__)
#: What is larger is cut by the sideline, and the deposit waits for that.
AT_ONCE: Final = 8 * 1024 * 1024
#: Why a deposit waits that is being cut.
WAITS: Final = "packets_cutting"
_BATCH: Final = 16
_PURPOSE: Final = "packets"
_WORKER: Final = Actor.process("worker")
_BLOCK: Final = 1024 * 1024
_DAY: Final = 24 * 3600


class Cutting:
    """Makes packets; safe for threads and processes: of two who cut the same content the second
    takes what the first has made."""

    def __init__(
        self,
        spec: Spec | None,
        folder: Path,
        database: Database,
        vault: Vault,
        box: Box,
        clock: Callable[[], datetime],
    ) -> None:
        self.spec, self._folder = spec, folder
        self._database, self._vault, self._box, self._clock = database, vault, box, clock

    def root(self, deposit: Deposit) -> bytes | None:
        """The root of the deposit's packets, for its entry; None when it is not cut.

        Raises:
            NotFinal: it is large; the sideline cuts it.
            VaultError: the content cannot be read.
        """
        if self.spec is None:
            return None
        with self._database.reading() as session:
            known = session.get(PacketSet, deposit.id)
            source = source_of(session, deposit)
        if known is not None:
            return bytes.fromhex(known.root)
        if not source.kept:
            return None
        if source.size > AT_ONCE:
            raise NotFinal(WAITS, "its content is being cut into packets")
        return self._cut(source, self.spec)

    def advance(self) -> int:
        """Cut large content that waits for it; how many were cut."""
        if self.spec is None:
            return 0
        spec, count = self.spec, 0
        waiting = (
            select(Deposit)
            .where(Deposit.state == State.RECEIVED, Deposit.wait_reason == WAITS)
            .where(Deposit.id.not_in(select(PacketSet.deposit_id)))
            .order_by(Deposit.received_at)
            .limit(_BATCH)
        )
        with self._database.reading() as session:
            sources = [source_of(session, each) for each in session.scalars(waiting).all()]
        for source in sources:
            try:
                self._cut(source, spec)
            except Exception:  # noqa: BLE001 - one content's trouble is no other's
                _log.exception("cut_failed", deposit=source.deposit.id)
                continue
            self._goes_on(source.deposit)
            count += 1
        return count

    def _goes_on(self, deposit: Deposit) -> None:
        with self._database.transaction() as session:
            session.execute(
                update(Deposit)
                .where(Deposit.id == deposit.id, Deposit.wait_reason == WAITS)
                .values(next_attempt_at=self._clock())
                .execution_options(synchronize_session=False)
            )

    def keys_of(self, row: PacketSet) -> PacketKeys | None:
        """The keys of a content; None when they were forgotten. Raises Unsealable."""
        if row.keys is None:
            return None
        plain = self._box.open(row.keys, _PURPOSE, row.deposit_id)
        return PacketKeys(plain[:32], plain[32:] or None)

    def packet(self, row: PacketSet, number: int) -> Path:
        """The file of a packet that its node does not have yet, made again when it is lost.

        Raises:
            VaultError: it is lost and the content cannot be read. BadPacket: the content is not
                what was cut.
        """
        plan, path = plan_of(row), self._place(row.deposit_id) / str(number)
        if not _is(path, plan.digests[number - 1]):
            self._again(row, plan, number, path)
        return path

    def drop(self, deposit_id: str, number: int) -> None:
        """Its node has it: the file may go."""
        place = self._place(deposit_id)
        (place / str(number)).unlink(missing_ok=True)
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()

    def sweep(self) -> int:
        """Remove what no packet waits for any more; how many folders went."""
        cut, fetched = self._folder / "cut", self._folder / "fetched"
        waiting = (
            select(PacketRow.deposit_id)
            .join(PacketSet, PacketSet.deposit_id == PacketRow.deposit_id)
            .where(PacketRow.state == PacketState.WAITING, PacketSet.keys.is_not(None))
        )
        with self._database.reading() as session:
            wanted = set(session.scalars(waiting.distinct()))
        now = self._clock()
        dead = [each for each in _inside(cut) if _is_dead(each, wanted, now)]
        dead += [each for each in _inside(fetched) if _is_old(each, now)]
        for each in dead:
            shutil.rmtree(each, ignore_errors=True)
        return len(dead)

    def _cut(self, source: Source, spec: Spec) -> bytes:
        deposit_id, nodes = source.deposit.id, spec.chosen(source.deposit.id)
        keys = PacketKeys.generate(sealed=spec.sealed)
        staging = self._place(f".{uuid4().hex}")
        staging.mkdir(mode=0o700, parents=True)
        try:
            names = [node.name for node in nodes]
            with ExitStack() as stack:
                outs = [
                    stack.enter_context((staging / str(number)).open("xb"))
                    for number in range(1, spec.count + 1)
                ]
                cutter = Cutter(cast("list[BinaryIO]", outs), spec.need, keys, names)
                write_content(self._vault, source, cutter)
                plan = cutter.finish()
            return self._keep(deposit_id, plan, keys, names, staging)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _keep(
        self, deposit_id: str, plan: PacketPlan, keys: PacketKeys, names: list[str], staging: Path
    ) -> bytes:
        """Write the plan down, then give the packets their place."""
        now, secret = self._clock(), keys.content + (keys.sealing or b"")
        row = PacketSet(
            deposit_id=deposit_id,
            plan=plan.encode().decode(),
            root=plan.root.hex(),
            need=plan.k,
            count=plan.n,
            size=plan.size,
            keys=self._box.seal(secret, _PURPOSE, deposit_id),
            made_at=now,
        )
        try:
            with self._database.transaction() as session:
                session.add(row)
                session.flush()
                session.add_all(
                    PacketRow(
                        deposit_id=deposit_id,
                        number=number,
                        node=name,
                        state=PacketState.WAITING,
                        next_attempt_at=now,
                    )
                    for number, name in enumerate(names, 1)
                )
                detail: Detail = {"need": plan.k, "of": plan.n, "root": row.root}
                record(session, _WORKER, "deposit.cut", f"deposit:{deposit_id}", detail)
        except IntegrityError:  # somebody cut it at the same time, under other keys
            with self._database.reading() as session:
                return bytes.fromhex(session.get_one(PacketSet, deposit_id).root)
        place = self._place(deposit_id)
        shutil.rmtree(place, ignore_errors=True)
        staging.rename(place)
        return plan.root

    def _again(self, row: PacketSet, plan: PacketPlan, number: int, path: Path) -> None:
        with self._database.reading() as session:
            source = source_of(session, session.get_one(Deposit, row.deposit_id))
        keys = self.keys_of(row)
        if keys is None or not source.kept:
            raise BadPacket("the content was erased")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f".{number}.{uuid4().hex}")
        try:
            with part.open("xb") as file:
                outs = [_Nowhere() for _ in range(plan.n)]
                every = [*outs[: number - 1], file, *outs[number:]]
                cutter = Cutter(
                    cast("list[BinaryIO]", every), plan.k, keys, plan.sealed, plan.block
                )
                write_content(self._vault, source, cutter)
                made = cutter.finish()
            if made != plan:
                raise BadPacket("the content is not what was cut")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        return self._folder / "cut" / name


class _Nowhere:
    """Takes everything and keeps nothing."""

    def write(self, data: bytes) -> int:
        return len(data)


def plan_of(row: PacketSet) -> PacketPlan:
    return PacketPlan.decode(row.plan.encode())


def _is(path: Path, digest: bytes) -> bool:
    try:
        with path.open("rb") as file:
            state = hashlib.sha256()
            while data := file.read(_BLOCK):
                state.update(data)
    except FileNotFoundError:
        return False
    return state.digest() == digest


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _is_dead(folder: Path, wanted: set[str], now: datetime) -> bool:
    """Nobody waits for it; one that is being made has a name with a dot, and a day for it."""
    if folder.name.startswith("."):
        return _is_old(folder, now)
    return folder.name not in wanted


def _is_old(folder: Path, now: datetime) -> bool:
    try:
        return now.timestamp() - folder.stat().st_mtime > _DAY
    except FileNotFoundError:
        return False
