"""The settings as they are in force, with everything secret masked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr

from portal.settings import Settings

MASK: Final = "••••••"
#: ``scheme://user:password@host``: what stands between the colon and the at sign
_PASSWORD: Final = re.compile(r"(?<=://)([^/\s@]*):([^/\s]*)@")
#: ``…password=…`` and its like, in queries, fragments and DSNs
_NAMED: Final = re.compile(
    r"(?i)\b([\w-]*(?:password|passwd|pwd|secret|token|api_?key|access_?key|sig)[\w-]*)=([^&\s;#]+)"
)


@dataclass(frozen=True, slots=True)
class InForce:
    """``given``: somebody set it; else it is the default."""

    name: str
    value: str
    given: bool
    secret: bool


def in_force(settings: Settings) -> list[InForce]:
    """Every setting, in the order of :class:`portal.settings.Settings`."""
    return [
        InForce(
            name.upper(),
            shown(getattr(settings, name)),
            name in settings.model_fields_set,
            isinstance(getattr(settings, name), SecretStr) or "SecretStr" in str(field.annotation),
        )
        for name, field in type(settings).model_fields.items()
    ]


def shown(value: object) -> str:
    """``value`` for people's eyes: a secret by its type is never shown, one in an address is cut
    out of it."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    text = _PASSWORD.sub(rf"\1:{MASK}@", str(value))
    return _NAMED.sub(rf"\1={MASK}", text)
