"""``flask --app wsgi vault …``"""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.operators.orphans import census, remove
from portal.ui.context import services

vault = AppGroup("vault", help="Content as it is kept.")


@vault.command("orphans")
@click.option("--delete", is_flag=True, help="Delete what is found.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def orphans(delete: bool, as_json: bool) -> None:
    """List content that no row names and that is older than a day."""
    portal = services()
    found = census(portal.database, portal.vault, portal.clock())
    gone = remove(portal.database, portal.vault, found.orphans) if delete else 0
    if gone:
        with portal.database.transaction() as session:
            detail = {"count": gone}
            record(session, Actor.process("cli"), "vault.orphans_deleted", "vault:", detail)
    if as_json:
        facts = {"kept": found.kept, "bytes": found.bytes, "deleted": gone}
        click.echo(json.dumps({**facts, "orphans": [each.key for each in found.orphans]}))
        return
    for each in found.orphans:
        click.echo(f"{each.since:%Y-%m-%d %H:%M}  {each.size:>12}  {each.key}")
    click.echo(f"{found.kept} kept ({found.bytes} bytes), {len(found.orphans)} orphans", err=True)
    if delete:
        click.echo(f"{gone} deleted", err=True)
