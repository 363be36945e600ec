"""Who may do what: default deny, roles, keys' scopes, cross-site requests, safe redirects.

Every endpoint refuses visitors who have not signed in unless it is named in
:data:`PUBLIC_ENDPOINTS`. The guard runs before any view, in this order:

1. No key in the address, no NUL in the address.
2. Who is it? An API key (below /api/), else the session.
3. Is the endpoint public, or has the visitor signed in?
4. Does a key's scope cover the method?
5. Must the password be changed first?
6. Does the request come from our own page (CSRF)?

Roles are checked by :func:`roles_required` on the view.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from flask import (
    Flask,
    Request,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask_babel import lazy_gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts.keys import PREFIX, KeyHolder, authenticate_api_key
from portal.audit.actor import Actor
from portal.organisations.acting import acting_for
from portal.problems import Forbidden, Unauthenticated
from portal.ui.context import (
    current_actor,
    is_api_request,
    services,
    this_request,
    visitor_address,
    visitor_via,
)

View = TypeVar("View", bound=Callable[..., Any])

#: endpoint → why anybody may use it
PUBLIC_REASONS = {
    "static": "style sheets, scripts and pictures",
    "ui.home": "the first page says what this is",
    "ui.favicon": "the portal's sign",
    "ui.language": "the language is chosen before signing in",
    "security.login": "where people sign in",
    "security.logout": "signing out twice is no error",
    "security.register": "where people get an account, when registration is open",
    "security.send_confirmation": "people who cannot sign in yet ask for their link again",
    "security.confirm_email": "the link of a mail; it asks for the password",
    "security.forgot_password": "whoever forgot a password cannot sign in to say so",
    "security.reset_password": "the link of a mail, good once",
    "signin.registered": "says to look into the mailbox, the same to everybody",
    "signin.second": "the second step of signing in; it knows only who gave the password",
    "signin.second_passkey": "the second step of signing in, by a passkey",
    "signin.challenge": "what a passkey is asked before anybody has signed in",
    "signin.passkey": "where people sign in by a passkey",
    "privacy.policy": "people read how long what is kept before they hand anything over",
    "verification.page": "whoever holds a file, a letter or a number may verify it",
    "verification.short": "where the QR codes of letters lead",
    "verification.examine": "whoever holds a letter or package may verify it",
    "verification.report": "whoever may verify may take the signed report away",
    "verification.report_sent": "it seals only what this portal signed a reference to",
    "verification.fre902": "whoever may verify may draft a certification of it",
    "verification.fre902_sent": "it sets only what this portal signed a reference to",
    "verification.rule17": "parties and courts ask this of every platform",
    "verification.rule17_pdf": "parties and courts ask this of every platform",
    "verification.trust": "verifiers need the anchors the office publishes",
    "explorer.latest": "anybody may audit the ledger",
    "explorer.entry": "anybody may audit the ledger",
    "announcements.dismiss": "announcements are shown, and closed, before signing in",
    "draws_public.announcement": "draws are announced to everybody",
    "draws_public.record": "anybody may audit a draw",
    "draws_public.check": "participants have no account here",
    "draws_public.find": "participants have no account here; it is asked by digest, and counted",
    "draws_public.live": "everybody may look on while a draw goes on",
    "draws_public.live_json": "everybody may look on while a draw goes on",
    "draws_public.screen": "the screen of a hall signs in nowhere",
    "draws_public.results": "what was drawn is public",
    "draws_public.stage": "what was drawn is public",
    "draws_public.winner": "what was drawn is public, with its proof",
    "draws_public.piece": "what was drawn is public",
    "draws_public.table": "what was drawn is public",
    "draws_public.receipt": "the proof of an entry that was drawn, which is public",
    "draws_public.verify": "anybody may audit a draw",
    "draws_public.transcript": "anybody may audit a draw",
    "draws_public.step": "anybody may audit a draw",
    "draws_public.leaves": "anybody may audit a draw; it holds salted hashes alone",
    "draws_public.verifier": "anybody may audit a draw",
    "published.tsa": "RFC 3161 clients carry no credentials",
    "published.checkpoint": "anybody may audit the ledger",
    "published.tile": "anybody may audit the ledger",
    "published.ledger_key": "anybody may audit the ledger",
    "published.supplement": "deposit nodes examine entries by it",
    "consortium.members": "anybody may see who belongs to the consortium",
    "consortium.member": "anybody may see who belongs to the consortium",
    "consortium.rule": "the rule is public, and so is what follows from it",
    "consortium.rule_file": "the rule is public, and so is what follows from it",
    "consortium.messages": "anybody may audit the consortium",
    "consortium.message": "anybody may audit the consortium",
    "consortium.message_file": "signers take it to a machine of their own",
    "consortium.keys": "anybody may audit the consortium",
    "consortium.stream": "anybody may replay the consortium",
    "consortium_api.Consortium": "the rule is public, and so is what follows from it",
    "consortium_api.MemberList": "anybody may see who belongs to the consortium",
    "consortium_api.MemberOne": "anybody may see who belongs to the consortium",
    "consortium_api.MessageOne": "anybody may audit the consortium",
    "nodes.show": "anybody may see who watches the ledger",
    "nodes.state": "anybody may see who watches the ledger",
    "nodes_api.Nodes": "anybody may see who watches the ledger",
    "published.root": "verifiers need the root certificate",
    "published.crl": "verifiers need the revocation list",
    "observability.healthz": "load balancers carry no credentials",
    "observability.readyz": "load balancers carry no credentials; it names parts, not details",
    "api-docs.openapi_json": "integrators read the API's description first",
    "api_docs.page": "integrators read the API's description first",
    "verification_api.DigestVerification": "whoever holds a file or a number may verify it",
    "verification_api.NumberVerification": "whoever holds a number may verify it",
    "verification_api.PackageVerification": "whoever holds a letter or package may verify it",
    "ledger_api.Checkpoint": "anybody may audit the ledger",
    "ledger_api.LedgerEntry": "anybody may audit the ledger",
    "ledger_api.LedgerProof": "anybody may audit the ledger",
    "ledger_api.Consistency": "anybody may audit the ledger",
    "ledger_api.ConsistencyProof": "anybody may audit the ledger",
}
PUBLIC_ENDPOINTS = frozenset(PUBLIC_REASONS)

#: endpoint → why a POST without our token is right
CSRF_EXEMPT = {
    "published.tsa": "an RFC 3161 client has no page of ours and no session",
    "verification.report_sent": "it changes nothing; the form's reference is signed by this portal",
    "verification.fre902_sent": "it changes nothing; the form's reference is signed by this portal",
    "verification.examine": "it changes nothing, and reading the form first would take the upload",
}

#: pages somebody with a one-time password may still use
_BEFORE_NEW_PASSWORD = frozenset(
    {"security.change_password", "security.logout", "ui.language", "static"}
)
#: beside /api/, where keys are accepted: monitors carry a key
_KEY_ENDPOINTS = frozenset({"observability.metrics"})
_KEY_IN_ADDRESS = lazy_gettext(
    "API keys are not accepted in the address, which ends up in logs. Send it in the header, "
    "Authorization: Bearer …, and revoke this one."
)
_NUL = lazy_gettext("The address holds a NUL character.")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
#: the session's entry that names the organisation chosen
ACTING_FOR = "acting_for"
#: the session's entry with those there are to choose from
ORGANISATIONS = "organisations"


class HeaderFirstCsrf(CSRFProtect):  # type: ignore[misc]
    """Looks for the token in the header first: an upload is not read before it is let in."""

    def _get_csrf_token(self) -> str | None:
        for name in current_app.config["WTF_CSRF_HEADERS"]:
            token = request.headers.get(name)
            if token:
                return str(token)
        # The API takes the token from the header only: its bodies are not forms of ours.
        return None if is_api_request() else super()._get_csrf_token()


csrf = HeaderFirstCsrf()


def install(app: Flask) -> None:
    """Put the guard before every view."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # the guard decides when, see step 6
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # as long as the session: pages stay open for hours
    csrf.init_app(app)
    app.before_request(_guard)


