"""The operators' page of announcements, and the banner on every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.sansio.blueprints import BlueprintSetupState
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from portal.announcements.forms import AnnouncementForm
from portal.announcements.models import Announcement, Level
from portal.announcements.service import Notice
from portal.problems import PortalError
from portal.security import roles_required, safe_next
from portal.ui.context import current_actor, services
from portal.ui.locale import language

blueprint = Blueprint("announcements", __name__, template_folder="templates")
_DISMISSED: Final = "dismissed"
#: ids remembered in a visitor's cookie; older ones are over by then
_REMEMBERED: Final = 20
_STATES: Final = {
    "planned": lazy_gettext("planned"),
    "showing": lazy_gettext("being shown"),
    "over": lazy_gettext("ended"),
    "withdrawn": lazy_gettext("withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Banner:
    """``look`` and ``icon`` are the page's; the text is in the visitor's language."""

    id: str
    text: str
    look: str
    icon: str


@blueprint.get("/operators/announcements")
@roles_required("operator", "administrator")
def listing() -> str:
    """What was announced, and the form for another one."""
    return _page(AnnouncementForm())


@blueprint.post("/operators/announcements")
@roles_required("operator", "administrator")
def publish() -> Response | tuple[str, int]:
    """Announce something."""
    form = AnnouncementForm()
    if not form.validate():
        return _page(form), 422
    try:
        draft = form.draft(services().settings.zone, datetime.now(UTC))
        services().announcements.publish(current_actor(), draft)
    except PortalError as error:
        field = form._fields.get(error.field or "")
        (form.form_errors if field is None else field.errors).append(
            gettext(error.message, **error.params)
        )
        return _page(form), error.status
    flash(gettext("It is announced."), "success")
    return redirect(url_for("announcements.listing"), code=303)


@blueprint.post("/operators/announcements/<announcement_id>/withdraw")
@roles_required("operator", "administrator")
def withdraw(announcement_id: str) -> Response:
    """Show it no more."""
    services().announcements.withdraw(current_actor(), announcement_id)
    flash(gettext("It is withdrawn; pages stop showing it within seconds."), "success")
    return redirect(url_for("announcements.listing"), code=303)


@blueprint.post("/announcements/<announcement_id>/dismiss")
def dismiss(announcement_id: str) -> Response:
    """Not shown to this visitor again, in this browser; then back to where they were."""
    shown = {each.id for each in services().announcements.showing(signed_in=True)}
    if announcement_id in shown:  # nobody fills the cookie with other words
        kept = [each for each in session.get(_DISMISSED, []) if each != announcement_id]
        session[_DISMISSED] = [*kept, announcement_id][-_REMEMBERED:]
    return redirect(safe_next(request.form.get("next")), code=303)


def banners() -> list[Banner]:
    """What this visitor has not yet dismissed."""
    signed_in = bool(current_actor().id)
    notices = services().announcements.showing(signed_in=signed_in)
    if not notices:  # the session is looked at only when there is something to show
        return []
    dismissed, code = session.get(_DISMISSED, []), language()
    icon = {"info": "info-circle", "warning": "alert-triangle", "danger": "alert-triangle"}
    return [
        Banner(
            each.id, each.text_en if code == "en" else each.text_zh, each.level, icon[each.level]
        )
        for each in notices
        if each.id not in dismissed
    ]


def _icon(notice: Notice) -> str:
    return "info-circle" if notice.level == Level.INFO else "alert-triangle"


def _install(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals["banners"] = banners


blueprint.record_once(_install)


def _page(form: AnnouncementForm) -> str:
    now = datetime.now(UTC)
    rows = services().announcements.history()
    return render_template(
        "announcements/announcements.html",
        form=form,
        rows=[(row, _state(row, now)) for row in rows],
        states=_STATES,
        zone=services().settings.timezone,
    )


def _state(row: Announcement, now: datetime) -> str:
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.ends_at is not None and row.ends_at <= now:
        return "over"
    return "planned" if row.starts_at > now else "showing"
