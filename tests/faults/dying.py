"""Processes that kill themselves with SIGKILL at their n-th crossing of an outside boundary.

A crossing is the moment before and the moment after each call that has an effect elsewhere: storing
content, obtaining tokens, writing the ledger, and each database transaction. Counting crossings up
from 1 kills between every two effects there are.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from multiprocessing.connection import Connection
from typing import Any

from werkzeug.serving import make_server

from chain_adapter.tlog import TlogLedger
from portal.app import create_app
from portal.audit.actor import Actor
from portal.database import Database
from portal.deposits.service import DepositService
from portal.services import build_services
from portal.settings import Settings
from portal.storage import Vault
from portal.storage.intake import Intake
from portal.uploads.service import Grouping, Wish
from tests.portal.deposits.pending import PendingLedger
from timestamping.stamper import Stamper

#: A server that forks children with everything imported, and no threads or connections of a test.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


class _Fuse:
    """Burns down with each crossing; at nothing left the process is gone."""

    def __init__(self, crossings: int) -> None:
        self._left = crossings
        self._lock = threading.Lock()

    def cross(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def guard(self, owner: type, name: str) -> None:
        method: Callable[..., Any] = getattr(owner, name)

        @wraps(method)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            self.cross()
            result = method(*args, **kwargs)
            self.cross()
            return result

        setattr(owner, name, guarded)

    def guard_transactions(self, name: str) -> None:
        transaction = getattr(Database, name)

        @contextmanager
        def guarded(database: Database) -> Iterator[Any]:
            self.cross()
            with transaction(database) as session:
                yield session
                self.cross()  # everything is written and nothing committed
            self.cross()

        setattr(Database, name, guarded)


def _light(crossings: int) -> None:
    """Arm this process; 0 crossings means that it lives."""
    if not crossings:
        return
    fuse = _Fuse(crossings)
    fuse.guard_transactions("transaction")
    fuse.guard_transactions("writing")
    for owner, name in (
        (Stamper, "stamp_many"),
        (TlogLedger, "append"),
        (PendingLedger, "append"),
        (Vault, "put"),
        (Intake, "keep"),
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
