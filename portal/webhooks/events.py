"""What can be told: the custody log's entries about deposits, as messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flask_babel import LazyString

from portal.audit.words import ACTIONS
from portal.deposits.telling import Told

TEST_EVENT: Final = "webhook.test"
_PREFIX: Final = "deposit."


def events() -> dict[str, LazyString]:
    """Every event that can be chosen, with its name in words, in the custody log's order."""
    return {action: words for action, words in ACTIONS.items() if action.startswith(_PREFIX)}


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the custody log about a deposit."""

    seq: int
    at: datetime
    action: str
    deposit_id: str
    detail: Mapping[str, str | int]
    hash: str

    @property
    def message_id(self) -> str:
        """``webhook-id``: the same however often it is sent, and telling nothing."""
        return f"msg_{self.hash[:32]}"


def payload(happening: Happening, deposit: Told, base_url: str) -> str:
    """The body: type, timestamp, data. No title, no file name, no people: whoever may read those
    asks the API under ``data.url``."""
    data = {
        "id": deposit.id,
        "number": deposit.number,
        "kind": deposit.kind,
        "sha256": deposit.sha256,
        "url": f"{base_url.rstrip('/')}/api/v1/deposits/{deposit.id}",
        "detail": dict(happening.detail),
    }
    return _message(happening.action, happening.at, data)


def test_payload(endpoint_id: str, now: datetime) -> str:
    """What the test button sends."""
    return _message(TEST_EVENT, now, {"endpoint": endpoint_id})


def _message(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = {"type": kind, "timestamp": moment, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
