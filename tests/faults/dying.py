"""Processes that kill themselves with SIGKILL at their n-th crossing of an outside boundary.

A crossing is the moment before and the moment after each call that has an effect elsewhere: storing
content, obtaining tokens, writing the ledger, sending a packet, and each database transaction: see
:mod:`tests.faults.fuse`.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection

from sqlalchemy import func, select
from werkzeug.serving import make_server

from chain_adapter.packets.client import PacketClient
from chain_adapter.tlog import TlogLedger
from portal.app import create_app
from portal.audit.actor import Actor
from portal.consortium.service import ConsortiumService
from portal.database import Database
from portal.deposits.models import Deposit, State
from portal.deposits.service import DepositService
from portal.packets import cutting
from portal.packets.models import PacketRow, PacketState
from portal.problems import Conflict
from portal.services import Services, build_services
from portal.settings import Settings
from portal.storage import Vault
from portal.storage.intake import Intake
from portal.uploads.service import Grouping, Wish
from tests.faults.fuse import Fuse
from tests.portal.deposits.pending import PendingLedger
from timestamping.stamper import Stamper


def _light(crossings: int) -> None:
    """Arm this process; 0 crossings means that it lives."""
    if not crossings:
        return
    fuse = Fuse(crossings)
    fuse.guard_transactions(Database, "transaction")
    fuse.guard_transactions(Database, "writing")
    fuse.guard_stream(PacketClient, "put")
    for owner, name in (
        (Stamper, "stamp_many"),
        (TlogLedger, "append"),
        (PendingLedger, "append"),
        (Vault, "put"),
        (Intake, "keep"),
        (cutting.Cutting, "drop"),
    ):
        fuse.guard(owner, name)


def work(settings: Settings, crossings: int, minutes_ahead: int) -> None:
    """A worker that advances until nothing is due. Its clock runs ahead, so that the leases and
    delays which a killed worker leaves behind are over."""
    ahead = timedelta(minutes=minutes_ahead)
    services = build_services(settings, clock=lambda: datetime.now(UTC) + ahead)
    _light(crossings)
    while services.deposits.advance():
        pass


def work_watched(
    settings: Settings, crossings: int, minutes_ahead: int, up: tuple[str, ...]
) -> None:
    """As :func:`work`, where both ledgers need nodes, of which those in ``up`` answer."""
    ahead = timedelta(minutes=minutes_ahead)
    services = build_services(settings, clock=lambda: datetime.now(UTC) + ahead)
    tools = services.deposits.tools
    watched = tuple(PendingLedger(each, up) for each in tools.ledgers)
    deposits = DepositService(replace(tools, ledgers=watched))
    _light(crossings)
    while deposits.advance() + deposits.follow():
        pass


def draw(settings: Settings, crossings: int, minutes_ahead: int) -> None:
    """A worker that moves draws, their lists and their deposits until nothing is due."""
    ahead = timedelta(minutes=minutes_ahead)
    services = build_services(settings, clock=lambda: datetime.now(UTC) + ahead)
    _light(crossings)
    while services.draws.ingest() + services.draws.advance() + services.deposits.advance():
        pass


def consort(settings: Settings, crossings: int, minutes_ahead: int, up: tuple[str, ...]) -> None:
    """A worker that brings members' messages onto a ledger that needs nodes, of which those in
    ``up`` answer, until nothing is due."""
    ahead = timedelta(minutes=minutes_ahead)
    services = build_services(settings, clock=lambda: datetime.now(UTC) + ahead)
    tools = services.deposits.tools
    watched = tuple(PendingLedger(each, up) for each in tools.ledgers)
    membership = services.consortium.membership
    consortium = ConsortiumService(replace(tools, ledgers=watched), membership)
    _light(crossings)
    while consortium.advance():
        pass


def hand_in(settings: Settings, actor: Actor, messages: tuple[bytes, ...], crossings: int) -> None:
    """A web process that takes members' messages, or their signatures, one after another; what was
    taken before is refused."""
    services = build_services(settings)
    _light(crossings)
    for message in messages:
        with suppress(Conflict):
            services.consortium.collecting.post(actor, message)


def spread(settings: Settings, crossings: int, minutes_ahead: int, at_once: int) -> None:
    """A worker until all deposits are issued and all packets are with their nodes. Content of more
    than ``at_once`` bytes is cut beside the deposits."""
    cutting.AT_ONCE = at_once  # type: ignore[misc]
    ahead = timedelta(minutes=minutes_ahead)
    services = build_services(settings, clock=lambda: datetime.now(UTC) + ahead)
    packets = services.packets
    spreading = packets._spreading
    assert spreading is not None
    # Nodes tell the real time, and accept no request from later.
    spreading._client = PacketClient(services.entry_key)
    _light(crossings)
    while _under_way(services):
        if not services.deposits.advance() + packets._cut() + packets.advance():
            time.sleep(0.05)


def _under_way(services: Services) -> int:
    deposits = select(func.count()).where(Deposit.state != State.ISSUED)
    packets = select(func.count()).where(PacketRow.state == PacketState.WAITING)
    with services.database.reading() as session:
        return (session.scalar(deposits) or 0) + (session.scalar(packets) or 0)


def confirm(settings: Settings, actor: Actor, draft: str, grouping: str, crossings: int) -> None:
    """A web process that confirms one draft."""
    services = build_services(settings)
    _light(crossings)
    services.uploads.confirm(actor, draft, Wish(Grouping(grouping)))


def serve(settings: Settings, crossings: int, ready: Connection) -> None:
    """A web process; tells its port and serves until it is killed."""
    app = create_app(settings, build_services(settings))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    _light(crossings)
    ready.send(server.server_port)
    server.serve_forever()
