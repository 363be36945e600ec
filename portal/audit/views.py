"""The custody log for those who oversee it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from chain_adapter import Check
from portal.audit.custody import Form
from portal.audit.models import AuditEntry
from portal.audit.proving import AnchorReport, CustodyReport
from portal.audit.service import head, latest
from portal.audit.words import CHECKS, FAULTS, STEPS, act_name, role_names, way_name
from portal.downloads import Download
from portal.problems import Conflict
from portal.security import roles_required
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services

blueprint = Blueprint("audit", __name__, template_folder="templates")
blueprint.add_app_template_filter(act_name, "act")
blueprint.add_app_template_filter(role_names, "role_names")
blueprint.add_app_template_filter(way_name, "way")

_OVERSEERS: Final = ("auditor", "administrator")
_PAGE: Final = 50
_SHOWN_ANCHORS: Final = 3
_LARGEST: Final = 2**63 - 1
_FORMS: Final[dict[str, tuple[Form, str]]] = {
    "csv": ("csv", "text/csv"),
    "jsonl": ("jsonl", "application/jsonl"),
}


@blueprint.get("/audit")
@roles_required(*_OVERSEERS)
def log() -> str:
    """Newest first; ``?before=`` continues after the entry with that number."""
    return _page(_number("before"))


@blueprint.post("/audit/verify")
@roles_required(*_OVERSEERS)
def verify() -> str:
    """Prove the whole log and its anchors and say what was found."""
    return _page(None, services().custody.prove(current_actor()))


@blueprint.post("/audit/anchors")
@roles_required(*_OVERSEERS)
def anchor_now() -> Response:
    """Ask for the head to be anchored; a worker does it."""
    try:
        services().custody.anchoring.ask(current_actor())
    except Conflict as error:
        flash(gettext(error.message, **error.params), "info")
        return redirect(url_for("audit.log"), code=303)
    flash(gettext("The log's end is on its way to the ledger. Reload in a moment."), "success")
    return redirect(url_for("audit.anchors"), code=303)


@blueprint.get("/audit/anchors")
@roles_required(*_OVERSEERS)
def anchors() -> str:
    """Every anchor, newest first; ``?below=`` continues after the one of that size."""
    below = _number("below")
    found = services().custody.anchors(below)
    older = found[-1].anchor.size if found and found[-1].anchor.size > 1 else None
    return render_template(
        "audit/anchors.html",
        anchors=[anchor_row(each) for each in found],
        older=older,
        newest=below is None,
        hours=services().settings.custody_anchor_hours,
    )


@blueprint.get("/audit/anchors/<anchor_id>")
@roles_required(*_OVERSEERS)
def anchor(anchor_id: str) -> str:
    """One anchor with its checks, the chain before it proved."""
    found = services().custody.anchor(anchor_id)
    return render_template(
        "audit/anchor.html", row=anchor_row(found), checks=list(check_rows(found.checks))
    )


@blueprint.get("/audit/export")
@roles_required(*_OVERSEERS)
def export() -> Response:
    """The whole log: ``?form=csv`` for people, ``jsonl`` (default) for verifying elsewhere."""
    actor, custody = current_actor(), services().custody
    form, media_type = _FORMS.get(request.args.get("form", ""), _FORMS["jsonl"])
    name = f"custody-log.{form}"
    return attachment(Download(name, media_type, lambda: custody.export(actor, form)))


def anchor_row(found: AnchorReport) -> dict[str, Any]:
    """What lists and the page of one say of an anchor."""
    bad = found.failed
    waiting = not found.ok and bad is None
    return {
        "anchor": found.anchor,
        "ok": found.ok,
        "waiting": waiting,
        "step": STEPS.get(found.anchor.state, ""),
        "problem": CHECKS[bad.code][1] if bad else "",
    }


def check_rows(checks: Iterable[Check]) -> Iterable[dict[str, Any]]:
    """Numbered checks in the reader's language, with the exact finding beside them."""
    for check in checks:
        title, fault = CHECKS[check.code]
        yield {"check": check, "title": title, "fault": fault if check.failed else ""}


def _page(before: int | None, report: CustodyReport | None = None) -> str:
    with services().database.reading() as session:
        entries, end = latest(session, _PAGE, before), head(session)
    return render_template(
        "audit/log.html",
        entries=entry_rows(entries),
        head=end,
        report=report,
        checks=_found(report) if report else [],
        fault=FAULTS.get(report.chain.code) if report else None,
        anchors=[anchor_row(each) for each in services().custody.anchors(size=_SHOWN_ANCHORS)],
        older=entries[-1].seq if entries and entries[-1].seq > 1 else None,
        newest=before is None,
    )


def entry_rows(entries: Iterable[AuditEntry]) -> list[tuple[AuditEntry, dict[str, Any]]]:
    return [(entry, json.loads(entry.detail)) for entry in entries]


def _found(report: CustodyReport) -> list[dict[str, Any]]:
    """The checks of the whole log, and of each anchor that failed its first failure."""
    bad = [each.failed for each in report.anchors if each.failed]
    return list(check_rows((*report.checks, *bad)))


def _number(name: str) -> int | None:
    given = request.args.get(name, type=int)
    return min(max(given, 1), _LARGEST) if given is not None else None
