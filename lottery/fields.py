"""Reading the fields of a document one by one, so that a wrong one can be named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", re.ASCII)


class Refusal(Protocol):
    """Makes the error to raise of the field's path and a reason."""

    def __call__(self, field: str, reason: str, /) -> Exception: ...


def timestamp(at: datetime) -> str:
    """``at`` (aware) as every document of a draw writes times: UTC to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The aware time that ``text`` writes.

    Raises:
        ValueError: not of the one form, or no such day or time.
    """
    if not TIME.fullmatch(text):
        raise ValueError("not a time like 2026-11-21T14:31:29.000000Z")
    return datetime.fromisoformat(text)


class Fields:
    """The fields of one JSON object. Each is taken once; :meth:`done` refuses what is left."""

    def __init__(self, value: Any, path: str, refusal: Refusal) -> None:
        self.path = path or "document"
        self._prefix = f"{path}." if path else ""
        self._refusal = refusal
        if not isinstance(value, Mapping):
            raise refusal(self.path, "has to be an object")
        self._left = dict(value)

    def refuse(self, name: str, reason: str) -> Exception:
        """The error for a field of this object."""
        return self._refusal(self._prefix + name, reason)

    def take(self, name: str) -> Any:
        """The value as it stands."""
        if name not in self._left:
            raise self.refuse(name, "is missing")
        return self._left.pop(name)

    def done(self) -> None:
        """Refuse unknown fields: what nobody reads could mean anything."""
        for name in sorted(self._left, key=str):
            raise self.refuse(str(name)[:40], "is unknown")

    def constant(self, name: str, value: str) -> None:
        if self.take(name) != value:
            raise self.refuse(name, f"has to be {value!r}")

    def text(self, name: str, least: int, most: int, *, lines: bool = False) -> str:
        """Text of ``least`` to ``most`` characters; line breaks only when ``lines``."""
        return self._text(self.take(name), name, least, most, lines)

    def match(self, name: str, pattern: str) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            raise self.refuse(name, f"has to be of the form {pattern}")
        return value

    def hex(self, name: str, size: int) -> str:
        """``size`` bytes as hex digits in lower case."""
        return self.match(name, f"[0-9a-f]{{{2 * size}}}")

    def choice(self, name: str, choices: Sequence[str]) -> str:
        value = self.take(name)
        if not isinstance(value, str) or value not in choices:
            raise self.refuse(name, f"has to be one of {', '.join(choices)}")
        return value

    def time(self, name: str) -> str:
        value = self.take(name)
        try:
            moment(value if isinstance(value, str) else "")
        except ValueError as error:
            raise self.refuse(name, "is not a time like 2026-11-21T14:31:29.000000Z") from error
        return str(value)

    def flag(self, name: str) -> bool:
        value = self.take(name)
        if not isinstance(value, bool):
            raise self.refuse(name, "has to be true or false")
        return value

    def number(self, name: str, least: int, most: int) -> int:
        return self.whole(self.take(name), name, least, most)

    def whole(self, value: Any, name: str, least: int, most: int) -> int:
        """A whole number within bounds; JSON's true is none."""
        if type(value) is not int or not least <= value <= most:
            raise self.refuse(name, f"has to be a whole number from {least} to {most}")
        return value

    def object(self, name: str) -> Fields:
        return Fields(self.take(name), self._prefix + name, self._refusal)

    def list(self, name: str, least: int, most: int) -> Sequence[Any]:
        value = self.take(name)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise self.refuse(name, f"has to be a list of {least} to {most}")
        return value

    def objects(self, name: str, least: int, most: int) -> Sequence[Fields]:
        return [
            Fields(each, f"{self._prefix}{name}[{place}]", self._refusal)
            for place, each in enumerate(self.list(name, least, most))
        ]

    def texts(self, name: str, least: int, most: int, shortest: int, longest: int) -> Sequence[str]:
        return [
            self._text(each, f"{name}[{place}]", shortest, longest, False)
            for place, each in enumerate(self.list(name, least, most))
        ]

    def numbers(self, name: str, least: int, most: int, longest: int = 2) -> Sequence[int]:
        return [
            self.whole(each, f"{name}[{place}]", least, most)
            for place, each in enumerate(self.list(name, 0, longest))
        ]

    def _text(self, value: Any, name: str, least: int, most: int, lines: bool) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise self.refuse(name, f"has to be text of {least} to {most} characters")
        for each in value:
            if unicodedata.category(each) in {"Cc", "Cs"} and not (lines and each == "\n"):
                raise self.refuse(name, "holds control characters")
        return value
