"""Flask-Security, set up for this portal: our addresses, our templates, our words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask_security import MailUtil, Security, uia_email_mapper

from portal.accounts import events
from portal.accounts.datastore import PortalDatastore
from portal.accounts.forms import NewPasswordForm, RegistrationForm, SignInForm
from portal.accounts.passwords import cost
from portal.accounts.service import MIN_PASSWORD
from portal.database import Database
from portal.security import safe_next
from portal.settings import Settings


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
}


class SmallLetters(MailUtil):
    """Addresses are stored and looked up in small letters, so that one index serves both."""

    def normalize(self, email: str) -> str:
        return super().normalize(email).lower()

    def validate(self, email: str) -> str:
        return super().validate(email).lower()


def install(app: Flask, settings: Settings, database: Database) -> Security:
    """Accounts' pages under /signin, /signout, /register and /account/password."""
    app.config.update(_configuration(settings))
    app.config.update({f"SECURITY_MSG_{name}": (text, "error") for name, text in _WORDS.items()})
    app.config["SECURITY_MSG_PASSWORD_CHANGE"] = (_("Your password is changed."), "success")
    security = Security(
        app,
        PortalDatastore(database.scoped),
        login_form=SignInForm,
        register_form=RegistrationForm,
        change_password_form=NewPasswordForm,
        mail_util_cls=SmallLetters,
    )
    # Keys are the portal's own (portal.accounts.keys); Flask-Security's tokens, which may travel
    # in addresses, are not accepted.
    security.login_manager.request_loader(lambda _request: None)
    security.want_json(lambda _request: False)
    events.install(app)
    app.after_request(_stay_inside)
    return security


def _stay_inside(response: Response) -> Response:
    """Flask-Security reads ``next`` by itself and is more lenient than :func:`safe_next`."""
    if request.blueprint == "security" and response.location:
        response.location = safe_next(response.location)
    return response


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "SECURITY_LOGIN_URL": "/signin",
        "SECURITY_LOGOUT_URL": "/signout",
        "SECURITY_REGISTER_URL": "/register",
        "SECURITY_CHANGE_URL": "/account/password",
        "SECURITY_LOGIN_USER_TEMPLATE": "accounts/signin.html",
        "SECURITY_REGISTER_USER_TEMPLATE": "accounts/register.html",
        "SECURITY_CHANGE_PASSWORD_TEMPLATE": "accounts/password.html",
        "SECURITY_POST_CHANGE_VIEW": "accounts.profile",
        "SECURITY_REGISTERABLE": settings.registration_open,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_SEND_REGISTER_EMAIL": False,
        "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": False,
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
