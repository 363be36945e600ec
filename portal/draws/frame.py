"""What the pages of one draw have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, make_response, render_template
from flask_babel import gettext

from portal.draws import naming, present
from portal.draws.shapes import DrawView
from portal.problems import PortalError
from portal.ui.context import services

if TYPE_CHECKING:
    from portal.draws.service import DrawService


def draws() -> DrawService:
    return services().draws


def framed(template: str, draw: DrawView, endpoint: str, **values: Any) -> str:
    """A page of the draw, with its head and tabs; ``endpoint``: the tab that is open."""
    return render_template(
        template,
        draw=draw,
        name=present.title(draw),
        tab=endpoint,
        naming=naming,
        state=naming.STATES[draw.state],
        **values,
    )


def refusal(error: PortalError) -> tuple[Response, int]:
    """An error as scripts of these pages read it."""
    message = gettext(error.message, **error.params)
    shape = {"code": error.code, "message": message, "field": error.field}
    return make_response(jsonify(error=shape)), error.status
