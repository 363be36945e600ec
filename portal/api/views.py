"""The API's page: its description made readable, in the portal's frame and from its own files."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("api_docs", __name__, template_folder="templates")


@blueprint.get("/api/docs")
def page() -> str:
    """Every endpoint with what it takes and gives; signed-in visitors may try them."""
    return render_template("api/docs.html")
