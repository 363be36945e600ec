"""The manifest of a volume's files (``notary/volume/v1``, RFC 8785): its SHA-256 is deposited.

It lists ``volume.pdf``, ``custody.json``, ``subject.zip`` (the proof package of the deposit the
matter is about, without originals) and ``certificate-<number>.zip`` for each certificate,
correction and revocation: the whole package of its own deposit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from chain_adapter.canonical import canonical_json
from timestamping.certificate.data import NUMBER
from timestamping.certificate.record import stamp
from timestamping.certificate.volume.errors import BadVolume
from timestamping.filelist import VOLUME, BadList, FileList, ListedFile
from timestamping.letter.words import Words

PDF: Final = "volume.pdf"
CUSTODY: Final = "custody.json"
SUBJECT: Final = "subject.zip"
_FIELDS: Final = frozenset({"schema", "matter", "office", "closed_at", "certificates", "files"})


@dataclass(frozen=True, slots=True)
class VolumeFiles:
    """A manifest that was read; ``certificates`` are numbers, in the order they were issued."""

    matter: str
    office: Words
    closed_at: datetime
    certificates: tuple[str, ...]
    files: tuple[ListedFile, ...]


def certificate_path(number: str) -> str:
    """The file that holds the package of the certificate of this number."""
    return f"certificate-{number}.zip"


def write_volume(
    matter: str,
    office: Words,
    closed_at: datetime,
    certificates: Sequence[str],
    files: Iterable[ListedFile],
) -> bytes:
    """The manifest; ``files`` may come in any order.

    Raises:
        BadVolume: a file is missing, or one too many.
    """
    listed = sorted(files, key=lambda each: each.path)
    _require(certificates, listed)
    value: dict[str, Any] = {
        "schema": VOLUME,
        "matter": matter,
        "office": {"zh": office.zh, "en": office.en},
        "closed_at": stamp(closed_at),
        "certificates": list(certificates),
        "files": [_file(each) for each in listed],
    }
    return canonical_json(value)


def read_volume(data: bytes) -> VolumeFiles:
    """Exactly what :func:`write_volume` writes.

    Raises:
        BadVolume: naming what is wrong.
    """
    try:
        listed = FileList.decode(data)
    except BadList as error:
        raise BadVolume(str(error)) from error
    value = json.loads(data)
    strange = sorted(value.keys() ^ _FIELDS)
    if strange or value["schema"] != VOLUME:
        raise BadVolume(f"the manifest lacks {', '.join(strange) or VOLUME}, or must not have it")
    numbers = value["certificates"]
    if not isinstance(numbers, list) or not all(_is_number(each) for each in numbers):
        raise BadVolume("the manifest does not list its certificates by number")
    if type(value["matter"]) is not str or not value["matter"]:
        raise BadVolume("the manifest names no matter")
    _require(numbers, listed.files)
    return VolumeFiles(
        value["matter"],
        _office(value["office"]),
        _moment(value["closed_at"]),
        tuple(numbers),
        listed.files,
    )


def _require(certificates: Sequence[str], files: Iterable[ListedFile]) -> None:
    if not certificates or len(set(certificates)) != len(certificates):
        raise BadVolume("a volume has at least one certificate, and each once")
    wanted = {PDF, CUSTODY, SUBJECT} | {certificate_path(each) for each in certificates}
    strange = sorted(wanted ^ {each.path for each in files})
    if strange:
        word = "lacks" if strange[0] in wanted else "must not list"
        raise BadVolume(f"the manifest of a volume {word} {strange[0]}")


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and NUMBER.fullmatch(value) is not None


def _office(value: Any) -> Words:
    texts = isinstance(value, dict) and value.keys() == {"zh", "en"}
    if not texts or not all(type(each) is str for each in value.values()):
        raise BadVolume("the manifest does not name the office in two languages")
    return Words(value["zh"], value["en"])


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None and stamp(moment) == value:
            return moment
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadVolume("the manifest does not say in UTC when the volume was closed")


def _file(file: ListedFile) -> dict[str, Any]:
    one: dict[str, Any] = {"path": file.path, "size": file.size, "sha256": file.sha256}
    return one if file.sm3 is None else one | {"sm3": file.sm3}
