"""``flask --app wsgi packets …``"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Final, cast
from uuid import uuid4

import click
from flask.cli import AppGroup

from portal.audit.actor import Actor
from portal.packets.fetching import Report
from portal.problems import PortalError
from portal.ui.context import services

packets = AppGroup("packets", help="Content as packets at deposit nodes.")
_CLI: Final = Actor.process("cli")
SHORT, REFUSED = 1, 2


@packets.command("reconstruct")
@click.argument("deposit_id", metavar="ID")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def reconstruct(deposit_id: str, out: Path, as_json: bool) -> None:
    """Make the content of the deposit ID (or letter number) from the nodes' packets alone, into
    OUT; of several files a zip. The vault is not asked.

    Exit status: 0 OUT is the content, 1 too few packets are intact (nothing is written), 2 it
    cannot be tried (unknown deposit, no packets, content erased, OUT exists).
    """
    if out.exists():
        _refuse(f"{out} exists, and is left as it is")
    part = out.with_name(f".{out.name}.{uuid4().hex}")
    try:
        with part.open("xb") as file:
            found = _report(deposit_id, cast(BinaryIO, file))
        if found.whole:
            part.rename(out)
    except OSError as error:
        _refuse(str(error))
    finally:
        part.unlink(missing_ok=True)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        _print(found, out)
    sys.exit(0 if found.whole else SHORT)


def _report(deposit_id: str, file: BinaryIO) -> Report:
    portal = services()
    try:
        if "-" in deposit_id and len(deposit_id) == 36:
            return portal.packets.reconstruct(_CLI, deposit_id, file)
        return portal.packets.reconstruct(_CLI, portal.vouching.find(deposit_id), file)
    except PortalError as error:
        _refuse(error.message % error.params)
        raise


def _print(found: Report, out: Path) -> None:
    for each in found.lines:
        used = ", used" if each.used else ""
        why = f": {each.detail}" if each.detail else ""
        click.echo(f"{each.number:>3}  {each.node}  {each.state}{used}{why}")
    if found.whole:
        click.echo(f"the content is in {out}")
    else:
        click.echo(found.trouble, err=True)


def _refuse(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(REFUSED)
