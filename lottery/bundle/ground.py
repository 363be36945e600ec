"""What the steps of a bundle's verification share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO

import rfc8785

from chain_adapter.trust import Trust
from lottery.bundle import layout
from lottery.bundle.manifest import BadBundle, BundleManifest, read_manifest
from lottery.bundle.seals import Seal, read_seals
from timestamping.token import Token
from timestamping.trust import TrustStore

Opener = Callable[[str], BinaryIO]


class Refused(Exception):
    """The check fails; the text is one sentence that names the culprit."""


class Undecided(Exception):
    """The check cannot be decided; the text says why."""


@dataclass(frozen=True)
class Ground:
    """One examination. What cannot be read raises the same sentence at every step that needs it,
    so that each is judged by itself."""

    data: bytes
    opener: Opener | None
    certificates: TrustStore | None
    ledger: Trust

    @cached_property
    def manifest(self) -> BundleManifest:
        try:
            return read_manifest(self.data)
        except BadBundle as error:
            raise Undecided("not examined, because the manifest cannot be read") from error

    @cached_property
    def transcript(self) -> bytes:
        return self.read(layout.TRANSCRIPT)

    @cached_property
    def steps(self) -> list[dict[str, Any]]:
        """The record's steps, of which nothing is known but that they are objects."""
        try:
            value = json.loads(self.transcript)
            steps = value["steps"]
            if not all(isinstance(each, dict) for each in steps):
                raise TypeError
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Refused(f"{layout.TRANSCRIPT} is no record of a draw") from error
        return list(steps)

    @cached_property
    def documents(self) -> list[bytes]:
        """Each step as it was deposited."""
        try:
            return [rfc8785.dumps(each) for each in self.steps]
        except (ValueError, RecursionError) as error:
            raise Refused(f"{layout.TRANSCRIPT} has a step without canonical form") from error

    @cached_property
    def digests(self) -> list[bytes]:
        return [hashlib.sha256(each).digest() for each in self.documents]

    @cached_property
    def seals(self) -> tuple[Seal, ...]:
        try:
            found = read_seals(self.read(layout.SEALS))
        except BadBundle as error:
            raise Refused(str(error)) from error
        if len(found) != len(self.steps):
            raise Refused(f"there are {len(found)} seals for {len(self.steps)} steps")
        return found

    @cached_property
    def tokens(self) -> dict[int, Token]:
        """By step; filled by the step that verifies them."""
        return {}

    def has(self, path: str) -> bool:
        return any(each.path == path for each in self.manifest.files)

    def read(self, path: str) -> bytes:
        """A file listed, whole. Raises Refused: missing or too long."""
        with self.open(path) as stream:
            data = stream.read(layout.MAX_FILE + 1)
        if len(data) > layout.MAX_FILE:
            raise Refused(f"{path} is longer than anything in a draw's package")
        return data

    def open(self, path: str) -> BinaryIO:
        if self.opener is None:
            raise Undecided("the files are not at hand")
        if not self.has(path):
            raise Refused(f"the manifest lists no {path}")
        try:
            return self.opener(path)
        except (OSError, LookupError) as error:
            raise Refused(f"{path} is missing") from error
