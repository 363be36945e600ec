"""Pages of drafts, to be looked at before they are confirmed, and of the files of folders."""

from __future__ import annotations

from typing import Any, Final, cast

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from portal.audit.actor import Actor
from portal.deposits.attachments import attachment
from portal.deposits.filenames import shown_name
from portal.deposits.folders import KIND as FOLDER
from portal.deposits.models import Deposit, DepositFile
from portal.problems import NotFound, PortalError
from portal.ui.context import current_actor, services
from portal.ui.panels import add_panel
from portal.uploads.models import Upload
from portal.uploads.service import DraftView, Grouping, UploadService, Wish
from portal.uploads.tus import after, wish_from

blueprint = Blueprint("drafts", __name__, template_folder="templates")

#: Files on one page, and in the panel of an item's page.
_PAGE: Final = 200
_PANEL: Final = 12


@blueprint.record_once
def _panel(state: BlueprintSetupState) -> None:
    add_panel(cast(Flask, state.app), "uploads/panel.html", _files_of)


@blueprint.get("/uploads/drafts/<draft_id>")
def review(draft_id: str) -> str:
    """What is going to be deposited."""
    return _review(_uploads().view(current_actor(), draft_id))


@blueprint.post("/uploads/drafts/<draft_id>")
def confirm(draft_id: str) -> BaseResponse | tuple[str, int]:
    """Deposit it; whoever sends this twice gets the same answer."""
    given = (request.form.get(name) for name in ("grouping", "title", "note"))
    try:
        made = _uploads().confirm(current_actor(), draft_id, wish_from(*given))
    except NotFound:
        raise
    except PortalError as error:
        view = _uploads().view(current_actor(), draft_id)
        problem = gettext(error.message, **error.params)
        return _review(view, problem), error.status
    count = len(made.deposits)
    if count > 1:
        flash(ngettext("%(num)d deposit made.", "%(num)d deposits made.", count), "success")
    return redirect(after(made.deposits), code=303)


@blueprint.post("/uploads/drafts/<draft_id>/remove")
def remove(draft_id: str) -> BaseResponse:
    """Take one file out; an empty draft goes with its last one."""
    _uploads().remove(current_actor(), request.form.get("upload", ""))
    if not _uploads().view(current_actor(), draft_id).files:
        return discard(draft_id)
    page = request.form.get("page", "1")
    return redirect(url_for("drafts.review", draft_id=draft_id, page=page), code=303)


@blueprint.post("/uploads/drafts/<draft_id>/discard")
def discard(draft_id: str) -> BaseResponse:
    """Forget all of it."""
    _uploads().discard(current_actor(), draft_id)
    flash(gettext("Discarded. Nothing was deposited, and nothing of it is kept."), "info")
    return redirect(url_for("deposits.new"), code=303)


@blueprint.get("/deposits/<deposit_id>/files")
def files(deposit_id: str) -> str:
    """Every file of a folder, page by page."""
    actor = current_actor()
    deposit = services().deposits.get(actor, deposit_id)
    if deposit.kind != FOLDER:
        raise NotFound("no_folder", "This deposit is not one of several files.")
    count = deposit.file_count or 0
    pages = max(1, -(-count // _PAGE))
    page = _page(pages)
    rows = services().deposits.files(actor, deposit_id, (page - 1) * _PAGE, _PAGE)
    return render_template(
        "uploads/files.html",
        deposit=deposit,
        title=shown_name(deposit.title or deposit.filename or deposit.number),
        rows=[_row(each) for each in rows],
        page=page,
        pages=pages,
        address=lambda number: url_for("drafts.files", deposit_id=deposit_id, page=number),
    )


@blueprint.get("/deposits/<deposit_id>/files/<int:number>")
def file(deposit_id: str, number: int) -> Response:
    """One file of a folder, counted from 1, always as a download."""
    return attachment(services().deposits.file_of(current_actor(), deposit_id, number - 1))


@blueprint.get("/deposits/<deposit_id>/files.json")
def file_list(deposit_id: str) -> Response:
    """The canonical list of a folder."""
    return attachment(services().deposits.file_list(current_actor(), deposit_id))


def _uploads() -> UploadService:
    return services().uploads


def _review(view: DraftView, problem: str = "") -> str:
    pages = max(1, -(-len(view.files) // _PAGE))
    page = _page(pages)
    first = (page - 1) * _PAGE
    typed = _typed(view)
    return render_template(
        "uploads/review.html",
        view=view,
        typed=typed,
        problem=problem,
        limits=services().deposits.limits(),
        rows=[_draft_row(each) for each in view.files[first : first + _PAGE]],
        stays=any(each.stays for each in view.files),
        page=page,
        pages=pages,
        address=lambda number: url_for("drafts.review", draft_id=view.draft.id, page=number),
    )


def _typed(view: DraftView) -> Wish:
    """What was typed: into this form, else before."""
    if request.method == "POST":
        form = request.form
        given = form.get("grouping", "")
        grouping = Grouping(given) if given in set(Grouping) else view.grouping
        return Wish(grouping, form.get("title", ""), form.get("note", ""))
    return Wish(view.grouping, view.draft.title, view.draft.note)


def _page(pages: int) -> int:
    asked = request.values.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1
    return max(1, min(pages, number))


def _draft_row(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "path": shown_name(upload.path),
        "size": upload.length,
        "sha256": upload.sha256,
        "sm3": upload.sm3,
        "ready": upload.ready,
        "share": 100 * upload.offset // upload.length if upload.length else 100,
        "complete": upload.complete,
        "stays": upload.stays,
    }


def _row(file: DepositFile) -> dict[str, Any]:
    return {
        "number": file.position + 1,
        "path": shown_name(file.path),
        "size": file.size,
        "sha256": file.sha256,
        "sm3": file.sm3,
        "kept": file.vault_key is not None,
    }


def _files_of(actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    """The first files, on an item's page."""
    if deposit.kind != FOLDER:
        return None
    rows = services().deposits.files(actor, deposit.id, 0, _PANEL)
    return {"rows": [_row(each) for each in rows], "count": deposit.file_count or 0}
