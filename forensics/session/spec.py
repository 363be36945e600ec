"""What a keeper is told in ``spec.json``: the desktop that was asked for, and its service's facts.

The fields of :class:`~forensics.desktop.interface.DesktopSpec` by name; everything else are facts
of the service (isolation, versions, ports …), repeated in the manifest as they are. Of these the
keeper itself uses those of :class:`Settings`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from forensics.desktop.interface import DesktopSpec, Limits
from forensics.errors import InvalidSpec
from forensics.recorder.limits import GAP, STALL

_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """``cdp_port``: the browser's DevTools on 127.0.0.1; 0 when there is no browser (tests).
    ``page_port``: where the keeper serves the cleanliness page. ``stall_seconds`` without a look at
    the screen interrupt the session, and so do ``silence_seconds`` without a word of the recorder,
    which speaks four times a second whatever the screen does; the gate closes after
    ``hold_seconds``. ``idle_seconds`` without input end it, ``warn_seconds`` before that and before
    the limit it is warned. ``min_free_bytes`` of disk must stay free; ``recorder_memory_bytes``
    bound the recorder.
    """

    cdp_port: int = 0
    page_port: int = 0
    display: str = ""
    wait_final_token_seconds: float = 30.0
    idle_seconds: float = 900.0
    warn_seconds: float = 120.0
    hold_seconds: float = GAP
    stall_seconds: float = STALL
    silence_seconds: float = 2.0
    min_free_bytes: int = 32 << 20
    recorder_memory_bytes: int = 512 << 20
    page_settle_seconds: float = 3.0


@dataclass(frozen=True, slots=True)
class KeeperSpec:
    """``facts`` is everything of the file that is not the desktop's."""

    desktop: DesktopSpec
    settings: Settings
    facts: Mapping[str, Any] = field(default_factory=dict)

    def asked(self) -> dict[str, Any]:
        """What was asked for, as it stands in the manifest."""
        value = asdict(self.desktop)
        value["urls"] = list(self.desktop.urls)
        del value["session"], value["subject"]
        return value


def read_spec(path: Path) -> KeeperSpec:
    """Raises InvalidSpec: unreadable, or not such a file; the sentence says what is wrong."""
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(_MAX))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidSpec(f"{path.name} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise InvalidSpec(f"{path.name} is no object")
    own = {each.name for each in fields(DesktopSpec)}
    facts = {name: each for name, each in value.items() if name not in own}
    try:
        given = {name: each for name, each in value.items() if name in own}
        given["limits"] = Limits(**given.get("limits", {}))
        given["urls"] = tuple(given.get("urls", ()))
        return KeeperSpec(DesktopSpec(**given), _settings(facts), facts)
    except (TypeError, ValueError) as error:
        raise InvalidSpec(f"{path.name}: {error}") from error


def _settings(facts: Mapping[str, Any]) -> Settings:
    blank = Settings()
    given: dict[str, Any] = {}
    for each in fields(Settings):
        if each.name in facts:
            given[each.name] = type(getattr(blank, each.name))(facts[each.name])
    if given.get("display", "").isdigit():
        given["display"] = f":{given['display']}"
    return Settings(**given)
