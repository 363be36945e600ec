"""Pages of the consortium. Anybody may read them; whoever has signed in may hand messages in."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from chain_adapter.consortium import METHODS as METHOD_BITS
from chain_adapter.consortium import PERMISSIONS as PERMISSION_BITS
from chain_adapter.consortium.shapes import MAX_CONTENT, names_of, shown
from portal.consortium import words
from portal.consortium.picture import draw
from portal.consortium.reading import Reading
from portal.consortium.shown import Account
from portal.consortium.signing_words import signing_words
from portal.problems import PortalError
from portal.ui.context import current_actor, services

blueprint = Blueprint("consortium", __name__, template_folder="templates")
_PAGE: Final = 50


@blueprint.app_template_filter("permission_names")
def permission_names(found: int) -> list[str]:
    """Bits in words."""
    return [str(words.PERMISSIONS[each]) for each in names_of(found, PERMISSION_BITS)]


@blueprint.app_template_filter("method_names")
def method_names(found: int) -> list[str]:
    """Bits in words."""
    return [str(words.METHODS[each]) for each in names_of(found, METHOD_BITS)]


@blueprint.get("/consortium")
def members() -> str:
    """All members, searched and filtered, and the picture of their tree."""
    everybody = _reading().accounts()
    asked = request.args.get("q", "").strip().lower()
    standing = request.args.get("standing", "")
    found = [each for each in everybody if _fits(each, asked, standing)]
    pages = max(-(-len(found) // _PAGE), 1)
    page = min(max(request.args.get("page", 1, type=int), 1), pages)
    rows = found[(page - 1) * _PAGE : page * _PAGE]
    return _page(
        "members",
        rows=rows,
        total=len(everybody),
        found=len(found),
        asked=asked,
        standing=standing if standing in words.STANDINGS else "",
        page=page,
        pages=pages,
        picture=draw(everybody),
    )


@blueprint.get("/consortium/members/<string:identity>")
def member(identity: str) -> str:
    """One member: state, keys, branch, and every message about it."""
    reading = _reading()
    account = reading.account(identity)
    return _page(
        "member",
        account=account,
        picture=draw(reading.accounts(), identity),
        keys=reading.keys(identity),
        messages=reading.about(identity),
    )


@blueprint.get("/consortium/rule")
def rule() -> str:
    """The rule in plain words, and as it is recorded."""
    return _page("rule")


@blueprint.get("/consortium/rule.json")
def rule_file() -> Response:
    """The rule's canonical JSON."""
    return Response(_reading().overview().rule.to_json(), mimetype="application/json")


@blueprint.get("/consortium/messages")
def messages() -> str:
    """What waits for signatures, and what happened last."""
    reading = _reading()
    return _page("messages", pending=reading.pending(), latest=reading.latest())


@blueprint.post("/consortium/messages")
def handed_in() -> Response | tuple[str, int]:
    """A message that was signed elsewhere, as a file or as text."""
    file = request.files.get("file")
    given = file.stream.read(MAX_CONTENT + 1) if file and file.filename else b""
    given = given or request.form.get("text", "").encode()
    try:
        row = services().consortium.collecting.post(current_actor(), given)
    except PortalError as problem:
        reading = _reading()
        text = given.decode("utf-8", "replace")[: MAX_CONTENT + 1]
        values = {"pending": reading.pending(), "latest": reading.latest()}
        return _page("messages", problem=problem, text=text, **values), problem.status
    flash(gettext("The message was taken."), "success")
    return redirect(url_for("consortium.message", message_id=row.id), code=303)


@blueprint.get("/consortium/messages/<string:message_id>")
def message(message_id: str) -> str:
    """One message: what it asks for, who signed, who still may."""
    found = _reading().message(message_id)
    return _page("message", shown=found, encoded=found.row.content.decode())


@blueprint.get("/consortium/messages/<string:message_id>.json")
def message_file(message_id: str) -> Response:
    """The message's canonical JSON, for signing elsewhere."""
    content = _reading().message(message_id).row.content
    answer = Response(content, mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{message_id[:16]}.json"'
    return answer


@blueprint.get("/consortium/keys")
def keys() -> str:
    """The offices' keys of today, and how they followed each other."""
    return _page("keys", keys=_reading().keys())


@blueprint.get("/consortium/join")
def join() -> str:
    """The application of a new member, made and signed in the browser."""
    return _page("join", accounts=_reading().accounts()[:500])


@blueprint.get("/consortium/stream.jsonl")
def stream() -> Response:
    """Everything on the ledger, for replaying it elsewhere."""
    return Response(_reading().stream(), mimetype="application/jsonl")


def _fits(account: Account, asked: str, standing: str) -> bool:
    if standing in words.STANDINGS and account.standing != standing:
        return False
    texts = (account.identity, account.account, account.name.lower(), account.deposit_key)
    return not asked or any(asked in each for each in texts)


def _reading() -> Reading:
    return services().consortium.reading


def _page(name: str, **values: Any) -> str:
    """With what all of them show: the rule in force, and words."""
    overview = _reading().overview()
    domain = overview.domain
    return render_template(
        f"consortium/{name}.html",
        overview=overview,
        here_tab=name,
        words=words,
        domain={
            "consortium": domain.consortium.hex(),
            "chain": domain.chain,
            "contract": shown(domain.contract),
        },
        ledger_id=services().ledger.id,
        signing_words=signing_words(),
        **values,
    )
