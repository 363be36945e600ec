"""What every answer tells the browser: where scripts may come from, and what it must not do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)

from portal.settings import Settings
from portal.ui.context import this_request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: Endpoints whose answers are the same for everybody, so that no cookie may ride along and caches
#: and pages elsewhere may keep them.
SHARED = frozenset(
    {
        "static",
        "published.checkpoint",
        "published.tile",
        "published.ledger_key",
        "published.supplement",
        "published.root",
        "published.crl",
        "published.tsa",
        "draws_public.live_json",
        "draws_public.piece",
        "draws_public.receipt",
        "draws_public.transcript",
        "draws_public.step",
        "draws_public.leaves",
        "draws_public.verifier",
        "verification.trust",
        "verification_api.NumberVerification",
        "observability.healthz",
        "observability.readyz",
    }
)

# 'wasm-unsafe-eval' lets hash-wasm digest files in the browser; it does not allow eval().
# data: pictures are those of the style sheet (arrows of select boxes).
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)


def policy(*, connect: str) -> str:
    """The content security policy of a page whose script also connects to the origin ``connect``;
    set it on that page's answer, which is left as it is."""
    return _POLICY.replace("connect-src 'self'", f"connect-src 'self' {connect}")


class PortalSessions(SecureCookieSessionInterface):
    """Flask's signed session cookie, but never on answers shared by everybody."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        # Who sends no cookie, as programs with a key do, needs no signature checked.
        if app.secret_key and "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if this_request().endpoint in SHARED:
            return
        if session or session.modified:
            super().save_session(app, session, response)
        elif session.accessed:  # empty as it was: all that the long way would do as well
            if "Vary" in response.headers:
                response.vary.add("Cookie")
            else:
                response.headers.add("Vary", "Cookie")


def install(app: Flask, settings: Settings) -> None:
    """Set the security headers on every answer, error pages included."""
    app.response_class = _dressed(tuple(_secure(settings).headers.items()))
    app.session_interface = PortalSessions()

    @app.after_request
    def _dress(response: Response) -> Response:
        if this_request().endpoint in SHARED:
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        elif "Cache-Control" not in response.headers:
            # Nothing of a person's stays behind in a shared browser.
            response.headers.add("Cache-Control", "private, no-store")
        return response


def send_with(response: Response, name: str, value: str) -> None:
    """Give ``response`` a header that nobody else sets or looks at before it is sent.

    Like the fixed ones it joins when the answer is handed to the server: as a header like all
    others it would be checked and copied three times over, which a short request feels. So its
    value must hold nothing a visitor chose freely.
    """
    vars(response).setdefault(_LAST, []).append((name, value))


#: the attribute of an answer that keeps those
_LAST = "_sent_with"


def _dressed(fixed: tuple[tuple[str, str], ...]) -> type[Response]:
    """Answers with the ``fixed`` headers, unless they have such ones of their own."""
    named = tuple((name.lower(), (name, value)) for name, value in fixed)

    class Dressed(Response):
        def get_wsgi_response(
            self, environ: WSGIEnvironment
        ) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
            body, status, headers = super().get_wsgi_response(environ)
            present = {name.lower() for name, _ in headers}
            headers += [pair for lowered, pair in named if lowered not in present]
            headers += vars(self).get(_LAST, ())
            return body, status, headers

    return Dressed


def _secure(settings: Settings) -> Secure:
    transport = None
    if settings.base_url.startswith("https://"):
        transport = StrictTransportSecurity().max_age(31_536_000)
    return Secure(
        csp=ContentSecurityPolicy().value(_POLICY),
        hsts=transport,
        xfo=XFrameOptions().deny(),
        xcto=XContentTypeOptions().nosniff(),
        # The CSRF check needs the referrer within the site; nobody else does.
        referrer=ReferrerPolicy().same_origin(),
        permissions=PermissionsPolicy().value(
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
        ),
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
    )
