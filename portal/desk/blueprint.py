"""The blueprint of the desk, which several modules add their pages to."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")
#: Who works here, and who looks on as well.
NOTARY = "notary"
LOOKING = ("notary", "auditor")
