"""WACZ: a WARC with its index and its pages in one zip (Web Archive Collection Zipped 1.1.1)."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from chain_adapter.durable import sync_folder
from forensics.pages.warc import NAME, Entry

VERSION: Final = "1.1.1"
#: Lines of the index that are compressed together.
_BLOCK: Final = 300


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that was shown: ``number`` from 1."""

    number: int
    address: str
    title: str
    at: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "id": f"{self.number}",
            "url": self.address,
            "ts": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "title": self.title or self.address,
        }


def pack(
    target: Path, warc: Path, entries: Iterable[Entry], visits: Iterable[Visit], software: str
) -> None:
    """Write ``target`` from a closed WARC; it appears whole or not at all.

    Raises:
        OSError: no space, or ``target`` exists.
    """
    created = datetime.now(UTC)
    index, blocks = _index(entries)
    parts: list[tuple[str, BinaryIO]] = [
        ("indexes/index.cdx.gz", io.BytesIO(blocks)),
        ("indexes/index.idx", io.BytesIO(index)),
        ("pages/pages.jsonl", io.BytesIO(_pages(visits))),
    ]
    temporary = target.with_name(f".{target.name}.new")
    try:
        _write(temporary, warc, parts, created, software)
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def _write(
    target: Path,
    warc: Path,
    parts: list[tuple[str, BinaryIO]],
    created: datetime,
    software: str,
) -> None:
    resources = []
    with zipfile.ZipFile(target, "w") as zipped, warc.open("rb") as records:
        # §4.1: WARCs and indexes are stored uncompressed, so that readers can seek in them.
        for name, stream in [(f"archive/{NAME}", records), *parts]:
            resources.append(_add(zipped, name, stream, created))
        package = _package(resources, created, software)
        _add(zipped, "datapackage.json", io.BytesIO(package), created)
        digest = {"path": "datapackage.json", "hash": _sha256(package)}
        _add(
            zipped,
            "datapackage-digest.json",
            io.BytesIO(json.dumps(digest, indent=2).encode()),
            created,
        )
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def surt(address: str) -> str:
    """The key an address is sorted and found by: the host's labels reversed, the rest in lower
    case, the query sorted."""
    if not address.startswith(("http://", "https://")):
        return address
    try:
        parts = urlsplit(address.lower())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return address
    labels = host.removeprefix("www.").split(".")
    if not host.replace(".", "").isdigit() and ":" not in host:
        labels.reverse()
        key = ",".join(labels)
    else:
        key = host
    default = {"http": 80, "https": 443}[parts.scheme]
    key += f":{port}" if port not in (None, default) else ""
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return f"{key}){parts.path or '/'}" + (f"?{query}" if query else "")


def _lines(entries: Iterable[Entry]) -> Iterator[bytes]:
    lines = []
    for each in entries:
        fields = {
            "url": each.address,
            "mime": each.mime,
            "status": each.status,
            "digest": each.digest,
            "length": each.length,
            "offset": each.offset,
            "filename": NAME,
        }
        text = json.dumps(fields, ensure_ascii=False)
        key = surt(each.address).replace(" ", "%20")
        lines.append(f"{key} {each.at.strftime('%Y%m%d%H%M%S')} {text}\n".encode())
    yield from sorted(lines)


def _index(entries: Iterable[Entry]) -> tuple[bytes, bytes]:
    """ZipNum: the index in compressed blocks, and a table of where each begins."""
    lines = list(_lines(entries))
    table, blocks = [b'!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n'], b""
    for at in range(0, len(lines), _BLOCK):
        block = gzip.compress(b"".join(lines[at : at + _BLOCK]), mtime=0)
        key = b" ".join(lines[at].split(b" ", 2)[:2])
        where = {"offset": len(blocks), "length": len(block), "digest": _sha256(block)}
        table.append(key + b" " + json.dumps(where).encode() + b"\n")
        blocks += block
    return b"".join(table), blocks


def _pages(visits: Iterable[Visit]) -> bytes:
    head = {"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}
    lines = [head, *(each.to_json() for each in visits)]
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in lines)


def _package(resources: list[dict[str, Any]], created: datetime, software: str) -> bytes:
    package = {
        "profile": "data-package",
        "wacz_version": VERSION,
        "title": "Capture",
        "created": created.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "software": software,
        "resources": resources,
    }
    return json.dumps(package, ensure_ascii=False, indent=2).encode()


def _add(zipped: zipfile.ZipFile, name: str, stream: BinaryIO, created: datetime) -> dict[str, Any]:
    info = zipfile.ZipInfo(name, created.timetuple()[:6])
    info.external_attr = 0o644 << 16
    digest, size = hashlib.sha256(), 0
    with zipped.open(info, "w", force_zip64=True) as out:
        while piece := stream.read(1 << 20):
            digest.update(piece)
            size += len(piece)
            out.write(piece)
    return {
        "name": name.rpartition("/")[2],
        "path": name,
        "hash": f"sha256:{digest.hexdigest()}",
        "bytes": size,
    }


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
