"""The manifest of a draw's bundle, RFC 8785; its SHA-256 is the digest that is deposited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from chain_adapter.canonical import canonical_json
from timestamping.filelist import DRAW, BadList, FileList

#: Of the record that the manifest speaks of, so that a letter can name it without reading it.
_TEXTS: Final = ("draw", "organiser", "outcome", "config_hash", "record_head")
_PERHAPS: Final = ("draw_hash", "seed", "results_sha256")
_FIELDS: Final = {"schema", "files", "title", "rehearsal", "steps", *_TEXTS, *_PERHAPS}
OUTCOMES: Final = ("final", "audited", "void", "cancelled")


class BadBundle(ValueError):
    """Something in a bundle is not what it must be; one sentence names it."""


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file: path in the bundle, bytes, digests in hexadecimal (``sm3`` may be missing)."""

    path: str
    size: int
    sha256: str
    sm3: str | None = None

    @classmethod
    def of(cls, path: str, data: bytes) -> BundleFile:
        return cls(path, len(data), hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class BundleManifest:
    """``outcome`` is one of :data:`OUTCOMES`; ``config_hash``, ``draw_hash``, ``seed``,
    ``results_sha256`` and ``record_head`` (SHA-256 of the last step) are hexadecimal, the middle
    three None when the draw did not come so far."""

    draw: str
    title: dict[str, str]
    organiser: str
    rehearsal: bool
    outcome: str
    steps: int
    config_hash: str
    record_head: str
    draw_hash: str | None = None
    seed: str | None = None
    results_sha256: str | None = None
    files: tuple[BundleFile, ...] = ()

    def encode(self) -> bytes:
        """RFC 8785, files in the order of their paths."""
        value: dict[str, Any] = {"schema": DRAW, "files": list(map(_file, self._sorted()))}
        for name in sorted(_FIELDS - {"schema", "files"}):
            value[name] = getattr(self, name)
        return canonical_json(value)

    def _sorted(self) -> Iterable[BundleFile]:
        return sorted(self.files, key=lambda each: each.path)


def read_manifest(data: bytes) -> BundleManifest:
    """Exactly what :meth:`BundleManifest.encode` writes.

    Raises:
        BadBundle: naming what is wrong.
    """
    try:
        listed = FileList.decode(data)
    except BadList as error:
        raise BadBundle(str(error)) from error
    value = json.loads(data)
    strange = sorted(value.keys() ^ _FIELDS)
    if strange or value["schema"] != DRAW:
        raise BadBundle(f"the manifest lacks {', '.join(strange) or DRAW}, or must not have it")
    _require_shape(value)
    files = tuple(BundleFile(each.path, each.size, each.sha256, each.sm3) for each in listed.files)
    return BundleManifest(
        **{name: value[name] for name in _FIELDS - {"schema", "files"}}, files=files
    )


def _require_shape(value: dict[str, Any]) -> None:
    for name in _TEXTS:
        if type(value[name]) is not str:
            raise BadBundle(f"the manifest has a strange {name}")
    for name in _PERHAPS:
        if value[name] is not None and type(value[name]) is not str:
            raise BadBundle(f"the manifest has a strange {name}")
    title, steps = value["title"], value["steps"]
    right = isinstance(title, dict) and all(isinstance(each, str) for each in title.values())
    if not right or type(steps) is not int or type(value["rehearsal"]) is not bool:
        raise BadBundle("the manifest has a strange title, rehearsal or number of steps")
    if value["outcome"] not in OUTCOMES:
        raise BadBundle(f"the manifest's outcome is none of {', '.join(OUTCOMES)}")


def _file(file: BundleFile) -> dict[str, Any]:
    one = {"path": file.path, "size": file.size, "sha256": file.sha256}
    return one if file.sm3 is None else one | {"sm3": file.sm3}
