"""The portal's commands: ``flask --app wsgi …``."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask

import migrations
from portal.accounts.passwords import one_time_password
from portal.accounts.service import (
    ADMINISTRATOR_EMAIL,
    create_api_key,
    create_user,
    ensure_administrator,
    find_user,
)
from portal.audit.actor import Actor
from portal.audit.command import audit
from portal.checks.command import recheck
from portal.deposits.command import deposit_and_wait
from portal.deposits.index_command import search
from portal.jobs import Heartbeat, run_worker
from portal.operators.command import vault
from portal.packets.command import packets
from portal.problems import PortalError
from portal.ui.context import services
from portal.vouching.command import vouch

_CLI = Actor.process("cli")


def install(app: Flask) -> None:
    for command in (
        *(init, worker, deposit, create_user_command, api_key_command, audit, vault),
        *(reset_second_factor, search, recheck, vouch, packets),
    ):
        app.cli.add_command(command)


@click.command("init")
def init() -> None:
    """Create or upgrade the database, the keys and the first administrator. Harmless to repeat."""
    portal = services()  # building them made the keys
    migrations.upgrade(portal.database)
    password = ensure_administrator(portal.database, portal.settings)
    if password is not None:
        click.echo("")
        click.echo(f"  Administrator: {ADMINISTRATOR_EMAIL}")
        click.echo(f"  One-time password, shown only now: {password}")
        click.echo("")
    click.echo(f"Ready. The portal's address is {portal.settings.base_url}")


@click.command("worker")
def worker() -> None:
    """Advance deposits, deliver mail and webhooks, until told to stop."""
    portal = services()
    migrations.require_current(portal.database)
    try:
        run_worker(
            portal.settings,
            portal.advance,
            portal.housekeeping,
            portal.sidelines(),
            Heartbeat(portal.database),
        )
    finally:
        portal.webhooks.close()


@click.command("deposit")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--digest-only", is_flag=True, help="Deposit the digest; the file stays here.")
@click.option("--title", default="", help="What to call it.")
@click.option("--note", default="")
@click.option("--owner", default=ADMINISTRATOR_EMAIL, show_default=True, help="Whose deposit.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=None)
@click.option("--wait", "seconds", default=60.0, show_default=True, help="Seconds to wait.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def deposit(
    file: Path,
    digest_only: bool,
    title: str,
    note: str,
    owner: str,
    output: Path | None,
    seconds: float,
    as_json: bool,
) -> None:
    """Deposit FILE, wait for its letter, and save letter, package and token in --output.

    Without --output they are saved in the current folder. Exit status 3 when the deposit is
    accepted but still waits; nothing is lost then, and its page says for what.
    """
    portal = services()
    migrations.require_current(portal.database)
    person = find_user(portal.database, owner)
    if person is None:
        raise click.ClickException(
            f"there is no account {owner}; run 'init' or 'create-user' first"
        )
    actor = Actor(person.id, person.name, person.role_names, via="cli")
    try:
        done = deposit_and_wait(
            portal.deposits,
            actor,
            file,
            digest_only=digest_only,
            title=title,
            note=note,
            folder=output or Path.cwd(),
            patience=timedelta(seconds=seconds),
        )
    except PortalError as error:
        raise click.ClickException(str(error)) from error
    _print(done, as_json)
    if done["state"] != "issued":
        sys.exit(3)


@click.command("create-user")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", "roles", multiple=True, default=("depositor",), show_default=True)
@click.option("--password-stdin", is_flag=True, help="A lasting password, from standard input.")
def create_user_command(
    email: str, name: str, roles: tuple[str, ...], password_stdin: bool
) -> None:
    """Make an account with a one-time password, printed once and to be changed at first sign-in."""
    portal = services()
    given = sys.stdin.readline().rstrip("\n") if password_stdin else ""
    password = given if password_stdin else one_time_password()
    try:
        create_user(
            portal.database,
            portal.settings,
            _CLI,
            email,
            name,
            password,
            roles,
            must_change_password=not password_stdin,
        )
    except PortalError as error:
        raise click.ClickException(str(error)) from error
    click.echo(email if password_stdin else f"{email}: one-time password {password}")


@click.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Take app, passkeys and recovery codes away from somebody who lost them; ends their sessions.

    Check who asks first: from then on their password alone signs them in.
    """
    portal = services()
    person = find_user(portal.database, email)
    if person is None:
        raise click.ClickException(f"there is no account {email}")
    portal.accounts.factors.reset(_CLI, person.id)
    click.echo(f"{email}: no second factor any more; every session has ended")


@click.command("api-key")
@click.argument("email")
@click.option("--name", default="command line", show_default=True)
@click.option("--days", default=90, show_default=True)
@click.option("--scope", "scopes", multiple=True, default=("read", "write"), show_default=True)
def api_key_command(email: str, name: str, days: int, scopes: tuple[str, ...]) -> None:
    """Make an API key for an account; it is printed once and kept only as a hash."""
    portal = services()
    person = find_user(portal.database, email)
    if person is None:
        raise click.ClickException(f"there is no account {email}")
    actor = Actor(person.id, person.name, person.role_names, via="cli")
    try:
        click.echo(create_api_key(portal.database, actor, name, scopes, days)[1])
    except PortalError as error:
        raise click.ClickException(str(error)) from error


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        click.echo(f"{name:8} {value}")