def roles_required(*roles: str) -> Callable[[View], View]:
    """Let only people holding one of ``roles`` call the view."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if not current_actor().has(*roles):
                message = "This needs one of these roles: %(roles)s."
                raise Forbidden("role_missing", message, roles=", ".join(roles))
            return view(*args, **kwargs)

        checked.required_roles = frozenset(roles)  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return decorate


def safe_next(target: str | None, default: str = "/") -> str:
    """``target`` when it is a path of this site, else ``default``.

    Browsers read ``\\`` as ``/`` and skip control characters and spaces, so only printable paths
    starting with exactly one slash pass.
    """
    if not target or not target.isprintable() or " " in target or "\\" in target:
        return default
    if not target.startswith("/") or target.startswith("//"):
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else target


def page_of(address: str | None, default: str = "/") -> str:
    """The path and query of the address that a browser says it is at, to come back to; ``default``
    when it is none."""
    try:
        parts = urlsplit(address or "")
    except ValueError:  # brackets around no address
        return default
    return safe_next(parts.path + (f"?{parts.query}" if parts.query else ""), default)


def refuse_anonymous() -> BaseResponse:
    """Send a visitor to sign in and back again; programs get 401."""
    if is_api_request():
        raise Unauthenticated("not_signed_in", "Sign in or send an API key.")
    here = request.full_path.rstrip("?") if request.method in _READING else ""
    if request.headers.get("HX-Request"):
        # A polling fragment of a page whose session ended: htmx then opens the sign-in page.
        here = page_of(request.headers.get("HX-Current-URL"), "")
        answer = make_response("", 401)
        answer.headers["HX-Redirect"] = _sign_in_address(here)
        return answer
    return redirect(_sign_in_address(here), code=303)


def _guard() -> BaseResponse | None:
    asked = this_request()
    if asked.endpoint is None:  # 404 and 405 are answered as such, in the visitor's frame
        if not is_api_request():
            _identify(asked)
        return None
    _refuse_bad_address(asked)  # 1
    _identify(asked)  # 2
    if asked.endpoint not in PUBLIC_ENDPOINTS and not current_actor().id:  # 3
        return refuse_anonymous()
    _check_scope(asked)  # 4
    if _must_change_password(asked):  # 5
        return _ask_for_new_password()
    _check_csrf(asked)  # 6
    return None


def _refuse_bad_address(asked: Request) -> None:
    pieces = [asked.path, *(value for values in asked.args.listvalues() for value in values)]
    if any(PREFIX in piece for piece in pieces):
        raise BadRequest(_KEY_IN_ADDRESS)
    if any("\x00" in piece for piece in pieces):
        raise BadRequest(_NUL)


def _identify(asked: Request) -> None:
    scheme, _, credentials = asked.headers.get("Authorization", "").partition(" ")
    takes_keys = is_api_request() or asked.endpoint in _KEY_ENDPOINTS
    if takes_keys and scheme:
        if scheme.lower() != "bearer":
            raise Unauthenticated("scheme", "Send the key as: Authorization: Bearer …")
        g.api_key = authenticate_api_key(services().database, credentials.strip())
        holder = g.api_key
        person = Actor(holder.user_id, holder.name, holder.roles, visitor_address(), "api")
        g.actor = _acting_by_key(person, holder.organisation_id)
    elif current_user and current_user.is_authenticated:
        user = current_user
        person = Actor(user.id, user.name, user.role_names, visitor_address(), visitor_via())
        g.actor = _acting_by_choice(person)


def _acting_by_key(person: Actor, organisation_id: str | None) -> Actor:
    """A key of an organisation works as long as the person who made it belongs to it."""
    if organisation_id is None:
        return person
    acting = acting_for(services().database, person, organisation_id)
    if acting is None:
        raise Unauthenticated("key_refused", "This API key is unknown, expired or revoked.")
    return acting


def _acting_by_choice(person: Actor) -> Actor:
    """Who acts for the organisation chosen in the site's head, while they belong to it."""
    chosen = session.get(ACTING_FOR)
    if not chosen:
        return person
    acting = acting_for(services().database, person, chosen)
    if acting is not None:
        return acting
    del session[ACTING_FOR]
    session.pop(ORGANISATIONS, None)
    if request.method in _READING or request.endpoint in PUBLIC_ENDPOINTS:
        return person
    # What was meant for the organisation must not silently be done for oneself.
    message = "You no longer belong to the organisation you were acting for; nothing was done."
    raise Forbidden("not_a_member", message)


