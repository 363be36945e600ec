"""Values of others made such that RFC 8785 can hold them, and read them back the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from forensics import clock

#: §3.2.2.3: beyond it a whole number is not exact, and is refused when it is read back.
_EXACT: Final = 2**53 - 1


def storable(value: Any, max_text: int | None = None, max_items: int | None = None) -> Any:
    """``value`` as JSON: what it has no number for becomes text, text beyond ``max_text``
    characters ends in an ellipsis, and only the first ``max_items`` of a list are kept."""
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode()
        long = max_text is not None and len(text) > max_text
        return f"{text[: (max_text or 1) - 1]}…" if long else text
    if isinstance(value, Mapping):
        items = list(value.items())[:max_items]
        return {
            storable(str(name), max_text): storable(each, max_text, max_items)
            for name, each in items
        }
    if isinstance(value, (list, tuple)):
        return [storable(each, max_text, max_items) for each in value[:max_items]]
    if isinstance(value, datetime):
        return clock.rfc3339(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        exact = math.isfinite(value) and abs(value) <= _EXACT
        return value if exact else storable(str(value), max_text)
    return storable(str(value), max_text)
