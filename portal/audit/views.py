"""The custody log for those who oversee it."""

from __future__ import annotations

import json

from flask import Blueprint, render_template, request

from portal.audit.service import ChainReport, head, latest, record, verify_chain
from portal.audit.words import FAULTS, act_name, role_names, way_name
from portal.security import roles_required
from portal.ui.context import current_actor, services

blueprint = Blueprint("audit", __name__, template_folder="templates")
blueprint.add_app_template_filter(act_name, "act")
blueprint.add_app_template_filter(role_names, "role_names")
blueprint.add_app_template_filter(way_name, "way")

_PAGE = 50
_LARGEST = 2**63 - 1


@blueprint.get("/audit")
@roles_required("auditor", "administrator")
def log() -> str:
    """Newest first; ``?before=`` continues after the entry with that number."""
    given = request.args.get("before", type=int)
    before = min(max(given, 1), _LARGEST) if given is not None else None
    return _page(before)


@blueprint.post("/audit/verify")
@roles_required("auditor", "administrator")
def verify() -> str:
    """Walk the whole chain and say what was found; that it was done is an entry too."""
    with services().database.reading() as session:
        report = verify_chain(session)
    detail: dict[str, str | int] = {"entries": report.size, "outcome": report.code or "intact"}
    with services().database.transaction() as session:
        record(session, current_actor(), "audit.verified", "audit:log", detail)
    return _page(None, report)


def _page(before: int | None, report: ChainReport | None = None) -> str:
    with services().database.reading() as session:
        entries, end = latest(session, _PAGE, before), head(session)
    return render_template(
        "audit/log.html",
        entries=[(entry, json.loads(entry.detail)) for entry in entries],
        head=end,
        report=report,
        fault=FAULTS.get(report.code) if report else None,
        older=entries[-1].seq if entries and entries[-1].seq > 1 else None,
        newest=before is None,
    )
