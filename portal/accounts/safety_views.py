"""The safety of one's account: proving who one is, second factors, passkeys, sessions."""

from __future__ import annotations

import base64
import io

import segno
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user, logout_user
from flask_security.utils import verify_password
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import ceremonies, totp
from portal.accounts.events import failed_sign_in
from portal.accounts.forms import CodeForm, PasswordForm
from portal.accounts.fresh import fresh_required, is_fresh, needs_factor
from portal.accounts.mails import send_notice
from portal.accounts.models import User
from portal.accounts.sessions import current_sign_in, visit
from portal.audit.service import record
from portal.problems import BadInput, NotFound, PortalError
from portal.security import safe_next
from portal.ui.context import current_actor, services

blueprint = Blueprint("safety", __name__, template_folder="templates", url_prefix="/account")
_enrolling = fresh_required(password_suffices=True)


@blueprint.route("/verify", methods=["GET", "POST"])
def verify() -> str | BaseResponse | tuple[str, int]:
    """Say who it is: by the second factor when there is one, else by the password."""
    state = services().accounts.factors.state(current_actor().id)
    form = CodeForm() if state.any else PasswordForm()
    if not form.validate_on_submit():
        return _verify_page(form)
    try:
        _check(form)
    except PortalError as error:
        failed_sign_in(current_user, "code" if state.any else "password")
        next(iter(form)).errors = [gettext(error.message, **error.params)]
        return _verify_page(form), error.status
    _prove(strong=state.any)
    return redirect(_next_page(), code=303)


@blueprint.post("/verify/challenge")
def verify_challenge() -> Response:
    """What one's own passkeys are asked."""
    asked = services().accounts.passkeys.ask(current_actor().id, must_verify=False)
    ceremonies.keep(asked, "verify", current_actor().id)
    return Response(asked.options, mimetype="application/json")


@blueprint.post("/verify/passkey")
def verify_passkey() -> BaseResponse:
    """Say who it is by a passkey of one's own."""
    try:
        asked = ceremonies.taken("verify", current_actor().id)
        answer = request.form.get("credential", "")
        passkeys = services().accounts.passkeys
        passkeys.check(answer, asked, current_actor().id, must_verify=False)
    except BadInput as error:
        failed_sign_in(current_user, "passkey")
        flash(gettext(error.message, **error.params), "error")
        return redirect(url_for("safety.verify", next=_next_page()), code=303)
    _prove(strong=True)
    return redirect(_next_page(), code=303)


@blueprint.route("/authenticator", methods=["GET", "POST"])
@_enrolling
def app() -> str | tuple[str, int] | BaseResponse:
    """Set up an authenticator app: scan, then show that it works."""
    actor, factors, form = current_actor(), services().accounts.factors, CodeForm()
    if not form.validate_on_submit():
        return _app_page(form)
    try:
        factors.finish_app(actor, form.code.data)
    except BadInput as error:
        form.code.errors = [gettext(error.message, **error.params)]
        return _app_page(form), error.status
    _prove(strong=True)
    _tell("app_added")
    flash(gettext("The app is set up. From now on signing in takes its code, too."), "success")
    if factors.state(actor.id).codes_left:
        return redirect(url_for("accounts.profile"), code=303)
    return _codes_page()


@blueprint.post("/authenticator/remove")
@_enrolling
def remove_app() -> BaseResponse:
    services().accounts.factors.remove_app(current_actor())
    _tell("app_removed")
    flash(gettext("The app is removed; its codes are not asked for any more."), "success")
    return redirect(url_for("accounts.profile"), code=303)


@blueprint.post("/recovery-codes")
@_enrolling
def new_codes() -> str | tuple[str, int] | BaseResponse:
    """Make new recovery codes and show them, this once."""
    if not services().accounts.factors.state(current_actor().id).any:
        flash(gettext("Set up an app or a passkey first."), "info")
        return redirect(url_for("accounts.profile"), code=303)
    return _codes_page()


@blueprint.post("/passkeys/challenge")
@_enrolling
def passkey_challenge() -> Response:
    """What a device is asked for a new passkey."""
    asked = services().accounts.passkeys.ask_new(current_user)
    ceremonies.keep(asked, "add", current_actor().id)
    return Response(asked.options, mimetype="application/json")


