"""Between the password and the session: the second step, and the confirmation of an address."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, flash, redirect, render_template, session, url_for
from flask_babel import gettext
from flask_security import UserMixin
from flask_security.confirmable import confirm_email_token_status
from flask_security.tf_plugin import TfPluginBase
from flask_security.utils import login_user, verify_password
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts.events import MFA, failed_sign_in, prove_address
from portal.accounts.forms import PasswordForm
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.security import safe_next
from portal.ui.context import services, visitor_address

#: seconds between the password and the second step
_PATIENCE: Final = 600
_PENDING: Final = "second"


class SecondStep(TfPluginBase):
    """Flask-Security asks this after a right password: one page for every kind of second factor."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)

    def create_blueprint(self, app: Flask, bp: Any, state: Any) -> None:
        """The page is in our own blueprint."""

    def get_setup_methods(self, user: UserMixin) -> list[tuple[str, str]]:
        has_one = services().accounts.factors.state(str(user.id)).any
        return [("second", "")] if has_one else []

    def tf_login(self, user: UserMixin, json_payload: Any, next_loc: str | None) -> BaseResponse:
        """Remember, signed, that the password was right; nobody is signed in yet."""
        begin_second_step(user, safe_next(next_loc, ""))
        return redirect(url_for("signin.second"), code=302)


def begin_second_step(user: UserMixin, next_page: str) -> None:
    """The password was right, just now, for this browser."""
    session.pop("tf_user_id", None)
    session[_PENDING] = {"u": user.fs_uniquifier, "t": _now(), "n": next_page}


def pending_user() -> User | None:
    """Who gave the password in this browser and owes the second step; None when it is too late."""
    waiting = session.get(_PENDING)
    if not isinstance(waiting, dict) or _now() - int(waiting.get("t", 0)) > _PATIENCE:
        return None
    query = select(User).where(User.fs_uniquifier == str(waiting.get("u")), User.active)
    with services().database.reading() as reading:
        return reading.scalar(query)


def pending_page() -> str:
    """Where the person wanted to go."""
    waiting = session.get(_PENDING)
    return safe_next(waiting.get("n") if isinstance(waiting, dict) else "")


def sign_in(user: User, way: str, strong: bool) -> None:
    """Begin the session, and record it, in one transaction."""
    portal = services()
    ours = portal.database.scoped.get_one(User, user.id)
    portal.database.scoped.commit()  # the write that follows begins its own transaction
    login_user(ours, authn_via=[way, *((MFA,) if strong else ())])
    portal.database.scoped.commit()


def confirm(token: str) -> str | BaseResponse | tuple[str, int]:
    """The link of the confirmation mail (instead of Flask-Security's view).

    It asks for the password chosen at registration: whoever registered with somebody else's
    address must not get an account in that person's name when they open the mail. And since
    nothing happens on opening the link, mail scanners may open it too.
    """
    expired, invalid, user = confirm_email_token_status(token)  # type: ignore[no-untyped-call]
    if user is None or expired or invalid or not user.active:
        flash(gettext("This link is not valid any more. Ask for a new one."), "error")
        return redirect(url_for("security.send_confirmation"))
    if user.confirmed_at is not None:
        flash(gettext("This address is confirmed already. Sign in."), "info")
        return redirect(url_for("security.login"))
    form = PasswordForm()
    if not form.validate_on_submit():
        return render_template("accounts/confirm.html", form=form, email=user.email, token=token)
    if not verify_password(form.password.data, user.password):
        failed_sign_in(user, "confirm")
        form.password.errors = [gettext("This is not the password the account was made with.")]
        page = render_template("accounts/confirm.html", form=form, email=user.email, token=token)
        return page, 422
    return _confirmed(user)


def _confirmed(user: User) -> BaseResponse:
    scoped = services().database.scoped
    ours = scoped.get_one(User, user.id)
    prove_address(ours)
    scoped.flush()
    actor = Actor(ours.id, ours.name, ours.role_names, visitor_address())
    login_user(ours, authn_via=["confirm"])
    record(scoped, actor, "account.confirmed", f"user:{ours.id}")
    scoped.commit()
    flash(gettext("Your address is confirmed. Welcome."), "success")
    return redirect(url_for("ui.home"), code=303)


def _now() -> int:
    return int(services().clock().timestamp())
