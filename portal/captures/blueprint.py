"""The blueprint that all pages of captures share."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("captures", __name__, template_folder="templates")
