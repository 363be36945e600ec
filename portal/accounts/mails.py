"""The mails accounts send, each in its reader's language.

Links are built on BASE_URL, never on the request: whoever forges a Host header must not make us
write their address into somebody's reset mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import after_this_request, url_for
from flask_babel import force_locale, gettext, lazy_gettext
from flask_security import MailUtil
from werkzeug.wrappers import Response

from portal.accounts.models import User
from portal.accounts.service import ADMINISTRATOR_EMAIL
from portal.ui.context import services, visitor_address
from portal.ui.locale import LANGUAGES, select_locale

#: what a person is told when something about their account's safety changed
NOTICES = {
    "password_changed": lazy_gettext("Your password was changed."),
    "password_reset": lazy_gettext("Your password was set anew by a link sent to this address."),
    "app_added": lazy_gettext("An authenticator app was set up for your account."),
    "app_removed": lazy_gettext("The authenticator app of your account was removed."),
    "passkey_added": lazy_gettext("A passkey was added to your account."),
    "passkey_removed": lazy_gettext("A passkey of your account was removed."),
    "recovery_used": lazy_gettext("A recovery code was used to sign in to your account."),
    "codes_slowed": lazy_gettext(
        "Somebody who knows your password gave many wrong codes. Change your password."
    ),
}


class PortalMail(MailUtil):
    """Flask-Security's mails, through our outbox and in our words.

    Addresses are stored and looked up in small letters, so that one index serves both.
    """

    def normalize(self, email: str) -> str:
        return super().normalize(email).lower()

    def validate(self, email: str) -> str:
        return super().validate(email).lower()

    def send_mail(
        self,
        template: str,
        subject: str,
        recipient: str | tuple[str, str],
        sender: Any,
        body: str | None,
        html: str | None,
        **context: Any,
    ) -> None:
        """Write the mail that ``template`` names into the outbox, in the request's transaction."""
        user: User = context["user"]
        kind = template.rpartition("/")[2]
        if kind == "welcome" or kind == "confirmation_instructions":
            send_confirmation(user, context["confirmation_token"])
        elif kind == "welcome_existing":
            _send_existing(user, context["reset_token"], context["confirmation_token"])
        elif kind == "reset_instructions":
            _send_reset(user, context["reset_token"])
        elif kind == "change_notice":
            send_notice(user, "password_changed")
        elif kind == "reset_notice":
            send_notice(user, "password_reset")
        else:
            raise ValueError(f"no mail is written for {kind}")
        after_this_request(_keep)


def send_confirmation(user: User, token: str) -> None:
    """The link that proves the address."""
    link = _address("security.confirm_email", token=token)
    with _language_of(user):
        _post(
            user,
            gettext("Confirm your e-mail address"),
            (
                gettext("Somebody, probably you, made an account with this address."),
                gettext("Open this link within two days and enter the password you chose:"),
                link,
                gettext("If it was not you, do nothing: without the link nobody can sign in."),
            ),
        )


def send_notice(user: User, notice: str) -> None:
    """Tell a person that something about their account's safety changed."""
    with _language_of(user):
        _post(
            user,
            gettext("About the safety of your account"),
            (
                str(NOTICES[notice]),
                gettext("Address it came from: %(address)s", address=visitor_address() or "—"),
                gettext("If it was not you, set a new password at once and look at your account:"),
                _address("security.forgot_password"),
            ),
        )


def _send_reset(user: User, token: str) -> None:
    with _language_of(user):
        _post(
            user,
            gettext("Choose a new password"),
            (
                gettext("Somebody, probably you, asked for a new password."),
                gettext("Open this link within one hour; it works once:"),
                _address("security.reset_password", token=token),
                gettext("If it was not you, do nothing: the old password stays."),
            ),
        )


def _send_existing(user: User, reset_token: str, confirm_token: str) -> None:
    confirm = _address("security.confirm_email", token=confirm_token) if confirm_token else ""
    with _language_of(user):
        lines = [
            gettext("Somebody, probably you, tried to make an account with this address."),
            gettext("There is one already. If you forgot its password, choose a new one here:"),
            _address("security.reset_password", token=reset_token),
        ]
        if confirm:
            lines += [gettext("Or confirm the address with the password first chosen:"), confirm]
        lines.append(gettext("If it was not you, do nothing."))
        _post(user, gettext("You have an account already"), lines)


def _post(user: User, subject: str, paragraphs: Sequence[str]) -> None:
    if user.email == ADMINISTRATOR_EMAIL:
        return  # a name made at the first start; no mailbox belongs to it
    portal = services()
    code = "zh" if select_code(user) == "zh" else "en"
    platform = getattr(portal.settings, f"platform_name_{code}")
    hello = gettext("Dear %(name)s,", name=user.name)
    text = "\n\n".join((hello, *paragraphs, f"{platform}\n{portal.settings.base_url}")) + "\n"
    portal.mail.post(portal.database.scoped, user.email, f"{subject} · {platform}", text)


def select_code(user: User) -> str:
    """The language a person reads: their own, else that of the page they are on."""
    return user.locale if user.locale in LANGUAGES else select_locale()


def _language_of(user: User) -> Any:
    return force_locale("zh" if select_code(user) == "zh" else "en")


def _address(endpoint: str, **values: Any) -> str:
    return services().settings.base_url.rstrip("/") + url_for(endpoint, **values)


def _keep(response: Response) -> Response:
    if response.status_code < 500:
        services().database.scoped.commit()
    return response
