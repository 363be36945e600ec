"""What templates may use beyond Flask's own: helpers, filters and the frame's values.

``install(app)`` is called once by the blueprint of these pages.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import current_app, has_request_context, request, url_for
from flask.sansio.app import App
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from portal.security import page_of
from portal.settings import Settings
from portal.ui.context import current_actor, services
from portal.ui.helping import error_help, way_on
from portal.ui.locale import LANGUAGES, language
from portal.ui.navigation import account_menu, main_menu

_STATIC = Path(__file__).parent / "static"


def install(app: App) -> None:
    """Give the application's templates their helpers; nothing here touches a service."""
    app.jinja_env.globals.update(
        asset=asset,
        has_endpoint=has_endpoint,
        csrf_field=csrf_field,
        error_help=error_help,
        way_on=way_on,
    )
    app.jinja_env.filters.update(bytes=file_size, groups=groups, moment=moment, iso=iso, utc=as_utc)
    app.context_processor(_frame)


def asset(name: str) -> str:
    """The address of a static file; it changes with the content, so caches may keep it."""
    return url_for("static", filename=name, v=_version(name))


@cache
def _version(name: str) -> str:
    try:
        return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:10]
    except OSError:
        return "missing"


def has_endpoint(name: str) -> bool:
    return name in current_app.view_functions


def csrf_field() -> Markup:
    """The hidden input every form that is not a WTForms one needs."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def file_size(count: int | None) -> str:
    """``1536`` → ``"1.5 KiB"``. Whole bytes below one KiB."""
    if count is None:
        return "—"
    if count < 1024:
        return str(gettext("%(count)s bytes", count=count))
    size = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        if size < 1023.95 or unit == "TiB":
            break
    return f"{size:.1f} {unit}".replace(".0 ", " ")


def groups(text: str, width: int) -> list[str]:
    """``text`` in pieces of ``width``, for digests that people read aloud."""
    return [text[start : start + width] for start in range(0, len(text), width)]


def moment(when: datetime | None, seconds: bool = True) -> Markup | str:
    """A time with its zone, in the office's zone, as a ``<time>`` element."""
    if when is None:
        return "—"
    local = when.astimezone(_settings().zone)
    zone = local.strftime("%z")
    text = local.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")
    return Markup(
        '<time datetime="{}" title="{}">{} <span class="zone">UTC{}:{}</span></time>'
    ).format(iso(when), as_utc(when), text, zone[:3], zone[3:])


def iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_utc(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _settings() -> Settings:
    return services().settings


def _frame() -> dict[str, Any]:
    """The values ``base.html`` is filled with."""
    code, settings, actor = language(), _settings(), current_actor()
    other = "en" if code == "zh" else "zh"
    return {
        "html_lang": LANGUAGES[code][0],
        "here": _here(),
        "other_language": {
            "code": other,
            "lang": LANGUAGES[other][0],
            "name": LANGUAGES[other][1],
        },
        "portal": {
            "platform": _named(settings, "platform_name", code),
            "office": _named(settings, "office_name", code),
            "filing": settings.filing_number,
        },
        "visitor": {"signed_in": bool(actor.id), "name": actor.name},
        "main_menu": list(main_menu(actor)),
        "account_menu": list(account_menu(actor)),
    }


def _here() -> str:
    """Where to come back to after choosing a language: this page, or the one its form was on."""
    if not has_request_context():
        return "/"
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    return page_of(request.referrer)


def _named(settings: Settings, name: str, code: str) -> str:
    return str(getattr(settings, f"{name}_{code}"))
