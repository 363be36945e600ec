"""The commands ``flask --app wsgi audit …``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from chain_adapter import Check, Outcome
from portal.audit.actor import Actor
from portal.audit.custody import Form
from portal.audit.proving import CustodyReport
from portal.problems import PortalError
from portal.ui.context import services

_CLI = Actor.process("cli")
_TICKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?"}

audit = AppGroup("audit", help="The custody log.")


@audit.command("verify")
@click.option("--ledger", "with_ledger", is_flag=True, help="Read the whole ledger for anchors.")
@click.option("--json", "as_json", is_flag=True)
def verify(with_ledger: bool, as_json: bool) -> None:
    """Prove the whole chain and every anchor; exit status 1 names the first step that failed."""
    report = services().custody.prove(_CLI, with_ledger=with_ledger)
    if as_json:
        click.echo(json.dumps(_facts(report), ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(report)))
    if not report.ok:
        sys.exit(1)


@audit.command("anchor")
def anchor() -> None:
    """Anchor the head now. Exit status 3 when the anchor still waits; a worker goes on with it."""
    custody = services().custody
    try:
        taken = custody.anchoring.ask(_CLI)
    except PortalError as error:
        raise click.ClickException(str(error)) from error
    while custody.advance():
        pass
    found = custody.anchor(taken.id)
    click.echo("\n".join([f"anchor {taken.id}", *map(_line, found.checks)]))
    if not found.ok:
        sys.exit(3)


@audit.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--form", type=click.Choice(["csv", "jsonl"]), default="jsonl", show_default=True)
def export(file: Path, form: Form) -> None:
    """Write the whole log to FILE."""
    with file.open("wb") as out:
        out.writelines(services().custody.export(_CLI, form))
    click.echo(str(file))


def _facts(report: CustodyReport) -> dict[str, Any]:
    bad = report.failed
    return {
        "ok": report.ok,
        "size": report.chain.size,
        "head": report.chain.head,
        "found": f"{bad.title}: {bad.detail}" if bad else report.chain.sentence,
        "failed": bad.code if bad else None,
        "proven": report.proven,
        "checks": [_fact(check) for check in report.checks],
        "anchors": [
            {
                "id": each.anchor.id,
                "size": each.anchor.size,
                "ok": each.ok,
                "checks": [_fact(check) for check in each.checks],
            }
            for each in report.anchors
        ],
    }


def _fact(check: Check) -> dict[str, str | int]:
    return {
        "number": check.number,
        "code": check.code,
        "title": check.title,
        "outcome": str(check.outcome),
        "detail": check.detail,
    }


def _lines(report: CustodyReport) -> Iterator[str]:
    bad = report.failed
    yield f"FAILED at step {bad.number}: {bad.title}" if bad else report.chain.sentence
    yield f"head {report.chain.head}"
    yield f"anchored and proven: the first {report.proven} entries"
    yield from map(_line, report.checks)
    for each in report.anchors:
        yield f"anchor {each.anchor.id} of {each.anchor.size} entries"
        yield from (f"  {_line(check)}" for check in each.checks)


def _line(check: Check) -> str:
    return f"{_TICKS[check.outcome]} {check.number} {check.title}: {check.detail}"
