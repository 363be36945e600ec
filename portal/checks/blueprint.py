"""The blueprint that the check's pages share."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint(
    "checks", __name__, url_prefix="/desk/matters/<matter_id>/check", template_folder="templates"
)
