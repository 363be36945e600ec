"""``flask --app wsgi vouch NUMBER``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Final

import click
from flask.cli import with_appcontext

from portal.audit.actor import Actor
from portal.problems import PortalError
from portal.ui.context import services
from portal.vouching.models import Outcome

_CLI: Final = Actor.process("cli")
_STATUS: Final = {Outcome.UNTAMPERED: 0, Outcome.TAMPERED: 1, Outcome.UNKNOWN: 2}


@click.command("vouch")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def vouch(number: str, as_json: bool) -> None:
    """Read the deposit NUMBER again and compare it with the ledger.

    Exit status: 0 untampered, 1 tampered, 2 it cannot be decided now (unknown number, ledger or
    vault out of reach).
    """
    vouching = services().vouching
    try:
        finding = vouching.verify(_CLI, vouching.find(number))
    except PortalError as error:
        click.echo(f"{number}: {error.message % error.params}", err=True)
        sys.exit(2)
    if as_json:
        click.echo(json.dumps(asdict(finding), ensure_ascii=False))
    else:
        why = f" ({finding.trouble})" if finding.trouble else ""
        click.echo(f"{number}: {finding.outcome}{why}")
        for each in finding.faults:
            click.echo(f"  {each.number} {each.code} {each.about}: {each.detail}")
    sys.exit(_STATUS[finding.outcome])
