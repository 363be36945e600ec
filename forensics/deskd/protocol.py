"""What travels between portal and desktop service: one JSON line each way, then perhaps bytes.

Request ``{"do": "observe", "session": "…", …}``; answer ``{"answer": …}`` or
``{"error": {"kind": "NoCapacity", "message": "…"}}`` with the class of :mod:`forensics.errors`.
``read`` answers ``{"answer": {"size": n}}`` and then exactly n bytes; a connection that ends before
means that the file could not be read on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, BinaryIO, Final

from forensics import errors
from forensics.desktop.interface import DesktopSpec, Isolation, Limits, Probe
from forensics.errors import DeskUnavailable, ForensicsError, InvalidSpec

#: Bytes of one line; a piece of an upload in base64 fits into a request.
MAX_REQUEST: Final = 2 << 20
MAX_ANSWER: Final = 8 << 20
_TIMEZONE: Final = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,2}", re.ASCII)
#: What may be asked for at all.
_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "memory_bytes": (256 << 20, 64 << 30),
    "disk_bytes": (64 << 20, 256 << 30),
    "processes": (50, 10_000),
    "cores": (0.1, 64),
    "seconds": (10, 24 * 3600),
}
#: Bytes of a path below the evidence folder.
MAX_PATH: Final = 500


def encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_line(stream: BinaryIO, limit: int) -> dict[str, Any] | None:
    """The next line's object; None when the other side has ended.

    Raises:
        ValueError: no such line, or a longer one.
    """
    line = stream.readline(limit + 1)
    if not line:
        return None
    if len(line) > limit or not line.endswith(b"\n"):
        raise ValueError("the line is too long, or breaks off")
    try:
        value = json.loads(line)
    except RecursionError as error:
        raise ValueError("the line is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("the line is no object")
    return value


def error_of(error: ForensicsError) -> dict[str, Any]:
    return {"error": {"kind": type(error).__name__, "message": str(error)[:1000]}}


def raise_error(failure: Any) -> None:
    """Raise what the service said."""
    kind = getattr(errors, str(failure.get("kind", "")), None) if failure else None
    message = str(failure.get("message", ""))[:1000] if failure else ""
    if isinstance(kind, type) and issubclass(kind, ForensicsError):
        raise kind(message)
    raise DeskUnavailable(message or "the desktop service failed to answer")


def spec_to_json(spec: DesktopSpec) -> dict[str, Any]:
    value = asdict(spec)
    value["subject"], value["urls"] = dict(spec.subject), list(spec.urls)
    return value


def spec_from_json(value: Any) -> DesktopSpec:
    """Raises InvalidSpec: these are not the fields of a desktop."""
    if not isinstance(value, dict):
        raise InvalidSpec("a desktop is described by an object")
    known = {each.name for each in fields(DesktopSpec)}
    if strange := sorted(set(value) - known):
        raise InvalidSpec(f"a desktop has no {strange[0][:40]!r}")
    given = dict(value)
    try:
        given["limits"] = _limits(given.get("limits", {}))
        given["urls"] = tuple(given.get("urls", ()))
        subject = {str(name): str(each) for name, each in given.get("subject", {}).items()}
        given["subject"] = subject
        return _typed(DesktopSpec(**given))
    except (TypeError, AttributeError) as error:
        raise InvalidSpec(f"a desktop cannot be described so: {error}"[:300]) from error


def _limits(value: Any) -> Limits:
    limits = Limits(**value)
    for each in fields(Limits):
        found, (least, most) = getattr(limits, each.name), _BOUNDS[each.name]
        if type(found) not in {int, type(each.default)} or not least <= found <= most:
            raise InvalidSpec(f"the limit {each.name} is not between {least} and {most}")
    return limits


def _typed(spec: DesktopSpec) -> DesktopSpec:
    """JSON has no types of ours: what is a number or text is looked at here."""
    numbers = (spec.width, spec.height, spec.fps)
    texts = (spec.session, spec.language, spec.keyboard, spec.timezone, spec.start_url, *spec.urls)
    if not all(type(each) is int for each in numbers):
        raise InvalidSpec("sizes and rates are whole numbers")
    if not all(isinstance(each, str) for each in texts):
        raise InvalidSpec("names and addresses are text")
    if not _TIMEZONE.fullmatch(spec.timezone):
        raise InvalidSpec("there is no such time zone")
    return spec


def probe_to_json(probe: Probe) -> dict[str, Any]:
    return {**asdict(probe), "versions": dict(probe.versions)}


def probe_from_json(value: Mapping[str, Any]) -> Probe:
    """Raises KeyError, TypeError, ValueError."""
    known = {each.name: value[each.name] for each in fields(Probe) if each.name in value}
    known["isolation"] = Isolation(known["isolation"])
    known["reasons"] = tuple(map(str, known.get("reasons", ())))
    return Probe(**known)
