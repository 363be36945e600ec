"""From what was typed to wishes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from forensics.desktop.interface import RESOLUTIONS
from portal.captures.wishes import Timing, Wish, addresses
from portal.problems import BadInput

#: Fields and what they hold before anybody typed.
DEFAULTS: Final = {
    "mode": "desk",
    "title": "",
    "purpose": "",
    "start_url": "",
    "urls": "",
    "resolution": "1280x800",
    "language": "zh-CN",
    "keyboard": "us",
    "case": "",
    "when": "now",
    "first_at": "",
    "every": "once",
    "until": "",
    "seal_itself": "1",
}


def typed(form: MultiDict[str, str]) -> dict[str, str]:
    """Every field as it came; a box that is not ticked does not come at all."""
    values = {name: form.get(name, default) for name, default in DEFAULTS.items()}
    return values | {"seal_itself": form.get("seal_itself", "")}


def wish_from(values: dict[str, str], most: int) -> Wish:
    """Raises BadInput, naming the field."""
    unattended = values["mode"] == "list"
    width, height = _resolution(values["resolution"])
    return Wish.of(
        title=values["title"],
        purpose=values["purpose"],
        start_url="" if unattended else values["start_url"],
        urls=addresses(values["urls"], most) if unattended else (),
        width=width,
        height=height,
        language=values["language"],
        keyboard=values["keyboard"],
        case_id=values["case"] or None,
        seal_itself=unattended and bool(values["seal_itself"]),
    )


def timing_from(values: dict[str, str], zone: ZoneInfo) -> Timing | None:
    """When the unattended captures are to be made; None: now."""
    if values["mode"] != "list" or values["when"] != "later":
        return None
    first = _moment("first_at", values["first_at"], zone)
    if first is None:
        raise BadInput("first_at", "Say when the first one is to be made.", field="first_at")
    until = _moment("until", values["until"], zone) if values["every"] != "once" else None
    return Timing(first, values["every"], until)


def _resolution(text: str) -> tuple[int, int]:
    offered: dict[str, tuple[int, int]] = {f"{w}x{h}": (w, h) for w, h in RESOLUTIONS}
    if text not in offered:
        raise BadInput("resolution", "This resolution is not offered.", field="resolution")
    return offered[text]


def _moment(field: str, text: str, zone: ZoneInfo) -> datetime | None:
    """A ``datetime-local`` of the office's zone."""
    if not text:
        return None
    message = "A time is written as year-month-day and hours:minutes, e.g. 2026-11-21T09:00."
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(zone)
    except (ValueError, OverflowError) as error:
        raise BadInput("moment", message, field=field) from error


def choices() -> dict[str, Any]:
    """What the form offers."""
    return {"resolutions": [(f"{w}x{h}", f"{w} × {h}") for w, h in RESOLUTIONS]}
