"""A capture's manifest, as far as the portal reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from forensics.desktop.interface import Terminal
from timestamping.filelist import BadList, FileList, ListedFile

SCHEMA: Final = "notary/capture/v1"


class UnreadablePapers(Exception):
    """Not a capture's manifest; one sentence says what is wrong."""


@dataclass(frozen=True, slots=True)
class Papers:
    """``terminal`` is how the session ended, ``reason`` why it was not complete; ``value`` has all
    of the manifest."""

    session: str
    terminal: str
    reason: str
    listed: FileList
    value: dict[str, Any]

    @classmethod
    def read(cls, data: bytes) -> Papers:
        """Raises UnreadablePapers."""
        try:
            value = json.loads(data)
            if value["schema"] != SCHEMA:
                raise UnreadablePapers(f"the manifest's schema is not {SCHEMA}")
            listed = FileList(
                tuple(
                    ListedFile(each["path"], each["size"], each["sha256"])
                    for each in value["files"]
                )
            )
            terminal = Terminal(value["terminal"]).value
            return cls(str(value["session"]), terminal, str(value.get("reason", "")), listed, value)
        except BadList as error:
            raise UnreadablePapers(f"the manifest's list does not hold: {error}") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UnreadablePapers("the manifest cannot be read") from error