def _check_scope(asked: Request) -> None:
    if asked.endpoint in PUBLIC_ENDPOINTS:
        return  # what anybody may do needs no scope
    key: KeyHolder | None = g.get("api_key")
    scope = "read" if asked.method in _READING else "write"
    if key is not None and scope not in key.scopes:
        message = "This key lacks the scope %(scope)s."
        raise Forbidden("scope_missing", message, scope=scope)


def _must_change_password(asked: Request) -> bool:
    if asked.endpoint in _BEFORE_NEW_PASSWORD:
        return False
    key: KeyHolder | None = g.get("api_key")
    if key is not None:
        return key.must_change_password
    return bool(current_actor().id and current_user.must_change_password)


def _ask_for_new_password() -> Response | BaseResponse:
    if is_api_request() or g.get("api_key"):
        message = "Sign in on the web page and change the one-time password first."
        raise Forbidden("password_change_required", message)
    return redirect(url_for("security.change_password"), code=303)


def _check_csrf(asked: Request) -> None:
    if asked.endpoint in CSRF_EXEMPT or g.get("api_key"):
        return  # a key is sent on purpose, never by the browser on its own
    if is_api_request() and not current_actor().id:
        return  # nobody's authority could be borrowed
    csrf.protect()


def _sign_in_address(next_page: str) -> str:
    address = url_for("security.login")
    return f"{address}?next={quote(next_page, safe='/')}" if next_page else address
