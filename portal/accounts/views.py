"""One's own account: who the portal takes one for, and the keys of one's programs."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import identity_words
from portal.accounts.forms import SCOPE_NAMES, ApiKeyForm
from portal.accounts.keys import create_api_key, list_api_keys, revoke_api_key
from portal.accounts.service import set_locale
from portal.accounts.sessions import current_sign_in
from portal.audit.words import ROLES
from portal.problems import PortalError
from portal.ui.context import current_actor, services

blueprint = Blueprint("accounts", __name__, template_folder="templates")


@blueprint.get("/account")
def profile() -> str:
    """Who the portal takes one for, what protects the account, and who signed in lately."""
    accounts, user = services().accounts, current_user
    begun, standing = current_sign_in(), accounts.identities.standing(user.id)
    return render_template(
        "accounts/profile.html",
        user=user,
        roles=[str(ROLES.get(role.name, role.name)) for role in user.roles],
        identity=identity_words.LEVELS.get(user.identity_level, user.identity_level),
        identity_state=identity_words.STATES.get(standing.state, ""),
        standing=standing,
        state=accounts.factors.state(user.id),
        passkeys=accounts.passkeys.held_by(user.id),
        passkey_origin=accounts.passkeys.party.origins[0],
        sessions=accounts.sign_ins.alive(user.id),
        recent=accounts.sign_ins.recent(user.id),
        ways=identity_words.WAYS,
        here=begun.id if begun else "",
    )


@blueprint.get("/account/keys")
def api_keys() -> str:
    """The keys, and a form for another one."""
    return _keys_page(ApiKeyForm())


@blueprint.post("/account/keys")
def create_key() -> tuple[str, int]:
    """Make a key and show it, this once: it is in no later page, log or cookie."""
    form = ApiKeyForm()
    if not form.validate():
        return _keys_page(form), 422
    try:
        _, plain = create_api_key(
            services().database,
            current_actor(),
            form.name.data,
            tuple(form.scopes.data),
            int(form.days.data),
        )
    except PortalError as error:
        form.form_errors.append(gettext(error.message, **error.params))
        return _keys_page(form), error.status
    return _keys_page(ApiKeyForm(formdata=None), plain), 201


@blueprint.post("/account/keys/<key_id>/revoke")
def revoke_key(key_id: str) -> BaseResponse:
    """End a key at once."""
    revoke_api_key(services().database, current_actor(), key_id)
    flash(gettext("The key is revoked; whatever used it is refused from now on."), "success")
    return redirect(url_for("accounts.api_keys"), code=303)


@blueprint.after_app_request
def _remember_language(response: Response) -> Response:
    """A signed-in person's choice of language follows them to other devices."""
    chosen = session.get("locale") if request.endpoint == "ui.language" else None
    if chosen and current_user.is_authenticated and current_user.locale != chosen:
        set_locale(services().database, current_user.id, chosen)
    return response


def _keys_page(form: ApiKeyForm, plain: str = "") -> str:
    keys = list_api_keys(services().database, current_actor().id)
    return render_template(
        "accounts/keys.html",
        form=form,
        keys=keys,
        plain=plain,
        scopes=SCOPE_NAMES,
        now=datetime.now(UTC),
    )
