"""What scripts and people take away from a public draw: JSON, tables, the record, the leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, cast

from flask import Response, current_app, jsonify, request
from flask_babel import gettext

import lottery
from portal.draws import live as live_layer
from portal.draws.public_blueprint import PIECE, blueprint, public, winners_of
from portal.draws.public_present import away
from portal.draws.service import DrawService
from portal.draws.shapes import WinnersPage
from portal.problems import BadInput, NotFound
from portal.sheets import csv_pieces
from portal.ui.context import services

#: rows that a download reads at a time
_GULP: Final = 5000
_HEX: Final = frozenset("0123456789abcdef")
#: What has been drawn does not change; that an attempt was voided meanwhile is told elsewhere.
_CACHED: Final = "public, max-age=60"


@blueprint.get("/live.json")
def live_json(draw_id: str) -> Response:
    """The first time in a process; from then on the layer before the application answers."""
    snapshots: live_layer.Snapshots = current_app.extensions[live_layer.KEY]
    snapshot = snapshots.of(draw_id)
    asked = request.headers.get("If-None-Match", "")
    unchanged = live_layer.same(asked, snapshot)
    answer = Response(b"" if unchanged else snapshot.body, 304 if unchanged else 200)
    answer.headers.update(dict(live_layer.fixed_headers(snapshot)))
    return answer


@blueprint.post("/check/find")
def find(draw_id: str) -> Response:
    """The entry of whoever's number was digested to this, with its proof."""
    asked = request.get_json(silent=True)
    lookup = asked.get("lookup") if isinstance(asked, dict) else None
    if not isinstance(lookup, str) or len(lookup) != 64 or not set(lookup) <= _HEX:
        raise BadInput("lookup", "Send the lookup as 64 hexadecimal digits.", field="lookup")
    receipt = services().draws.find(draw_id, lookup)
    if receipt is None:
        answer = jsonify(receipt=None)
        answer.status_code = 404
        return answer
    return jsonify(receipt=receipt, won=_won(draw_id, int(receipt["position"])))


@blueprint.get("/results/<int:attempt>/<int:stage>/<int:page>.json")
def piece(draw_id: str, attempt: int, stage: int, page: int) -> Response:
    """A thousand of the winners."""
    winners = winners_of(draw_id, attempt, stage, page, PIECE)
    rows = [[row.rank, row.position, int(row.alternate), *row.fields] for row in winners.rows]
    return _cached(
        {
            "stage": stage,
            "attempt": attempt,
            "page": page,
            "pages": winners.pages,
            "total": winners.total,
            "winner_count": winners.winner_count,
            "alternate_count": winners.alternate_count,
            "columns": winners.columns,
            "rows": rows,
        }
    )


@blueprint.get("/results/<int:attempt>/<int:stage>.csv")
def table(draw_id: str, attempt: int, stage: int) -> Response:
    """All of them, for spreadsheet programs."""
    first = winners_of(draw_id, attempt, stage, 1, _GULP)
    heading = [gettext("Rank"), gettext("Kind"), gettext("Position in the list")]
    heading += [gettext("Pool"), gettext("Weight"), *first.columns]
    rows = _table_rows(services().draws, draw_id, first, (gettext("Winner"), gettext("Alternate")))
    answer = Response(csv_pieces(heading, rows), mimetype="text/csv")
    return away(answer, f"draw-{draw_id[:8]}-{attempt}-{stage}.csv")


@blueprint.get("/receipt/<int:position>.json")
def receipt(draw_id: str, position: int) -> Response:
    """The proof that an entry is on the list: of those that were drawn, which are public."""
    if not _won(draw_id, position):
        message = "Proofs of entries that were not drawn are for those who know their number."
        raise NotFound("not_drawn", message)
    content = json.dumps(services().draws.receipt(draw_id, position), ensure_ascii=False)
    answer = Response(content, mimetype="application/json")
    return away(answer, f"draw-{draw_id[:8]}-entry-{position}.json")


@blueprint.get("/transcript.json")
def transcript(draw_id: str) -> Response:
    """The record as one document; with its number of steps as its name, since it grows."""
    body = services().draws.transcript(draw_id)
    answer = Response(body, mimetype="application/json")
    answer.headers["Cache-Control"] = live_layer.CACHE
    answer.headers["Content-Disposition"] = f'inline; filename="draw-{draw_id[:8]}.json"'
    answer.add_etag()
    return cast(Response, answer.make_conditional(request))


@blueprint.get("/steps/<int:n>.json")
def step(draw_id: str, n: int) -> Response:
    """The bytes of one step, as they were sealed."""
    view, content = services().draws.step(draw_id, n)
    answer = Response(content, mimetype="application/json")
    return away(answer, f"draw-{draw_id[:8]}-{n}-{view.type}.json")


@blueprint.get("/leaves.bin")
def leaves(draw_id: str) -> Response:
    """The hashes of all entries, 32 bytes each, whose tree has the list's root."""
    path = services().draws.leaves(draw_id)
    answer = Response(_pieces(path), mimetype="application/octet-stream", direct_passthrough=True)
    answer.content_length = path.stat().st_size
    return away(answer, f"draw-{draw_id[:8]}-leaves.bin")


@blueprint.get("/verifier.py")
def verifier(draw_id: str) -> Response:
    """The verifier in one file, which needs Python alone."""
    public(draw_id)
    source = Path(lottery.__file__).with_name("verifier.py").read_bytes()
    return away(Response(source, mimetype="text/x-python"), "verifier.py")


def _won(draw_id: str, position: int) -> list[dict[str, Any]]:
    """In which stages an entry was drawn, newest attempt first."""
    return [asdict(place) for place in services().draws.won(draw_id, position)]


def _table_rows(
    draws: DrawService, draw_id: str, first: WinnersPage, kinds: tuple[str, str]
) -> Iterator[tuple[str | int, ...]]:
    """Rows of the download, read while it goes out; by then the request is over."""
    page = first
    while True:
        for row in page.rows:
            yield row.rank, kinds[row.alternate], row.position, *row.fields
        if page.page >= page.pages:
            return
        page = draws.winners(draw_id, page.stage, page.page + 1, _GULP, page.attempt)


def _cached(value: dict[str, Any]) -> Response:
    answer = Response(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")), mimetype="application/json"
    )
    answer.headers["Cache-Control"] = _CACHED
    answer.add_etag()
    return cast(Response, answer.make_conditional(request))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            yield data
