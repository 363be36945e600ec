"""Flask-Security, set up for this portal: our addresses, our templates, our words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, url_for
from flask_login import current_user
from flask_security import Security, uia_email_mapper
from werkzeug.exceptions import UnsupportedMediaType

from portal.accounts import events, signing_in
from portal.accounts.datastore import PortalDatastore
from portal.accounts.forms import (
    ForgottenForm,
    NewPasswordForm,
    RegistrationForm,
    ResendForm,
    ResetForm,
    SignInForm,
)
from portal.accounts.mails import PortalMail
from portal.accounts.passwords import cost
from portal.accounts.service import MIN_PASSWORD
from portal.accounts.sessions import load_user
from portal.database import Database
from portal.security import safe_next
from portal.settings import Settings
from portal.ui.context import this_request


def _(sentence: str) -> str:
    """Marks a sentence for translation; Flask-Security translates it when it is shown."""
    return sentence


_WORDS = {
    "PASSWORD_NOT_PROVIDED": _("Please give a password."),
    "PASSWORD_INVALID_LENGTH": _("A password has at least %(length)s characters."),
    "RETYPE_PASSWORD_MISMATCH": _("The two passwords differ."),
    "EMAIL_NOT_PROVIDED": _("Please give an e-mail address."),
    "INVALID_EMAIL_ADDRESS": _("This is not an e-mail address."),
    "EMAIL_ALREADY_ASSOCIATED": _("This e-mail address has an account: sign in with it."),
    "INVALID_PASSWORD": _("The present password is wrong."),
    "PASSWORD_IS_THE_SAME": _("The new password is the old one: choose another."),
    "INVALID_REDIRECT": _("That address lies outside this portal."),
    "INVALID_RESET_PASSWORD_TOKEN": _("This link is not valid any more. Ask for a new one."),
    "PASSWORD_RESET_EXPIRED": _("This link is too old. Ask for a new one."),
}
_GOOD_WORDS = {
    "PASSWORD_CHANGE": _("Your password is changed."),
    "PASSWORD_RESET_NO_LOGIN": _("Your new password is kept. Sign in with it."),
    "PASSWORD_RESET_REQUEST": _(
        "If this address has an account, a link for a new password is on its way to it."
    ),
    "CONFIRMATION_REQUEST": _(
        "If this address has an account that waits for it, the link is on its way."
    ),
    "CONFIRM_REGISTRATION": _("A link to confirm the address is on its way to it."),
}


def install(app: Flask, settings: Settings, database: Database) -> Security:
    """Accounts' pages under /signin, /signout, /register and /account/password."""
    app.config.update(_configuration(settings))
    app.config.update({f"SECURITY_MSG_{name}": (text, "error") for name, text in _WORDS.items()})
    app.config.update(
        {f"SECURITY_MSG_{name}": (text, "success") for name, text in _GOOD_WORDS.items()}
    )
    security = Security(
        app,
        PortalDatastore(database.scoped),
        login_form=SignInForm,
        register_form=RegistrationForm,
        change_password_form=NewPasswordForm,
        forgot_password_form=ForgottenForm,
        reset_password_form=ResetForm,
        send_confirmation_form=ResendForm,
        mail_util_cls=PortalMail,
    )
    # Our sessions stand in our own table, and our second step has one page for every way.
    security.login_manager.user_loader(load_user)
    security.support_mfa = True
    if settings.confirm_email:
        app.view_functions["security.confirm_email"] = signing_in.confirm
    # Keys are the portal's own (portal.accounts.keys); Flask-Security's tokens, which may travel
    # in addresses, are not accepted.
    security.login_manager.request_loader(lambda _request: None)
    security.want_json(lambda _request: False)
    _load_nobody_beside_keys(security)
    events.install(app)
    app.before_request(_take_forms_alone)
    app.after_request(_stay_inside)
    return security


