"""``flask search …``: the index that finds deposits."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from portal.deposits.indexing import BATCH
from portal.ui.context import services

search = AppGroup("search", help="The index that finds deposits.")


@search.command("rebuild")
def rebuild() -> None:
    """Forget the index and make it anew from the custody log.

    The portal goes on meanwhile; lists that search or filter say that they are catching up. Workers
    do the same by themselves after an upgrade.
    """
    deposits = services().deposits
    deposits.rebuild_index()
    done = 0
    while count := deposits.index(4 * BATCH):
        done += count
        click.echo(f"\r{done}", nl=False, err=True)
    click.echo(f"\r{done} deposits indexed; what came in the last seconds follows by itself.")
