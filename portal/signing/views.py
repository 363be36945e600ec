"""Pages of one's signing keys; what is made in the browser comes here as JSON."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from chain_adapter import key_id_of
from chain_adapter.algorithms import algorithm_of
from portal.problems import BadInput, PortalError
from portal.signing.certificates import check_usable, read_certificate
from portal.signing.forms import HoldForm
from portal.signing.models import SigningKey
from portal.signing.names import PAGE_WORDS, SCHEME_NAMES, SCHEME_SENTENCES, certificate_names
from portal.signing.panel import install
from portal.signing.service import MAX_LABEL, SigningService
from portal.ui.context import current_actor, request_id, services

blueprint = Blueprint("signing", __name__, template_folder="templates")
blueprint.record_once(install)

_ICONS: Final = {"local": "key", "certificate": "certificate", "platform": "server"}


@blueprint.get("/account/signing-keys")
def listing() -> str:
    """The keys, and the ways to another one."""
    return _list_page(HoldForm(formdata=None))


@blueprint.post("/account/signing-keys/held")
def hold() -> BaseResponse | tuple[str, int]:
    """Make a key that the portal holds."""
    form = HoldForm()
    if not form.validate():
        return _list_page(form), 422
    try:
        _signing().hold(current_actor(), form.label.data)
    except PortalError as error:
        form.form_errors.append(gettext(error.message, **error.params))
        return _list_page(form), error.status
    message = gettext(
        "The portal holds a key for you now. Deposits are signed with it when you say so."
    )
    flash(message, "success")
    return redirect(url_for("signing.listing"), code=303)


@blueprint.get("/account/signing-keys/<key_row>")
def show(key_row: str) -> str:
    """One key, and what was signed with it."""
    key = _signing().get(current_actor(), key_row)
    deposits, count = _signing().deposits(current_actor(), key)
    return render_template(
        "signing/key.html",
        key=key,
        icon_name=_ICONS[key.scheme],
        scheme=SCHEME_NAMES[key.scheme],
        sentence=SCHEME_SENTENCES[key.scheme],
        algorithm=algorithm_of(key.key),
        certificate=certificate_names(key.key),
        deposits=deposits,
        count=count,
    )


@blueprint.post("/account/signing-keys/<key_row>/revoke")
def revoke(key_row: str) -> BaseResponse:
    """End it; what was signed stays signed."""
    _signing().revoke(current_actor(), key_row)
    message = gettext(
        "The signing key is revoked. No deposit is taken by it any more; those made stay as they "
        "are."
    )
    flash(message, "success")
    return redirect(url_for("signing.show", key_row=key_row), code=303)


@blueprint.post("/account/signing-keys/challenge")
def challenge() -> Response | tuple[Response, int]:
    """What a new key has to sign; of a certificate, also what the portal reads in it."""
    given = _json()
    try:
        more = _read(_text(given, "certificate")) if given.get("certificate") else {}
    except PortalError as error:
        return _refused(error)
    return jsonify(challenge=_signing().challenge(current_actor()), **more)


@blueprint.post("/account/signing-keys")
def add() -> Response | tuple[Response, int]:
    """Keep a public key or a certificate, once its private key has signed the challenge."""
    given = _json()
    try:
        label, asked = _text(given, "label"), _text(given, "challenge")
        value = _hex(given, "signature")
        actor, signing = current_actor(), _signing()
        if given.get("certificate"):
            pem = _text(given, "certificate")
            key = signing.add_certificate(actor, pem, label, asked, value)
        else:
            key = signing.add_public(actor, _hex(given, "public"), label, asked, value)
    except PortalError as error:
        return _refused(error)
    address = url_for("signing.show", key_row=key.id)
    return jsonify(key_id=key.key_id, location=address), 201


def _read(pem: str) -> dict[str, Any]:
    der = read_certificate(pem)
    check_usable(der, services().clock())
    names = certificate_names(der)
    return {
        "key_id": key_id_of(der),
        "algorithm": algorithm_of(der),
        "subject": names.subject if names else "",
        "issuer": names.issuer if names else "",
    }


def _signing() -> SigningService:
    return services().signing


def _list_page(form: HoldForm) -> str:
    signing = _signing()
    return render_template(
        "signing/list.html",
        rows=[_row(each) for each in signing.keys(current_actor())],
        form=form,
        most_label=MAX_LABEL,
        platform=signing.platform,
        words={name: str(sentence) for name, sentence in PAGE_WORDS.items()},
    )


def _row(key: SigningKey) -> dict[str, Any]:
    return {
        "key": key,
        "icon": _ICONS[key.scheme],
        "scheme": SCHEME_NAMES[key.scheme],
        "certificate": certificate_names(key.key),
    }


def _json() -> dict[str, Any]:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise BadInput("invalid", "Not a valid string.", field=name)
    return value


def _hex(given: dict[str, Any], name: str) -> bytes:
    try:
        return bytes.fromhex(_text(given, name)[:2048])
    except ValueError as error:
        raise BadInput("hexadecimal", "This is not hexadecimal.", field=name) from error


def _refused(error: PortalError) -> tuple[Response, int]:
    message = gettext(error.message, **error.params)
    shape = {"code": error.code, "message": message, "field": error.field}
    return jsonify(error=shape | {"request_id": request_id()}), error.status
