"""A whole portal whose ledger four node programs watch, each a process of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from chain_adapter.node.setup import Wanted
from chain_adapter.tlog import TlogLedger
from portal.accounts.models import User
from portal.accounts.service import create_user
from portal.app import create_app
from portal.audit.actor import Actor
from portal.deposits.models import Deposit, State
from portal.deposits.service import Metadata
from portal.keyring import Keyring
from portal.services import Services, build_services
from portal.settings import Environment, Settings
from tests.chain_adapter.node.serving import NodeProcess
from tests.portal.client import PASSWORD, PortalClient
from tests.portal.templates import sqlite_template
from tests.ports import free_ports
from timestamping.authority.pki import Pki

ORIGIN = "village.example/ledger"
LETTERS = "abcd"


@dataclass
class Village:
    """``user`` is a depositor; ``nodes`` run."""

    settings: Settings
    services: Services
    app: Flask
    nodes: list[NodeProcess]
    user: User

    @property
    def actor(self) -> Actor:
        return Actor(self.user.id, self.user.name, frozenset({"depositor"}))

    def client(self) -> PortalClient:
        client = self.app.test_client()
        assert isinstance(client, PortalClient)
        assert client.sign_in(self.user.email).status_code == 302
        return client

    def deposit(self, content: bytes) -> Deposit:
        intake = self.services.deposits.intake()
        intake.write(content)
        return self.services.deposits.receive_file(self.actor, intake, Metadata()).deposit

    def now(self, deposit: Deposit) -> Deposit:
        return self.services.deposits.get(self.actor, deposit.id)

    def work(self, until: Callable[[], bool], seconds: float = 60.0) -> None:
        """As the worker does, until something holds."""
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, "it never came about"
            if not self.services.advance() + self.services.deposits.follow():
                time.sleep(0.1)

    def issued(self, deposit: Deposit) -> Deposit:
        """Waits for the letter, and nudges nothing."""
        self.work(lambda: self.now(deposit).state == State.ISSUED)
        return self.now(deposit)

    def waits(self, deposit: Deposit) -> Deposit:
        self.work(lambda: self.now(deposit).wait_reason is not None)
        return self.now(deposit)


@contextmanager
def village(base: Path, *, port: int = 0, **changes: Any) -> Iterator[Village]:
    """All of it running. ``changes`` are settings; in ``ledgers`` the watched one comes first."""
    own, *ports = free_ports(1 + len(LETTERS))
    own = port or own
    others = changes.pop("ledgers", "")
    values: dict[str, Any] = {
        "environment": Environment.TEST,
        "data_dir": base / "var",
        "base_url": f"http://127.0.0.1:{own}",
        "ledgers": f"witness:ledger#origin={ORIGIN}&policy=policy.json {others}".strip(),
        "rate_limit": "100000 per minute",
        "sign_in_rate_limit": "1000 per minute",
    }
    settings = Settings(_env_file=None, **(values | changes))
    nodes = _nodes(base, settings, own, ports)
    sqlite_template(base)(settings.database)
    with ExitStack() as stack:
        services = build_services(settings)
        stack.callback(services.close)
        app = create_app(settings, services)
        app.test_client_class = PortalClient
        server = make_server("127.0.0.1", own, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        for node in nodes:
            node.launch()
            stack.callback(node.kill)
        for node in nodes:
            node.wait()
        user = create_user(
            services.database,
            settings,
            Actor.process("cli"),
            email="user@example.com",
            name="张伟",
            password=PASSWORD,
            roles=("depositor",),
        )
        yield Village(settings, services, app, nodes, user)


def _nodes(base: Path, settings: Settings, own: int, ports: list[int]) -> list[NodeProcess]:
    """The nodes' folders, and the policy that names them."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TlogLedger(settings.path("ledger"), origin=ORIGIN) as plain:
        vkey = plain.vkey
    pki = Pki.open(
        settings.path("keys/pki"),
        passphrase=None,
        base_url=settings.base_url,
        organisation=settings.platform_name_zh,
        key_type=settings.tsa_key_type,
    )
    roots = base / "roots.pem"
    roots.write_text(pki.trust().roots_pem())
    key = Keyring(settings.path("keys"), None).entry_key()
    nodes = []
    for letter, port in zip(LETTERS, ports, strict=True):
        wanted = Wanted(
            f"node-{letter}.example",
            listen=f"127.0.0.1:{port}",
            vkey=vkey,
            url=f"http://127.0.0.1:{own}/ledger",
            platforms=(key.public,),
            tsa=str(roots),
            stamper=f"http://127.0.0.1:{own}/tsa",
        )
        nodes.append(NodeProcess(base / f"node-{letter}", wanted))
        nodes[-1].url = f"http://{wanted.listen}"
    policy = {
        "need": 3,
        "nodes": [{"name": each.name, "vkey": each.vkey, "url": each.url} for each in nodes],
    }
    settings.path("policy.json").write_text(json.dumps(policy))
    return nodes
