"""The application factory: short steps, in the order they take effect on a request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
from flask import Flask, request
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

import migrations
from portal import cli, errors, headers, limits, logs, observability, security
from portal.accounts import extension as accounts_extension
from portal.accounts import identity_views, safety_views, signin_views
from portal.accounts import views as accounts_views
from portal.announcements import views as announcements_views
from portal.api import key as key_api
from portal.api import views as api_views
from portal.api.description import PortalApi
from portal.audit import views as audit_views
from portal.captures import operator_views as desktops_views
from portal.captures import views as captures_views
from portal.cases import views as cases_views
from portal.certificates import views as certificates_views
from portal.checks import views as checks_views
from portal.consortium import api as consortium_api
from portal.consortium import views as consortium_views
from portal.deposits import api as deposits_api
from portal.deposits import views as deposits_views
from portal.deposits.uploads import UploadRequest
from portal.desk import views as desk_views
from portal.draws import public_views as draws_public
from portal.draws import views as draws_views
from portal.draws import views_json as draws_json
from portal.explorer import api as ledger_api
from portal.explorer import views as explorer_views
from portal.imports import views as imports_views
from portal.keyring import Keyring
from portal.matters import views as matters_views
from portal.nodes import api as nodes_api
from portal.nodes import views as nodes_views
from portal.operators import people as people_views
from portal.operators import views as operators_views
from portal.organisations import views as organisations_views
from portal.organisations import views_access as access_views
from portal.organisations import views_joining as joining_views
from portal.packets import views as packets_views
from portal.privacy import account_views as own_views
from portal.privacy import views as privacy_views
from portal.published import views as published_views
from portal.services import Services, build_services
from portal.settings import Settings
from portal.signing import api as signing_api
from portal.signing import views as signing_views
from portal.ui import views as ui_views
from portal.ui.locale import select_locale
from portal.uploads import tus as uploads_tus
from portal.uploads import views as uploads_views
from portal.verification import api as verification_api
from portal.verification import views as verification_views
from portal.vouching import views as vouching_views
from portal.webhooks import api as webhooks_api
from portal.webhooks import views as webhooks_views

#: Modules with a ``blueprint`` of pages, and those that the API's description lists.
_PAGES = (
    observability,
    ui_views,
    accounts_views,
    signin_views,
    safety_views,
    identity_views,
    audit_views,
    published_views,
    deposits_views,
    verification_views,
    explorer_views,
    nodes_views,
    consortium_views,
    uploads_tus,
    uploads_views,
    api_views,
    matters_views,
    organisations_views,
    joining_views,
    access_views,
    webhooks_views,
    announcements_views,
    operators_views,
    people_views,
    cases_views,
    captures_views,
    desktops_views,
    draws_public,
    draws_views,
    draws_json,
    desk_views,
    checks_views,
    certificates_views,
    signing_views,
    imports_views,
    privacy_views,
    own_views,
    vouching_views,
    packets_views,
)
_APIS = (
    deposits_api,
    verification_api,
    ledger_api,
    nodes_api,
    consortium_api,
    key_api,
    webhooks_api,
    signing_api,
)
_HERE = Path(__file__).parent
#: seconds
_YEAR: Final = 365 * 24 * 3600


class _Portal(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """``func`` itself: nothing here is a coroutine (a test says so), and finding that out anew
        for each of the twenty functions around a view takes a fortieth of a short request."""
        return func

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """A year where the address carries the content's digest. Modules import each other by plain
        names: those are asked for again each time, and mostly answered with 304."""
        return _YEAR if "v" in request.args else None


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The portal as a WSGI application.

    Args:
        settings: read from the environment when None.
        services: built from the settings when None; tests hand in their own.

    Raises:
        migrations.SchemaBehindError: the database needs ``flask --app wsgi init``. Not under the
            ``flask`` command, which is how one runs that.
    """
    settings = settings or (services.settings if services else Settings())
    logs.configure_logging(settings.log_level)
    services = services or build_services(settings)
    if click.get_current_context(silent=True) is None:
        migrations.require_current(services.database)
    app = _Portal("portal", static_folder="ui/static", root_path=str(_HERE))
    app.request_class = UploadRequest
    app.extensions["notary"] = services
    _configure(app, settings)
    _proxies(app, settings)
    observability.install(app, settings)
    headers.install(app, settings)
    _languages(app, settings)
    limits.install(app, settings)
    accounts_extension.install(app, settings, services.database)
    security.install(app)
    api = _api(app)
    _features(app, api)
    errors.install(app)
    cli.install(app)
    app.teardown_appcontext(lambda _error: services.database.scoped.remove())
    return app


def _configure(app: Flask, settings: Settings) -> None:
    https = settings.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=_secret_key(settings),
        # The prefix makes browsers refuse such a cookie from other hosts and over http.
        SESSION_COOKIE_NAME="__Host-notary" if https else "notary",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
    )
    if settings.production:
        host = urlsplit(settings.base_url).hostname or ""
        app.config["TRUSTED_HOSTS"] = [host, "127.0.0.1", "localhost"]


def _secret_key(settings: Settings) -> str:
    """SECRET_KEY, or one made at the first start and kept where only the service reads it."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    return Keyring(settings.path("keys"), settings.passphrase).secret("session").hex()


def _proxies(app: Flask, settings: Settings) -> None:
    count = settings.trusted_proxies
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )


def _languages(app: Flask, settings: Settings) -> None:
    """Each feature brings its own catalogue; msgids are the English sentences."""
    folders = sorted(str(folder) for folder in _HERE.glob("*/translations"))
    app.config.update(
        BABEL_DEFAULT_LOCALE=settings.default_locale,
        BABEL_DEFAULT_TIMEZONE=settings.timezone,
        BABEL_TRANSLATION_DIRECTORIES=";".join(folders),
    )
    Babel(app, locale_selector=select_locale)


def _api(app: Flask) -> PortalApi:
    app.config.update(
        API_TITLE="Notary Evidence Portal",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    return PortalApi(app, security.PUBLIC_ENDPOINTS)


def _features(app: Flask, api: PortalApi) -> None:
    for feature in _PAGES:
        app.register_blueprint(feature.blueprint)
    for described in _APIS:
        api.register_blueprint(described.blueprint)
