"""The steps of signing in beside the password: codes and passkeys."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import ceremonies
from portal.accounts.events import failed_sign_in
from portal.accounts.factors import MAX_FAILURES
from portal.accounts.forms import CodeForm
from portal.accounts.mails import send_notice
from portal.accounts.models import User
from portal.accounts.sessions import visit
from portal.accounts.signing_in import pending_page, pending_user, sign_in
from portal.problems import BadInput, PortalError
from portal.security import safe_next
from portal.ui.context import services

blueprint = Blueprint("signin", __name__, template_folder="templates")


@blueprint.app_context_processor
def _origin() -> dict[str, object]:
    """The sign-in page is Flask-Security's to render; this is what it needs beyond that."""
    return {"security_origin": lambda: services().accounts.passkeys.party.origins[0]}


@blueprint.get("/register/sent")
def registered() -> str:
    """After registering: look into the mailbox. The same for everybody, whoever has an account."""
    session.pop("_flashes", None)  # Flask-Security's note says what this page says
    return render_template("accounts/registered.html")


@blueprint.route("/signin/second", methods=["GET", "POST"])
def second() -> str | BaseResponse | tuple[str, int]:
    """The code of an app, a recovery code, or a passkey, after the password."""
    user = pending_user()
    if user is None:
        flash(gettext("Begin with your password."), "info")
        return redirect(url_for("security.login"), code=303)
    form = CodeForm()
    if not form.validate_on_submit():
        return _second_page(user, form)
    portal, target = services(), pending_page()
    try:
        way = portal.accounts.factors.check_code(user.id, form.code.data, visit())
    except PortalError as error:
        _note_failure(user, error)
        form.code.errors = [gettext(error.message, **error.params)]
        return _second_page(user, form), error.status
    sign_in(user, way, strong=True)
    if way == "recovery":
        _tell_recovery(user)
    return redirect(target, code=303)


@blueprint.post("/signin/passkey/challenge")
def challenge() -> Response:
    """What a passkey is asked: of the person who gave the password, else of whoever it is."""
    user, passkeys = pending_user(), services().accounts.passkeys
    if user is not None and request.args.get("step") == "second":
        asked = passkeys.ask(user.id, must_verify=False)
        ceremonies.keep(asked, "second", user.id)
    else:
        asked = passkeys.ask(None, must_verify=True)
        ceremonies.keep(asked, "signin")
    return Response(asked.options, mimetype="application/json")


@blueprint.post("/signin/passkey")
def passkey() -> BaseResponse:
    """Sign in by a passkey alone, its device having checked who holds it."""
    answer = request.form.get("credential", "")
    try:
        asked = ceremonies.taken("signin")
        proven = services().accounts.passkeys.check(answer, asked, None, must_verify=True)
    except BadInput as error:
        failed_sign_in(None, "passkey")
        flash(gettext(error.message, **error.params), "error")
        return redirect(url_for("security.login"), code=303)
    sign_in(proven.user, "passkey", strong=proven.strong)
    return redirect(safe_next(request.form.get("next")), code=303)


@blueprint.post("/signin/second/passkey")
def second_passkey() -> BaseResponse:
    """A passkey as the second step."""
    user, target = pending_user(), pending_page()
    if user is None:
        return redirect(url_for("security.login"), code=303)
    try:
        asked = ceremonies.taken("second", user.id)
        answer = request.form.get("credential", "")
        services().accounts.passkeys.check(answer, asked, user.id, must_verify=False)
    except BadInput as error:
        _note_failure(user, error, "passkey")
        flash(gettext(error.message, **error.params), "error")
        return redirect(url_for("signin.second"), code=303)
    sign_in(user, "passkey", strong=True)
    return redirect(target, code=303)


def _second_page(user: User, form: CodeForm) -> str:
    state = services().accounts.factors.state(user.id)
    origin = services().accounts.passkeys.party.origins[0]
    return render_template("accounts/second.html", form=form, state=state, passkey_origin=origin)


def _note_failure(user: User, error: PortalError, way: str = "code") -> None:
    failed_sign_in(user, way)
    portal = services()
    begins = isinstance(error, BadInput) and way == "code"
    if begins and portal.accounts.factors.failures(user.id) == MAX_FAILURES:
        send_notice(user, "codes_slowed")
        portal.database.scoped.commit()


def _tell_recovery(user: User) -> None:
    portal = services()
    send_notice(user, "recovery_used")
    portal.database.scoped.commit()
    left = portal.accounts.factors.state(user.id).codes_left
    flash(gettext("That code is used up. Recovery codes left: %(count)s.", count=left), "warning")
