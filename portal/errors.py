"""The one place that maps errors to HTTP answers.

Below /api/ every error has one shape::

    {"error": {"code": "…", "message": "…", "field": "…" | null, "request_id": "…"}}

Elsewhere it is a page in the visitor's language. Neither ever shows a stack trace: that is in the
log, under the request id the answer names.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import structlog
from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    render_template,
    request,
)
from flask_babel import force_locale, gettext, lazy_gettext
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from chain_adapter import errors as ledger_errors
from portal.problems import Conflict, PortalError, Unavailable
from portal.security import safe_next
from portal.storage import VaultError
from portal.ui.context import is_api_request, request_id
from portal.ui.helping import error_help
from portal.ui.locale import LANGUAGES, language
from portal.vault_problems import vault_problem

log = structlog.get_logger("portal")

#: status → (code for programs, title of the page, sentence when nothing better is known)
_KNOWN = {
    400: ("bad_request", lazy_gettext("That request could not be read")),
    401: ("not_signed_in", lazy_gettext("Please sign in")),
    403: ("forbidden", lazy_gettext("This is not yours to do")),
    404: ("not_found", lazy_gettext("There is nothing here")),
    405: ("method_not_allowed", lazy_gettext("This address does not take that")),
    406: ("not_acceptable", lazy_gettext("That form is not offered")),
    409: ("conflict", lazy_gettext("This contradicts what is recorded")),
    410: ("gone", lazy_gettext("This is no longer here")),
    412: ("precondition_failed", lazy_gettext("This changed in the meantime")),
    413: ("too_large", lazy_gettext("That is too large")),
    414: ("address_too_long", lazy_gettext("That address is too long")),
    415: ("wrong_content_type", lazy_gettext("That kind of content is not taken here")),
    416: ("range", lazy_gettext("That part does not exist")),
    422: ("invalid", lazy_gettext("Something in it is not right")),
    428: ("precondition_required", lazy_gettext("Something is missing")),
    429: ("rate_limited", lazy_gettext("Too many requests")),
    431: ("headers_too_large", lazy_gettext("That is too large")),
    500: ("internal", lazy_gettext("Something went wrong on our side")),
    503: ("unavailable", lazy_gettext("Not available just now")),
}
_SENTENCES = {
    401: lazy_gettext("Sign in or send an API key."),
    404: lazy_gettext("There is nothing at this address."),
    405: lazy_gettext("This address does not answer that method."),
    406: lazy_gettext("This address has no answer in the form that was asked for."),
    410: lazy_gettext("What was here has been removed on purpose."),
    412: lazy_gettext("Somebody changed it since you last looked."),
    413: lazy_gettext("What was sent is larger than the limit."),
    415: lazy_gettext("The content type is not one this address takes."),
    414: lazy_gettext("The address is longer than the portal reads."),
    429: lazy_gettext("Too many requests from here; wait a little."),
    500: lazy_gettext("Something went wrong on our side. Nothing was done by halves."),
    503: lazy_gettext("A part of the portal that this needs cannot answer just now."),
}
#: What schemas find, so that the catalogues have it: marshmallow's words are English.
_FOUND = (
    lazy_gettext("Missing data for required field."),
    lazy_gettext("Field may not be null."),
    lazy_gettext("Unknown field."),
    lazy_gettext("Invalid input type."),
    lazy_gettext("Not a valid string."),
    lazy_gettext("Not a valid integer."),
    lazy_gettext("Not a valid boolean."),
    lazy_gettext("Not a valid list."),
    lazy_gettext("Not a valid mapping type."),
)
_CSRF = lazy_gettext(
    "This form was not sent from a current page of this portal, so nothing was done. Go back, "
    "reload the page and send it again."
)
_BUSY = Unavailable("database_busy", "The database is busy; try again in a moment.")
_FULL = Unavailable("storage_full", "There is no room left to store this; an operator is needed.")


def install(app: Flask) -> None:
    """Register the handlers; call it after extensions that bring their own."""
    app.register_error_handler(PortalError, _portal_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_busy)
    app.register_error_handler(PoolTimeout, _database_busy)
    app.register_error_handler(ledger_errors.Retryable, _ledger_busy)
    app.register_error_handler(VaultError, _vault_error)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(IntegrityError, _too_late)
    app.register_error_handler(UnicodeEncodeError, _unstorable)
    app.register_error_handler(RecursionError, _too_deep)
    app.register_error_handler(OSError, _system_error)
    app.register_error_handler(Exception, _unexpected)


def _portal_error(error: PortalError) -> Response:
    with words():
        message = gettext(error.message, **error.params)
    answer = _answer(error.status, error.code, message, error.field)
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="api"'
    if error.status in (429, 503):
        answer.headers.setdefault("Retry-After", "5")
    return answer


def _csrf_error(error: CSRFError) -> Response:
    log.warning("csrf", reason=error.description)
    with words():
        message = str(_CSRF)
    return _answer(400, "csrf", message)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:  # a redirect, or an answer made elsewhere
        return make_response(error.response)
    status = error.code or 500
    code, field = _KNOWN.get(status, _KNOWN[500 if status >= 500 else 400])[0], None
    data: Mapping[str, Any] = getattr(error, "data", None) or {}
    with words():
        message = str(_SENTENCES.get(status) or gettext(str(error.description or error.name)))
    if "messages" in data:  # what the API's schemas found
        code, (field, message) = "invalid", _first(data["messages"])
        with words():
            message = gettext(message)
    elif data.get("message"):
        message = str(data["message"])
    answer = _answer(status, code, message, field)
    for name, value in error.get_headers(request.environ):
        if name.lower() in ("allow", "retry-after", "content-range"):
            answer.headers[name] = value
    return answer


def _first(messages: Any, path: str = "") -> tuple[str | None, str]:
    """The first finding of a validation: where, and what."""
    if isinstance(messages, Mapping) and messages:
        key, inner = next(iter(messages.items()))
        # webargs' outermost level names the place (json, form, query), which says nothing.
        place = "" if not path and key in ("json", "form", "query", "files", "headers") else key
        return _first(inner, f"{path}.{place}".strip(".") if place != "" else path)
    if isinstance(messages, list) and messages:
        return _first(messages[0], path)
    return path or None, str(messages)


def _database_busy(error: Exception) -> Response:
    log.error("database", fault=type(error).__name__, detail=str(getattr(error, "orig", error)))
    _forget_visitor()
    g.frame_failed = True  # asking a database that is down once more only makes people wait
    return _portal_error(_BUSY)


def _vault_error(error: VaultError) -> Response:
    log.error("vault", fault=type(error).__name__, detail=str(error))
    return _portal_error(vault_problem(error))


def _ledger_busy(error: ledger_errors.Retryable) -> Response:
    log.error("ledger", detail=str(error))
    message = "The ledger cannot answer just now; try again in a moment."
    return _portal_error(Unavailable("ledger_unavailable", message))


def _unstorable(error: Exception) -> Response:
    log.warning("unstorable input", fault=type(error).__name__)
    with words():
        message = gettext("The input holds characters or numbers that cannot be stored.")
    return _answer(422, "unstorable", message)


def _too_late(error: IntegrityError) -> Response:
    """Two requests wanted the same thing at once; the other one has it."""
    log.warning("integrity", fault=type(error.orig).__name__)
    message = "Somebody did the same at this moment. Reload the page to see what there is now."
    return _portal_error(Conflict("conflict", message))


def _too_deep(error: RecursionError) -> Response:
    if not request.is_json:
        return _unexpected(error)
    with words():
        message = gettext("The JSON is nested too deeply.")
    return _answer(400, "json_too_deep", message)


def _system_error(error: OSError) -> Response:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        log.error("storage full", exc_info=error)
        return _portal_error(_FULL)
    return _unexpected(error)


def _unexpected(error: Exception) -> Response:
    log.error("unexpected", endpoint=request.endpoint, exc_info=error)
    _forget_visitor()
    with words():
        message = str(_SENTENCES[500])
    return _answer(500, "internal", message)


def _answer(status: int, code: str, message: str, field: str | None = None) -> Response:
    if is_api_request():
        shape = {"code": code, "message": message, "field": field, "request_id": request_id()}
        return make_response(jsonify(error=shape), status)
    return _page(status, message)


def _page(status: int, message: str) -> Response:
    title = _KNOWN.get(status, _KNOWN[500 if status >= 500 else 400])[1]
    values = {"status": status, "title": title, "message": message, "request_id": request_id()}
    if not g.get("frame_failed"):
        try:
            return make_response(render_template("error.html", **values), status)
        except Exception as error:
            log.error("error page", exc_info=error)
            _forget_visitor()
    try:
        return make_response(_bare(values), status)
    except Exception as error:  # as plain text, for the message is not escaped
        log.error("bare error page", exc_info=error)
        answer = make_response(f"{title}\n\n{message}\n\n{request_id()}\n", status)
        answer.mimetype = "text/plain"
        return answer


def _bare(values: dict[str, Any]) -> str:
    """A page without its frame, which may need just what has failed."""
    again = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else ""
    page = current_app.jinja_env.get_template("error_bare.html")
    return page.render(
        **values,
        lang=LANGUAGES[language()][0],
        help=error_help(values["status"]),
        again=safe_next(again, "") if values["status"] >= 500 else "",
    )


def _forget_visitor() -> None:
    """Answer as to a stranger when looking the visitor up is what may have failed."""
    if not hasattr(g, "_login_user"):
        g._login_user = AnonymousUserMixin()


def words() -> AbstractContextManager[Any]:
    """Programs get English unless they ask for a language; people get their own."""
    asked = request.accept_languages or not is_api_request()
    return nullcontext() if asked else force_locale("en")
