"""Filters of the item page's templates: spans of time, times as plain text, harmless names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from flask_babel import format_timedelta, gettext

from portal.deposits.blueprint import blueprint
from portal.deposits.filenames import shown_name
from portal.ui.context import services

blueprint.add_app_template_filter(shown_name, "harmless")


@blueprint.app_template_filter("span")
def span(length: timedelta) -> str:
    """``+ 40 ms``, ``+ 3 days``: the greatest unit that says something."""
    if length < timedelta(seconds=1):
        return str(gettext("+ %(count)s ms", count=round(length / timedelta(milliseconds=1))))
    return f"+ {format_timedelta(length, granularity='second', threshold=1.5)}"


@blueprint.app_template_filter("moment_text")
def moment_text(moment: datetime, part: Literal["date", "time"]) -> str:
    """Date, or time with zone, in the office's zone; inside a picture no markup is allowed."""
    local = moment.astimezone(services().settings.zone)
    if part == "date":
        return f"{local:%Y-%m-%d}"
    zone = f"{local:%z}"
    return f"{local:%H:%M:%S} UTC{zone[:3]}:{zone[3:]}"