def _take_forms_alone() -> None:
    """Flask-Security would read JSON as well, and whose attempts are counted is read from forms
    (:mod:`portal.limits`): nobody guesses past the count.

    Raises:
        UnsupportedMediaType
    """
    asked = this_request()
    if asked.is_json and (asked.endpoint or "").startswith("security."):
        raise UnsupportedMediaType


def _load_nobody_beside_keys(security: Security) -> None:
    """What carries a key is judged by the key alone (:mod:`portal.security`), so that nobody needs
    to be looked for in a session for it."""
    loaders = security.principal.identity_loaders
    usual = list(loaders)

    def identity() -> Any:
        asked = this_request()
        if asked.path.startswith("/api/") and "Authorization" in asked.headers:
            return None
        return next((found for load in usual if (found := load()) is not None), None)

    loaders.clear()
    security.principal.identity_loader(identity)


def _stay_inside(response: Response) -> Response:
    """Flask-Security reads ``next`` by itself and is more lenient than :func:`safe_next`."""
    if request.blueprint != "security" or not response.location:
        return response
    if request.endpoint == "security.register" and not current_user.is_authenticated:
        response.location = url_for("signin.registered")  # ``next`` comes after the mail
    else:
        response.location = safe_next(response.location)
    return response


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "SECURITY_LOGIN_URL": "/signin",
        "SECURITY_LOGOUT_URL": "/signout",
        "SECURITY_REGISTER_URL": "/register",
        "SECURITY_CHANGE_URL": "/account/password",
        "SECURITY_CONFIRM_URL": "/confirm",
        "SECURITY_RESET_URL": "/forgotten",
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_LOGIN_USER_TEMPLATE": "accounts/signin.html",
        "SECURITY_REGISTER_USER_TEMPLATE": "accounts/register.html",
        "SECURITY_CHANGE_PASSWORD_TEMPLATE": "accounts/password.html",
        "SECURITY_FORGOT_PASSWORD_TEMPLATE": "accounts/forgotten.html",
        "SECURITY_RESET_PASSWORD_TEMPLATE": "accounts/reset.html",
        "SECURITY_SEND_CONFIRMATION_TEMPLATE": "accounts/resend.html",
        "SECURITY_POST_CHANGE_VIEW": "accounts.profile",
        "SECURITY_POST_REGISTER_VIEW": "signin.registered" if settings.confirm_email else "/",
        "SECURITY_REGISTERABLE": settings.registration_open,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_CONFIRMABLE": settings.confirm_email,
        "SECURITY_RECOVERABLE": True,
        "SECURITY_CONFIRM_EMAIL_WITHIN": timedelta(days=2),
        "SECURITY_RESET_PASSWORD_WITHIN": timedelta(hours=1),
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_TWO_FACTOR_IMPLEMENTATIONS": {"second": "portal.accounts.signing_in.SecondStep"},
        "SECURITY_SEND_REGISTER_EMAIL": settings.confirm_email,
        "SECURITY_EMAIL_PLAINTEXT": False,  # written in portal.accounts.mails
        "SECURITY_EMAIL_HTML": False,
        # What is hashed with these is no password: a stored hash, or an address in a signed token
        # that only this address receives.
        "SECURITY_HASHING_SCHEMES": ["hex_sha256"],
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "SECURITY_USER_IDENTITY_ATTRIBUTES": [
            {"email": {"mapper": uia_email_mapper, "case_insensitive": False}}
        ],
        "SECURITY_FRESHNESS": timedelta(seconds=-1),
        "SECURITY_STATIC_FOLDER": None,
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_I18N_DOMAIN": "messages",
        "SECURITY_I18N_DIRNAME": str(Path(__file__).parent / "translations"),
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        # argon2 salts by itself; Flask-Security's HMAC around it would bind every stored
        # password to one more secret that can be lost.
        "SECURITY_PASSWORD_SINGLE_HASH": {"argon2"},
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": cost(settings).for_passlib(),
        "SECURITY_PASSWORD_LENGTH_MIN": MIN_PASSWORD,
        "SECURITY_JOIN_USER_ROLES": True,
    }
