"""The blueprint that the pages of those concerned with a draw share."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("draws", __name__, url_prefix="/my/draws", template_folder="templates")
