"""What a party's script asks and hands in: JSON for people who have signed in. The script holds the
party's secret; nothing of it ever comes here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from lottery.canonical import canonical
from portal.draws.frame import draws, refusal
from portal.problems import BadInput, PortalError
from portal.ui.context import current_actor

blueprint = Blueprint("draws_json", __name__, url_prefix="/my/draws")


@blueprint.errorhandler(PortalError)
def refused(error: PortalError) -> tuple[Response, int]:
    """Scripts read errors as JSON."""
    return refusal(error)


@blueprint.get("/<draw_id>/task")
def task(draw_id: str) -> Response:
    """What this person's party has to do now, and all that its browser needs for it."""
    return jsonify(draws().task(current_actor(), draw_id))


@blueprint.get("/<draw_id>/state")
def state(draw_id: str) -> Response:
    """How it stands, for a look every few seconds."""
    draw = draws().get(current_actor(), draw_id)
    listed = draw.list
    return jsonify(
        state=draw.state,
        phase=draw.phase,
        attempt=draw.attempt,
        steps=len(draw.steps),
        sealed=not draw.steps or draw.steps[-1].sealed,
        wait=draw.wait,
        wait_reason=draw.wait_reason,
        expected=[
            {"party": each.party, "type": each.type, "handed_in": each.handed_in}
            for each in draw.expected
        ],
        list=listed
        and {
            "state": listed.state,
            "stage": listed.stage,
            "progress": listed.progress,
            "problem": listed.problem,
        },
        deposit=draw.deposit_id,
    )


@blueprint.post("/<draw_id>/join")
def join(draw_id: str) -> Response:
    """Hand in the public keys that this browser made."""
    given = _given()
    draws().join(
        current_actor(), draw_id, *(_text(given, name) for name in ("party", "key", "box"))
    )
    return jsonify(joined=True)


@blueprint.post("/<draw_id>/statements")
def statements(draw_id: str) -> Response:
    """Hand in what the party signed. It is canonicalised here: what was signed is its meaning, and
    the signature tells whether that is the same."""
    given = _given()
    signature = _text(given, "signature")
    try:
        raw = bytes.fromhex(signature)
        document = canonical(_object(given, "statement"))
        findings = canonical(_object(given, "findings")) if given.get("findings") else None
    except ValueError as error:
        message = "This is no signed statement."
        raise BadInput("statement_form", message, field="statement") from error
    taken = draws().accept(current_actor(), draw_id, document, raw, findings)
    return jsonify(type=taken.type, attempt=taken.attempt, replayed=taken.replayed)


def _given() -> dict[str, Any]:
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise BadInput("json", "Send a JSON object.")
    return given


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise BadInput("json_field", "%(name)s is missing.", field=name, name=name)
    return value


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if not isinstance(value, dict):
        raise BadInput("json_field", "%(name)s is missing.", field=name, name=name)
    return value
