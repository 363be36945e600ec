"""The manifest: what is in a package, each file with its size and SHA-256."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from timestamping.package_files import MANIFEST, SCHEMA

#: No well-formed manifest is longer, bytes.
MAX_MANIFEST: Final = 8 << 20
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BadManifest(ValueError):
    """Not a well-formed manifest; the message names what is wrong."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of the package; ``sha256`` hexadecimal, ``size`` in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """``created`` is RFC 3339 text; ``files`` lists everything but the manifest, by name."""

    number: str
    created: str
    files: tuple[Listed, ...]

    def encode(self) -> bytes:
        """RFC 8785."""
        files: list[Any] = [
            {"name": each.name, "sha256": each.sha256, "size": each.size} for each in self.files
        ]
        return rfc8785.dumps(
            {"schema": SCHEMA, "number": self.number, "created": self.created, "files": files}
        )

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """Exactly what :meth:`encode` writes, nothing more lenient.

        Raises:
            BadManifest: naming what is wrong.
        """
        if len(data) > MAX_MANIFEST:
            raise BadManifest(f"a manifest has at most {MAX_MANIFEST} bytes")
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BadManifest("the manifest is not JSON") from error
        if not isinstance(value, dict) or value.keys() != {"schema", "number", "created", "files"}:
            raise BadManifest("a manifest has the fields schema, number, created, files")
        if value["schema"] != SCHEMA:
            raise BadManifest(f"the manifest's schema is not {SCHEMA}")
        if not isinstance(value["files"], list):
            raise BadManifest("the manifest's files are not a list")
        manifest = cls(
            _text(value, "number"), _text(value, "created"), tuple(map(_listed, value["files"]))
        )
        _require_order(manifest.files)
        if manifest.encode() != data:
            raise BadManifest("the manifest is not in canonical form (RFC 8785)")
        return manifest


def _listed(value: Any) -> Listed:
    if not isinstance(value, dict) or value.keys() != {"name", "sha256", "size"}:
        raise BadManifest("a file in the manifest has the fields name, sha256, size")
    size = value["size"]
    if type(size) is not int or not 0 <= size < 2**53:
        raise BadManifest("a size in the manifest is no number of bytes")
    if _HEX.fullmatch(_text(value, "sha256")) is None:
        raise BadManifest("a digest in the manifest is not 64 hexadecimal digits")
    return Listed(_text(value, "name"), value["sha256"], size)


def _text(value: dict[str, Any], field: str) -> str:
    text = value[field]
    if not isinstance(text, str):
        raise BadManifest(f"{field} in the manifest is no text")
    return text


def _require_order(files: Iterable[Listed]) -> None:
    names = [each.name for each in files]
    if names != sorted(set(names)) or MANIFEST in names:
        raise BadManifest("the manifest lists its files once each, in order, without itself")
