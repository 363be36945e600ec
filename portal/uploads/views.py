"""Pages of drafts, to be looked at before they are confirmed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.cases.tags import read_tags, split
from portal.deposits.filenames import shown_name
from portal.problems import NotFound, PortalError
from portal.signing.choosing import SIGNING_WORDS, choices
from portal.signing.reading import cosignings_from, json_of
from portal.ui.context import current_actor, services
from portal.uploads.models import Upload
from portal.uploads.service import DraftView, Grouping, UploadService, Wish
from portal.uploads.tus import after, wish_from

blueprint = Blueprint("drafts", __name__, template_folder="templates")

#: Files on one page.
_PAGE: Final = 200


@blueprint.get("/uploads/drafts/<draft_id>")
def review(draft_id: str) -> str:
    """What is going to be deposited."""
    return _review(_uploads().view(current_actor(), draft_id))


@blueprint.post("/uploads/drafts/<draft_id>")
def confirm(draft_id: str) -> BaseResponse | tuple[str, int]:
    """Deposit it; whoever sends this twice gets the same answer."""
    given = (request.form.get(name) for name in ("grouping", "title", "note"))
    case, words = request.form.get("case") or None, split(request.form.get("tags", ""))
    try:
        read_tags(words)  # what is wrong with them is told before anything is deposited
        signing = cosignings_from(
            json_of(request.form.get("signing")), request.form.get("sign_with")
        )
        wish = replace(wish_from(*given), signing=signing)
        made = _uploads().confirm(current_actor(), draft_id, wish)
    except NotFound:
        raise
    except PortalError as error:
        view = _uploads().view(current_actor(), draft_id)
        problem = gettext(error.message, **error.params)
        return _review(view, problem), error.status
    count = len(made.deposits)
    if count > 1:
        flash(gettext("Deposits made: %(count)s.", count=count), "success")
    _file(made.deposits, case, words)
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
        tags=request.form.get("tags", ""),
        problem=problem,
        signing=choices(request.form.get("sign_with", "")),
        words={name: str(sentence) for name, sentence in SIGNING_WORDS.items()},
        limits=services().deposits.limits(),
        rows=[_draft_row(each) for each in view.files[first : first + _PAGE]],
        stays=any(each.stays for each in view.files),
        page=page,
        pages=pages,
        address=lambda number: url_for("drafts.review", draft_id=view.draft.id, page=number),
    )


def _file(deposits: tuple[str, ...], case: str | None, words: list[str]) -> None:
    """Put what was deposited into its case. Should that fail, the deposits stand all the same."""
    filing = services().cases.filing
    try:
        if case is not None:
            filing.place_many(current_actor(), deposits, case, words)
        elif words:
            filing.add_tags(current_actor(), deposits, words)
    except PortalError as error:
        flash(gettext(error.message, **error.params), "error")


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
        "offset": upload.offset,
        "complete": upload.complete,
        "stays": upload.stays,
    }
