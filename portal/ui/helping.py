"""What a visitor can do about an answer that is no page: one sentence a status, and a way on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import request, url_for
from flask_babel import gettext, lazy_gettext

from portal.security import page_of, safe_next

_HELP: Final = {
    400: lazy_gettext(
        "Go back, reload the page and send it again. If you came by a link, it may have been cut "
        "off: copy it whole."
    ),
    401: lazy_gettext("Sign in first; then this page opens. Programs send an API key."),
    403: lazy_gettext(
        "Sign in with another account, act for the right organisation, or ask the office for the "
        "role. What you were doing has changed nothing."
    ),
    404: lazy_gettext(
        "Check the address or the number. Things that belong to somebody else are not shown: ask "
        "them for access, or act for the organisation they belong to."
    ),
    405: lazy_gettext(
        "Open the page itself and use its buttons; an address that belongs to a button cannot be "
        "opened by itself."
    ),
    406: lazy_gettext("Ask for one of the forms the documentation of the API names."),
    409: lazy_gettext(
        "Go back and reload the page: it shows how things stand now. Nothing was changed by halves."
    ),
    410: lazy_gettext(
        "It will not come back. The letter and the proof are still to be had on the deposit's page."
    ),
    412: lazy_gettext("Reload the page to see what there is now, then try again."),
    413: lazy_gettext(
        "Choose a smaller file, or deposit its digest only and keep the file. Nothing was stored."
    ),
    414: lazy_gettext("Shorten what you look for, or use the form instead of the address."),
    415: lazy_gettext(
        "Send what the page's form sends. A program sets Content-Type as the API's page says."
    ),
    416: lazy_gettext("Ask for the whole file."),
    422: lazy_gettext("Go back, correct what the sentence above names, and send it again."),
    429: lazy_gettext(
        "Wait a minute, then try again. Nothing is lost; only what comes too fast is not taken."
    ),
    500: lazy_gettext(
        "The fault is ours and has been logged. Nothing you deposited is lost. Try again; if it "
        "happens twice, tell the office the number below."
    ),
    503: lazy_gettext(
        "This usually passes by itself: try again in a moment. What you deposited is kept, and "
        "what is on its way goes on by itself."
    ),
}


@dataclass(frozen=True, slots=True)
class Way:
    """A link onward."""

    address: str
    label: str
    icon: str


def error_help(status: int) -> str:
    """What a visitor can do about an answer with this HTTP status."""
    return str(_HELP.get(status, _HELP[500] if status >= 500 else _HELP[400]))


def way_on(status: int) -> Way | None:
    """The most likely way on: signing in, back to the form, or the same page once more."""
    if status == 401:
        return Way(url_for("security.login"), gettext("Sign in"), "login")
    if request.method in ("GET", "HEAD"):
        if status in (429, 500, 503):
            here = safe_next(request.full_path.rstrip("?"))
            return Way(here, gettext("Try again"), "refresh")
        return None
    back = page_of(request.referrer, "")
    if not back or urlsplit(request.referrer or "").netloc != request.host:
        return None
    return Way(back, gettext("Back to the form"), "chevron-left")
