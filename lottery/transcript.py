"""The transcript: one canonical document of all steps, which is all that a verifier needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lottery.canonical import canonical, read
from lottery.errors import BadRecord

SCHEMA: Final = "notary/draw/v1"
MAX_TRANSCRIPT: Final = 512 * 1024 * 1024
_HEAD: Final = b'{"schema":"notary/draw/v1","steps":['


def assemble(steps: Sequence[bytes]) -> bytes:
    """The canonical transcript of the canonical bytes of its steps."""
    return _HEAD + b",".join(steps) + b"]}"


def split(transcript: bytes) -> tuple[bytes, ...]:
    """The steps' bytes.

    Raises:
        BadRecord: not a canonical transcript.
    """
    try:
        document = read(transcript, MAX_TRANSCRIPT)
    except ValueError as error:
        raise BadRecord(0, f"the transcript is {error}") from error
    steps = document.get("steps")
    if document.keys() != {"schema", "steps"} or document["schema"] != SCHEMA:
        raise BadRecord(0, "this is no transcript of a draw")
    if not isinstance(steps, list) or not all(isinstance(each, dict) for each in steps):
        raise BadRecord(0, "the transcript's steps are no list of documents")
    return tuple(canonical(each) for each in steps)
