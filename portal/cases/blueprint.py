"""The blueprint of cases, which several modules add their pages to."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("cases", __name__, template_folder="templates")
