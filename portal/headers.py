"""What every answer tells the browser: where scripts may come from, and what it must not do."""

from __future__ import annotations

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
            response.vary.add("Cookie")


def install(app: Flask, settings: Settings) -> None:
    """Set the security headers on every answer, error pages included."""
    fixed = [(name.lower(), name, value) for name, value in _secure(settings).headers.items()]
    app.session_interface = PortalSessions()

    @app.after_request
    def _dress(response: Response) -> Response:
        headers = response.headers
        present = {name.lower() for name, _ in headers}
        for lowered, name, value in fixed:
            if lowered not in present:
                headers.add(name, value)
        if this_request().endpoint in SHARED:
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        elif "cache-control" not in present:
            # Nothing of a person's stays behind in a shared browser.
            headers.add("Cache-Control", "private, no-store")
        return response


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
