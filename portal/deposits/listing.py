"""The list of deposits: asked for, paged, counted, and taken away as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from portal.deposits import choices, present
from portal.deposits.asking import MAX_TEXT, SIZES, Asked, asked_for
from portal.deposits.blueprint import blueprint
from portal.deposits.models import Deposit
from portal.deposits.service import Amount, DepositService, Sort
from portal.downloads import Download
from portal.search import MOST_SORTED
from portal.sheets import Cell, csv_pieces
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services


@blueprint.get("/deposits")
def listing() -> str:
    """``?text= state= kind= since= until= case= tag= owner= sort= size= cursor=``."""
    asked, actor = _asked(), current_actor()
    cursor = request.args.get("cursor") or None
    page = _deposits().page(actor, asked.wanted, cursor, asked.size)
    tags = services().cases.filing.tags([row.id for row in page.items])
    total = _deposits().count(actor, asked.wanted)
    address: dict[str, Any] = dict(asked.address)
    return render_template(
        "deposits/list.html",
        rows=[present.row(deposit) for deposit in page.items],
        tags=tags,
        asked=asked,
        choices=choices.choices(bool(actor.organisation)),
        sizes=SIZES,
        max_text=MAX_TEXT,
        chips=_chips(asked),
        total=total,
        behind=page.behind,
        continued=cursor is not None,
        first=_address(asked.address),
        further=_address(asked.address, cursor=page.cursor) if page.cursor else None,
        export=url_for("deposits.export", **address),
        sorted_part=_sorted_part(asked, total),
    )


@blueprint.get("/deposits/export.csv")
def export() -> Response:
    """The list as CSV, with the filter of the page: all of it, streamed."""
    asked, actor = _asked(), current_actor()
    text, deposits, zone = urlencode(asked.address), _deposits(), services().settings.zone

    def begin() -> Iterator[bytes]:
        rows = deposits.export(actor, asked.wanted, text)
        return csv_pieces(_HEADING, (_cells(row, zone) for row in rows))

    return attachment(Download("deposits.csv", "text/csv", begin))


def _asked() -> Asked:
    return asked_for(request.args, services().settings.zone)


def _deposits() -> DepositService:
    return services().deposits


def _sorted_part(asked: Asked, total: Amount) -> int | None:
    """How many stand in the order asked for, when that need not be all."""
    by_key = asked.wanted.sort in (Sort.TITLE, Sort.SIZE)
    return MOST_SORTED if by_key and asked.given and total.more else None


def _address(parameters: dict[str, str], **more: str) -> str:
    values: dict[str, Any] = {**parameters, **more}
    return url_for("deposits.listing", **values)


def _chips(asked: Asked) -> list[tuple[str, str]]:
    """What narrows the list in words, each with the address of the list without it."""
    rest = asked.address
    found = []
    for name, value in asked.given.items():
        others = {key: each for key, each in rest.items() if key != name}
        found.append((_said(name, value), _address(others)))
    return found


def _said(name: str, value: str) -> str:
    if name == "case":
        known = services().cases.offered(current_actor())
        value = next((case.name for case in known if case.id == value), value)
    return choices.chip(name, value)


#: Codes, not words: what is read by programs is the same in every language.
_HEADING: Final = (
    *("number", "title", "filename", "kind", "size", "sha256", "sm3", "state", "waits_for"),
    *("received_at", "timestamped_at", "anchored_at", "issued_at", "note"),
)


def _cells(row: Deposit, zone: ZoneInfo) -> tuple[Cell, ...]:
    def at(moment: datetime | None) -> str:
        return moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""

    times = (row.received_at, row.gen_time, row.anchored_at, row.issued_at)
    return (
        *(row.number, row.title, row.filename, row.kind, row.size, row.sha256, row.sm3),
        *(str(row.state), row.wait_reason, *map(at, times), row.note),
    )
