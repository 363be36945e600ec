"""The manifest of a certificate's files (``notary/certificate-files/v1``, RFC 8785).

Its SHA-256 is what is deposited. It lists ``certificate.pdf``, ``certificate.json`` and, but for a
revocation, ``check.json`` and ``subject/package.zip``, the proof package of the deposit concerned.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from chain_adapter.canonical import canonical_json
from timestamping.certificate.data import KINDS, NUMBER, REVOCATION, TEMPLATES, CertificateData
from timestamping.certificate.errors import BadFiles
from timestamping.certificate.layout import CHECK, PDF, RECORD, SUBJECT
from timestamping.certificate.record import stamp
from timestamping.filelist import NOTARIAL, BadList, FileList, ListedFile
from timestamping.letter.words import Words

_FIELDS: Final = frozenset(
    {
        *("schema", "number", "kind", "template", "office", "issued_at", "status_url"),
        *("predecessor", "files"),
    }
)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A manifest that was read. ``predecessor`` is number and SHA-256 of its PDF, or None."""

    number: str
    kind: str
    template: str
    office: Words
    issued_at: datetime
    status_url: str
    predecessor: tuple[str, str] | None
    files: tuple[ListedFile, ...]


def write_manifest(data: CertificateData, files: Iterable[ListedFile]) -> bytes:
    """The manifest of ``data``'s certificate, whose ``files`` may come in any order.

    Raises:
        BadFiles: a file is missing, or one too many.
    """
    before = data.predecessor
    listed = sorted(files, key=lambda each: each.path)
    _require_files(data.kind, listed)
    value: dict[str, Any] = {
        "schema": NOTARIAL,
        "number": data.number,
        "kind": data.kind,
        "template": data.template,
        "office": {"zh": data.office.zh, "en": data.office.en},
        "issued_at": stamp(data.issued_at),
        "status_url": data.verify_url,
        "predecessor": None
        if before is None
        else {"number": before.number, "pdf_sha256": before.pdf_sha256},
        "files": [_file(each) for each in listed],
    }
    return canonical_json(value)


def read_files(data: bytes) -> CertificateFiles:
    """Exactly what :func:`write_manifest` writes.

    Raises:
        BadFiles: naming what is wrong.
    """
    try:
        listed = FileList.decode(data)
    except BadList as error:
        raise BadFiles(str(error)) from error
    value = json.loads(data)
    strange = sorted(value.keys() ^ _FIELDS)
    if strange or value["schema"] != NOTARIAL:
        raise BadFiles(f"the manifest lacks {', '.join(strange) or NOTARIAL}, or must not have it")
    if value["kind"] not in KINDS or value["template"] not in TEMPLATES:
        raise BadFiles("the manifest is of no known kind of certificate")
    _require_files(value["kind"], listed.files)
    return CertificateFiles(
        _number(value["number"]),
        value["kind"],
        value["template"],
        _office(value["office"]),
        _moment(value["issued_at"]),
        _text(value, "status_url"),
        _predecessor(value["predecessor"]),
        listed.files,
    )


def _require_files(kind: str, files: Iterable[ListedFile]) -> None:
    wanted = {PDF, RECORD} if kind == REVOCATION else {PDF, RECORD, CHECK, SUBJECT}
    strange = sorted(wanted ^ {each.path for each in files})
    if strange:
        word = "lacks" if strange[0] in wanted else "must not list"
        raise BadFiles(f"the manifest of a {kind} {word} {strange[0]}")


def _file(file: ListedFile) -> dict[str, Any]:
    one: dict[str, Any] = {"path": file.path, "size": file.size, "sha256": file.sha256}
    return one if file.sm3 is None else one | {"sm3": file.sm3}


def _number(value: Any) -> str:
    if not isinstance(value, str) or NUMBER.fullmatch(value) is None:
        raise BadFiles("the manifest has no number of a certificate")
    return value


def _office(value: Any) -> Words:
    if not isinstance(value, dict) or value.keys() != {"zh", "en"}:
        raise BadFiles("the manifest does not name the office in two languages")
    return Words(_text(value, "zh"), _text(value, "en"))


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None and stamp(moment) == value:
            return moment
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadFiles("the manifest gives no time of issue in UTC")


def _predecessor(value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"number", "pdf_sha256"}:
        raise BadFiles("the manifest names its predecessor by number and digest")
    return _number(value["number"]), _text(value, "pdf_sha256")


def _text(value: dict[str, Any], name: str) -> str:
    text = value[name]
    if type(text) is not str:
        raise BadFiles(f"{name} in the manifest is no text")
    return text