@blueprint.post("/passkeys")
@_enrolling
def add_passkey() -> str | tuple[str, int] | BaseResponse:
    """Keep a new passkey."""
    actor, accounts = current_actor(), services().accounts
    name = request.form.get("name", "") or gettext("Passkey")
    try:
        asked = ceremonies.taken("add", actor.id)
        accounts.passkeys.add(actor, name, request.form.get("credential", ""), asked)
    except PortalError as error:
        flash(gettext(error.message, **error.params), "error")
        return redirect(url_for("accounts.profile"), code=303)
    _prove(strong=True)  # the device is in the person's hands
    _tell("passkey_added")
    flash(gettext("The passkey is set up. You can sign in with it."), "success")
    if accounts.factors.state(actor.id).codes_left:
        return redirect(url_for("accounts.profile"), code=303)
    return _codes_page()


@blueprint.post("/passkeys/<passkey_id>/rename")
def rename_passkey(passkey_id: str) -> BaseResponse:
    name = request.form.get("name", "")
    services().accounts.passkeys.rename(current_actor(), passkey_id, name)
    return redirect(url_for("accounts.profile"), code=303)


@blueprint.post("/passkeys/<passkey_id>/remove")
@_enrolling
def remove_passkey(passkey_id: str) -> BaseResponse:
    services().accounts.passkeys.remove(current_actor(), passkey_id)
    _tell("passkey_removed")
    flash(gettext("The passkey is removed."), "success")
    return redirect(url_for("accounts.profile"), code=303)


@blueprint.post("/sessions/<session_id>/end")
def end_session(session_id: str) -> BaseResponse:
    """Sign out one browser."""
    portal, actor = services(), current_actor()
    with portal.database.transaction() as transaction:
        if not portal.accounts.sign_ins.end(transaction, actor.id, session_id):
            raise NotFound("session_not_found", "There is no such session.")
        record(transaction, actor, "account.session_ended", f"user:{actor.id}")
    flash(gettext("That browser is signed out."), "success")
    return redirect(url_for("accounts.profile"), code=303)


@blueprint.post("/sessions/end")
def end_sessions() -> BaseResponse:
    """Sign out everywhere, here too; links in mails sent before stop working as well."""
    portal, actor = services(), current_actor()
    with portal.database.transaction() as transaction:
        count = portal.accounts.sign_ins.end_all(transaction, actor.id)
        transaction.get_one(User, actor.id).renew_uniquifier()
        transaction.flush()
        detail = {"sessions": count}
        record(transaction, actor, "account.signed_out_everywhere", f"user:{actor.id}", detail)
    logout_user()
    flash(gettext("You are signed out everywhere."), "success")
    return redirect(url_for("security.login"), code=303)


def _check(form: CodeForm | PasswordForm) -> None:
    if isinstance(form, CodeForm):
        services().accounts.factors.check_code(current_actor().id, form.code.data, visit())
    elif not verify_password(form.password.data, current_user.password):
        raise BadInput("password", "This is not your password.", field="password")


def _prove(strong: bool) -> None:
    portal, actor, here = services(), current_actor(), current_sign_in()
    with portal.database.transaction() as transaction:
        portal.accounts.sign_ins.confirm(transaction, here.id if here else "", strong)
        record(transaction, actor, "account.verified", f"user:{actor.id}", {"strong": int(strong)})


def _tell(notice: str) -> None:
    send_notice(current_user, notice)
    services().database.scoped.commit()


def _next_page() -> str:
    target = request.form.get("next") or request.args.get("next")
    return safe_next(target, url_for("accounts.profile"))


def _verify_page(form: CodeForm | PasswordForm) -> str:
    accounts = services().accounts
    state = accounts.factors.state(current_actor().id)
    return render_template(
        "accounts/verify.html",
        form=form,
        state=state,
        next=_next_page(),
        must_enrol=needs_factor() and not state.any and is_fresh(password_suffices=True),
        passkey_origin=accounts.passkeys.party.origins[0],
    )


def _app_page(form: CodeForm) -> str:
    secret = services().accounts.factors.begin_app(current_actor().id)
    issuer = services().settings.platform_name_en
    uri = totp.provisioning_uri(secret, current_user.email, issuer)
    picture = io.BytesIO()
    segno.make(uri, error="m").save(picture, kind="svg", border=2, scale=4, xmldecl=False)
    return render_template(
        "accounts/app.html",
        form=form,
        key=totp.typed_secret(secret),
        picture="data:image/svg+xml;base64," + base64.b64encode(picture.getvalue()).decode(),
    )


def _codes_page() -> tuple[str, int]:
    codes = services().accounts.factors.new_codes(current_actor())
    return render_template("accounts/codes.html", codes=codes), 201
