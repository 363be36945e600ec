"""The blueprint of a draw's public pages, and what all of them begin with."""

from __future__ import annotations

from typing import Final, cast

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from portal.draws import live as live_layer
from portal.draws.shapes import PublicDraw, WinnersPage
from portal.problems import NotFound
from portal.ui.context import services

blueprint = Blueprint(
    "draws_public", __name__, url_prefix="/draws/<draw_id>", template_folder="templates"
)

#: rows of a page that people turn, and of a piece that scripts fetch
PAGE: Final = 100
PIECE: Final = 1000


@blueprint.record_once
def _layer(state: BlueprintSetupState) -> None:
    """Polls are answered in front of the application this blueprint becomes part of."""
    app = state.app

    def read(draw_id: str) -> tuple[bytes, str]:
        portal = app.extensions["notary"]
        return cast(tuple[bytes, str], portal.draws.live(draw_id))

    https = app.extensions["notary"].settings.base_url.startswith("https://")
    live_layer.install(app, read, https=https)


def public(draw_id: str) -> PublicDraw:
    return services().draws.public(draw_id)


def winners_of(draw_id: str, attempt: int, stage: int, page: int, size: int) -> WinnersPage:
    """Raises NotFound for a page that is none: an address somebody invented."""
    if page < 1:
        raise no_such_page()
    found = services().draws.winners(draw_id, stage, page, size, attempt)
    if not found.rows and page > 1:
        raise no_such_page()
    return found


def no_such_page() -> NotFound:
    return NotFound("no_such_page", "Not so many were drawn.")
