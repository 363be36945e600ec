"""Pages of webhooks: the list with its form, one webhook with its delivery log."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.audit.actor import Actor
from portal.problems import PortalError
from portal.ui.context import current_actor, services
from portal.webhooks.forms import WebhookForm
from portal.webhooks.models import WebhookAttempt, WebhookEndpoint
from portal.webhooks.queueing import MAX_ATTEMPTS
from portal.webhooks.service import MAX_ENDPOINTS, WebhookService
from portal.webhooks.words import STOPS, event_name, fault_name, state_name

blueprint = Blueprint("webhooks", __name__, template_folder="templates")
blueprint.add_app_template_filter(event_name, "webhook_event")
blueprint.add_app_template_filter(state_name, "webhook_state")
blueprint.add_app_template_filter(fault_name, "webhook_fault")

_PAGE = 30


@blueprint.get("/webhooks")
def listing() -> str:
    """All webhooks of whom one acts for."""
    return _list_page(WebhookForm())


@blueprint.post("/webhooks")
def create() -> tuple[str, int]:
    """Add one, and show its secret this once: it is in no later page, log or cookie."""
    form = WebhookForm()
    if not form.validate():
        return _list_page(form), 422
    try:
        endpoint, secret = _webhooks().create(
            current_actor(), form.url.data, form.events.data, form.description.data or ""
        )
    except PortalError as error:
        return _list_page(_told(form, error)), error.status
    return _page(endpoint, secret=secret), 201


@blueprint.get("/webhooks/<webhook_id>")
def show(webhook_id: str) -> str:
    """One webhook: what it is, and its delivery log; ``?cursor=`` continues it."""
    return _page(_webhooks().get(current_actor(), webhook_id))


@blueprint.get("/webhooks/<webhook_id>/deliveries")
def deliveries(webhook_id: str) -> str:
    """The log alone, asked for again while something waits."""
    endpoint = _webhooks().get(current_actor(), webhook_id)
    return render_template("webhooks/deliveries.html", **_log(endpoint))


@blueprint.post("/webhooks/<webhook_id>")
def change(webhook_id: str) -> Response | tuple[str, int]:
    """Change address, events and description."""
    endpoint = _webhooks().get(current_actor(), webhook_id)
    form = WebhookForm()
    if not form.validate():
        return _page(endpoint, form=form), 422
    try:
        _webhooks().change(
            current_actor(),
            webhook_id,
            form.url.data,
            form.events.data,
            form.description.data or "",
        )
    except PortalError as error:
        return _page(endpoint, form=_told(form, error)), error.status
    flash(gettext("The webhook is changed."), "success")
    return _back(webhook_id)


@blueprint.post("/webhooks/<webhook_id>/secret")
def rotate(webhook_id: str) -> str:
    """A new secret, shown this once."""
    secret = _webhooks().rotate(current_actor(), webhook_id)
    return _page(_webhooks().get(current_actor(), webhook_id), secret=secret, rotated=True)


@blueprint.post("/webhooks/<webhook_id>/enable")
def enable(webhook_id: str) -> Response:
    """Begin to send again."""
    _webhooks().enable(current_actor(), webhook_id)
    flash(gettext("The webhook is enabled. What happens from now on is sent."), "success")
    return _back(webhook_id)


@blueprint.post("/webhooks/<webhook_id>/disable")
def disable(webhook_id: str) -> Response:
    """Stop at once."""
    _webhooks().disable(current_actor(), webhook_id)
    message = gettext("The webhook is disabled: nothing is sent, and what waited is cancelled.")
    flash(message, "success")
    return _back(webhook_id)


@blueprint.post("/webhooks/<webhook_id>/remove")
def remove(webhook_id: str) -> Response:
    """Remove it with its log."""
    _webhooks().remove(current_actor(), webhook_id)
    flash(gettext("The webhook and its log are removed."), "success")
    return redirect(url_for("webhooks.listing"), code=303)


@blueprint.post("/webhooks/<webhook_id>/test")
def test(webhook_id: str) -> str | tuple[str, int]:
    """Send a test now and show what came back."""
    endpoint = _webhooks().get(current_actor(), webhook_id)
    try:
        tried = _webhooks().test(current_actor(), webhook_id)
    except PortalError as error:
        flash(gettext(error.message, **error.params), "error")
        return _page(endpoint), error.status
    return _page(endpoint, tried=tried)


@blueprint.post("/webhooks/<webhook_id>/deliveries/<delivery_id>/resend")
def resend(webhook_id: str, delivery_id: str) -> Response:
    """Send a message again."""
    try:
        _webhooks().resend(current_actor(), webhook_id, delivery_id)
    except PortalError as error:
        if error.status == 404:
            raise
        flash(gettext(error.message, **error.params), "error")
    else:
        flash(gettext("The message is sent again in a moment."), "success")
    return _back(webhook_id)


def _webhooks() -> WebhookService:
    return services().webhooks


def _back(webhook_id: str) -> Response:
    return redirect(url_for("webhooks.show", webhook_id=webhook_id), code=303)


def _told(form: WebhookForm, error: PortalError) -> WebhookForm:
    """Say what is wrong beside the field it is about."""
    message = gettext(error.message, **error.params)
    field = form._fields.get(error.field or "")
    if field is None:
        form.form_errors.append(message)
    else:
        field.errors = [*field.errors, message]
    return form


def _may_change(actor: Actor) -> bool:
    return not actor.organisation or actor.organisation_role == "manager"


def _list_page(form: WebhookForm) -> str:
    actor = current_actor()
    return render_template(
        "webhooks/list.html",
        endpoints=_webhooks().listed(actor),
        form=form,
        most=MAX_ENDPOINTS,
        stops=STOPS,
        may_change=_may_change(actor),
    )


def _page(
    endpoint: WebhookEndpoint,
    form: WebhookForm | None = None,
    secret: str = "",
    rotated: bool = False,
    tried: WebhookAttempt | None = None,
) -> str:
    if form is None:
        form = WebhookForm(
            formdata=None,
            url=endpoint.url,
            events=list(endpoint.event_names),
            description=endpoint.description,
        )
        form.events.data = list(endpoint.event_names)
    return render_template(
        "webhooks/webhook.html",
        form=form,
        secret=secret,
        rotated=rotated,
        tried=tried,
        stops=STOPS,
        may_change=_may_change(current_actor()),
        **_log(endpoint),
    )


def _log(endpoint: WebhookEndpoint) -> dict[str, object]:
    cursor = request.args.get("cursor") or None
    page = _webhooks().deliveries(current_actor(), endpoint.id, cursor, _PAGE)
    return {
        "endpoint": endpoint,
        "deliveries": page.items,
        "older": page.cursor,
        "newest": cursor is None,
        "most_attempts": MAX_ATTEMPTS,
        "moving": cursor is None and any(each.delivery.state == "pending" for each in page.items),
    }
