"""The blueprint that the applicant's pages share."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("matters", __name__, url_prefix="/my/matters", template_folder="templates")
