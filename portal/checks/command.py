"""``flask --app wsgi recheck CHECK_ID``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

import click

from chain_adapter import LedgerError
from portal.audit.actor import Actor
from portal.checks.document import encode
from portal.checks.repeating import Repeated, repeat
from portal.checks.shapes import GROUPS
from portal.problems import PortalError
from portal.storage import VaultError
from portal.ui.context import services

_CLI: Final = Actor.process("cli")
DIFFERS, UNDECIDED = 1, 2


@click.command("recheck")
@click.argument("check_id")
@click.option("--json", "as_json", is_flag=True, help="Print the new report (RFC 8785).")
def recheck(check_id: str, as_json: bool) -> None:
    """Run the stored check CHECK_ID again and compare.

    Exit status: 0 every check came out as stored, 1 one did not, or the stored report was changed,
    2 it cannot be run now (unknown check, ledger or vault out of reach).
    """
    try:
        found = repeat(services().deposits.tools, _CLI, check_id)
    except (PortalError, LedgerError, VaultError, ValueError) as error:
        click.echo(f"{check_id}: {error}", err=True)
        sys.exit(UNDECIDED)
    if as_json:
        click.echo(encode(found.after).decode())
    else:
        click.echo("\n".join(_lines(found)))
    sys.exit(0 if found.same else DIFFERS)


def _lines(found: Repeated) -> Iterator[str]:
    """The groups then and now, then everything that is not as it was."""
    before, after = found.before, found.after
    yield f"{before['matter']} check {before['n']}, {before['ended_at']} → {after['ended_at']}"
    if not found.intact:
        yield "the stored report is not the one that was made: its SHA-256 differs"
    for name in GROUPS:
        was, now = before["groups"][name]["outcome"], after["groups"][name]["outcome"]
        yield f"  {name:8} {was} → {now}" if was != now else f"  {name:8} {was}"
    for each in found.differences:
        mark = "✗" if each.decisive else "·"
        yield f"{mark} {each.part} {each.what}: {each.before or '—'} → {each.after or '—'}"
    yield "the same" if found.same else "not the same"
