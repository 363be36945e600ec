"""Reading archives back with the libraries that others read them with."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator


@dataclass
class Record:
    kind: str
    address: str
    headers: dict[str, str]
    http: list[tuple[str, str]]
    status: str
    data: bytes

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.data)
        return value


def records(data: bytes) -> list[Record]:
    found = []
    for each in ArchiveIterator(BytesIO(data), check_digests="raise"):
        http = each.http_headers
        found.append(
            Record(
                each.rec_type,
                each.rec_headers.get_header("WARC-Target-URI") or "",
                dict(each.rec_headers.headers),
                list(http.headers) if http else [],
                (http.statusline if http else ""),
                each.content_stream().read(),
            )
        )
    return found


def parts(wacz: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wacz) as zipped:
        assert all(each.compress_type == zipfile.ZIP_STORED for each in zipped.infolist())
        return {name: zipped.read(name) for name in zipped.namelist()}


def wacz_records(wacz: Path) -> list[Record]:
    return records(parts(wacz)["archive/data.warc.gz"])


def index(wacz: Path) -> list[tuple[str, str, dict[str, Any]]]:
    text = gzip.decompress(parts(wacz)["indexes/index.cdx.gz"]).decode()
    lines = [line.split(" ", 2) for line in text.splitlines()]
    return [(key, at, json.loads(fields)) for key, at, fields in lines]


def validate(wacz: Path) -> subprocess.CompletedProcess[str]:
    """What the reference implementation says."""
    program = Path(sys.executable).with_name("wacz")
    return subprocess.run(
        [program, "validate", "-f", wacz], capture_output=True, text=True, timeout=120
    )
