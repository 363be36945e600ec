"""Packets on pages and at the command line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from portal.accounts.models import User
from portal.app import create_app
from portal.deposits.models import Deposit
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of, put
from tests.portal.packets.conftest import World

CONTENT = b"worth keeping " * 3000


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user()


@pytest.fixture
def app(services: Services, world: World) -> Flask:
    """The portal over the world's parts."""
    over = dataclasses.replace(services, deposits=world.deposits, packets=world.packets)
    made = create_app(services.settings, over)
    made.test_client_class = PortalClient
    return made


@pytest.fixture
def spread(world: World, owner: User) -> Deposit:
    deposit = put(world.deposits, actor_of(owner), CONTENT)
    world.settle()
    return world.deposits.get(actor_of(owner), deposit.id)


def test_an_owner_sees_where_the_packets_are(
    spread: Deposit, owner: User, login: Callable[[User], PortalClient]
) -> None:
    text = login(owner).get(f"/deposits/{spread.id}").text
    assert "node-a.example" in text
    assert "任意 3 份即可还原内容" in text


def test_an_operator_has_it_reconstructed(
    world: World,
    spread: Deposit,
    login_strong: Callable[[User], PortalClient],
    make_user: MakeUser,
) -> None:
    world.tools.vault.delete(spread.vault_key or "")
    client = login_strong(make_user("operator"))
    page = "/operators/packets"
    answer = client.submit(f"{page}/reconstruct", {"number": spread.number}, page)
    assert answer.status_code == 303
    assert "正在取回" in client.get(page).text
    world.packets.advance()
    text = client.get(f"{page}/live").text
    assert "已用数据包将内容放回" in text
    assert world.tools.vault.read(spread.vault_key or "") == CONTENT
    unknown = client.submit(f"{page}/reconstruct", {"number": "NE20000101-00000000"}, page)
    assert unknown.status_code == 404


def test_the_command_line_writes_the_content_or_nothing(
    app: Flask, world: World, spread: Deposit, tmp_path: Path
) -> None:
    world.tools.vault.delete(spread.vault_key or "")
    runner, out = app.test_cli_runner(), tmp_path / "back"
    done = runner.invoke(args=["packets", "reconstruct", spread.id, str(out)])
    assert (done.exit_code, out.read_bytes()) == (0, CONTENT)
    assert "intact, used" in done.output
    assert runner.invoke(args=["packets", "reconstruct", spread.id, str(out)]).exit_code == 2
    view = world.packets.view(spread)
    assert view is not None
    for each in view.packets[:2]:
        world.nodes.stop(each.node)
    short = tmp_path / "short"
    args = ["packets", "reconstruct", spread.number, str(short), "--json"]
    failed = runner.invoke(args=args)
    assert (failed.exit_code, short.exists()) == (1, False)
    found = json.loads(failed.output)
    assert [line["state"] for line in found["lines"]][:2] == ["unreachable"] * 2
    assert list(tmp_path.glob(".short*")) == []
    wrong = runner.invoke(args=["packets", "reconstruct", "NE20000101-00000000", str(short)])
    assert wrong.exit_code == 2
