"""What somebody asks for: one desktop, or addresses to be captured without anybody at it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from forensics.desktop.interface import KEYBOARDS, LANGUAGES, RESOLUTIONS, check_url
from forensics.errors import InvalidSpec
from portal.deposits.records import MAX_TITLE
from portal.problems import BadInput
from portal.texts import line, prose

MAX_PURPOSE: Final = 2000
#: How often a schedule repeats.
EVERY: Final = ("once", "hour", "day", "week", "month")


@dataclass(frozen=True, slots=True)
class Wish:
    """Checked and normal. ``start_url`` is empty for a blank page; with ``urls`` nobody sits at the
    desktop. ``seal_itself``: deposit it as soon as it is complete.

    Raises:
        BadInput: naming the field.
    """

    title: str = ""
    purpose: str = ""
    start_url: str = ""
    urls: tuple[str, ...] = ()
    width: int = 1280
    height: int = 800
    language: str = "zh-CN"
    keyboard: str = "us"
    case_id: str | None = None
    seal_itself: bool = False

    def __post_init__(self) -> None:
        if (self.width, self.height) not in RESOLUTIONS:
            raise BadInput("resolution", "This resolution is not offered.", field="resolution")
        if self.language not in LANGUAGES:
            raise BadInput("language", "This language is not offered.", field="language")
        if self.keyboard not in KEYBOARDS:
            raise BadInput("keyboard", "This keyboard is not offered.", field="keyboard")

    @classmethod
    def of(cls, *, title: str, purpose: str, start_url: str = "", **more: Any) -> Wish:
        """From what was typed."""
        return cls(
            title=line("title", title, MAX_TITLE),
            purpose=prose("purpose", purpose, MAX_PURPOSE),
            start_url=address(start_url, "start_url"),
            **more,
        )

    @property
    def name(self) -> str:
        """What the capture is called when nobody named it: the first address's host."""
        first = self.start_url or next(iter(self.urls), "")
        return self.title or (urlsplit(first).hostname or "")[:MAX_TITLE]

    def columns(self) -> dict[str, Any]:
        """Of a capture's or a schedule's row; ``start_url`` is a capture's alone."""
        return {
            "title": self.name,
            "purpose": self.purpose,
            "urls": json.dumps(list(self.urls)),
            "width": self.width,
            "height": self.height,
            "language": self.language,
            "keyboard": self.keyboard,
            "case_id": self.case_id,
            "seal_itself": self.seal_itself,
        }


@dataclass(frozen=True, slots=True)
class Timing:
    """When unattended captures are made: at ``first_at``, and from then on ``every`` so often until
    ``until``, if that is set."""

    first_at: datetime
    every: str = "once"
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.every not in EVERY:
            raise BadInput("every", "Choose how often it repeats.", field="every")
        if self.until is not None and self.until <= self.first_at:
            message = "The end lies before the first time."
            raise BadInput("until", message, field="until")


def address(text: str, field: str) -> str:
    """A web address as a desktop is sent there; a bare host name is taken for https.

    Raises:
        BadInput: it is none.
    """
    text = text.strip()
    if text and "://" not in text and "." in text.partition("/")[0]:
        text = f"https://{text}"
    try:
        check_url(text)
        if text and not urlsplit(text).hostname:
            raise InvalidSpec("an address names a host")
    except (InvalidSpec, ValueError) as error:
        message = "An address begins with http:// or https:// and has no spaces: %(url)s"
        raise BadInput("address", message, field=field, url=text[:200]) from error
    return text


def addresses(text: str, most: int) -> tuple[str, ...]:
    """One address a line, each once, in order.

    Raises:
        BadInput: none, too many, or one that is no address.
    """
    found = tuple(dict.fromkeys(_lines(text)))
    if not found:
        message = "Give at least one address, one on each line."
        raise BadInput("addresses", message, field="urls")
    if len(found) > most:
        message = "At most %(limit)s addresses can be captured in one go."
        raise BadInput("addresses", message, field="urls", limit=most)
    return found


def _lines(text: str) -> Iterable[str]:
    return (address(each, "urls") for each in text.splitlines() if each.strip())
