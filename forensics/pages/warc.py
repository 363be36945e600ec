"""Exchanges as WARC records (ISO 28500:2017, WARC 1.1), and the index of what was written.

An exchange becomes a ``response``, its ``request`` and a ``metadata`` record in JSON with what the
browser says besides. Bodies are stored as the page received them, after content and transfer
coding; the fields that spoke of the coding are kept under ``x-orig-``. A body that cannot be had is
an empty one with ``WARC-Truncated``, and the metadata says why.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import rfc8785
from warcio.statusandheaders import StatusAndHeaders
from warcio.utils import Digester
from warcio.warcwriter import WARCWriter

from forensics.pages import bounds
from forensics.pages.body import Body, about, told
from forensics.pages.bounds import headers, line
from forensics.pages.exchange import Exchange
from forensics.pages.files import MODE

#: Fields of HTTP that no longer describe the body as it is stored.
_CODING: Final = ("content-encoding", "transfer-encoding", "content-length")
NAME: Final = "data.warc.gz"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a record lies in the file: ``offset`` and ``length`` in bytes."""

    address: str
    at: datetime
    mime: str
    status: int
    digest: str
    offset: int
    length: int


class _Writer(WARCWriter):  # type: ignore[misc]
    def _create_digester(self) -> Digester:
        return Digester("sha256")


class Archive:
    """A WARC file that grows. One thread at a time."""

    def __init__(self, path: Path, software: Mapping[str, str]) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self.full = False
        self._file = path.open("xb")
        path.chmod(MODE)
        self._writer = _Writer(self._file, gzip=True, warc_version="1.1")
        info = {
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/"
            "warc-1.1/",
            **{name: line(value, 400) for name, value in software.items()},
        }
        self._writer.write_record(self._writer.create_warcinfo_record(NAME, info))

    @property
    def size(self) -> int:
        return self._file.tell()

    def exchange(self, exchange: Exchange, body: Body) -> None:
        """Write what was asked and answered; ``full`` once the archive's bound is reached."""
        if self.size + len(body.data) > bounds.MAX_ARCHIVE:
            self.full = True
            body = Body(b"", "missing", "the archive is full")
            if self.size > bounds.MAX_ARCHIVE:
                return
        at = _moment(exchange.started)
        concurrent = {}
        if exchange.status:
            concurrent = {"WARC-Concurrent-To": self._response(exchange, body, at)}
        self._request(exchange, at, concurrent)
        self._record(
            "metadata",
            exchange.address,
            rfc8785.dumps(about(exchange, body)),
            "application/json",
            at,
            concurrent,
        )
        self._file.flush()

    def resource(self, address: str, data: bytes, kind: str, at: datetime) -> None:
        """Something that is no answer of a server: a certificate chain, say."""
        offset = self.size
        digest = self._record("resource", address, data, kind, at, {})
        self._note(address, at, kind, 200, digest, offset)
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _response(self, exchange: Exchange, body: Body, at: datetime) -> str:
        offset = self.size
        fields = {"WARC-Date": _date(at)}
        address = line(exchange.response.get("remoteIPAddress"), 60).strip("[]")
        if address:
            fields["WARC-IP-Address"] = address
        if body.state == "missing":
            fields["WARC-Truncated"] = "length" if "large" in body.reason else "unspecified"
        record = self._writer.create_warc_record(
            exchange.address,
            "response",
            payload=io.BytesIO(body.data),
            http_headers=StatusAndHeaders(
                _status_line(exchange), _stored(exchange, len(body.data)), protocol="HTTP/1.1"
            ),
            warc_headers_dict=fields,
        )
        self._put(record)
        mime = line(exchange.response.get("mimeType"), 100).replace(" ", "") or "unk"
        digest = record.rec_headers.get_header("WARC-Payload-Digest") or ""
        self._note(exchange.address, at, mime, exchange.status, digest, offset)
        return str(record.rec_headers.get_header("WARC-Record-ID"))

    def _request(self, exchange: Exchange, at: datetime, concurrent: dict[str, str]) -> None:
        fields = headers(exchange.exact_request.get("headers")) or exchange.sent
        target = exchange.address.split("/", 3)
        path = "/" + (target[3].partition("#")[0] if len(target) > 3 else "")
        record = self._writer.create_warc_record(
            exchange.address,
            "request",
            payload=io.BytesIO(exchange.posted),
            http_headers=StatusAndHeaders(
                f"{exchange.method} {path} HTTP/1.1",
                [each for each in fields if not each[0].startswith(":")],
                is_http_request=True,
            ),
            warc_headers_dict={"WARC-Date": _date(at), **concurrent},
        )
        self._put(record)

    def _record(
        self,
        kind: str,
        address: str,
        data: bytes,
        mime: str,
        at: datetime,
        fields: Mapping[str, str],
    ) -> str:
        record = self._writer.create_warc_record(
            address,
            kind,
            payload=io.BytesIO(data),
            length=len(data),
            warc_content_type=mime,
            warc_headers_dict={"WARC-Date": _date(at), **fields},
        )
        self._put(record)
        return str(record.rec_headers.get_header("WARC-Payload-Digest") or "")

    def _put(self, record: Any) -> None:
        self._writer.write_record(record)
        record.raw_stream.close()

    def _note(
        self, address: str, at: datetime, mime: str, status: int, digest: str, offset: int
    ) -> None:
        length = self.size - offset
        self.entries.append(Entry(address, at, mime, status, digest, offset, length))


def _stored(exchange: Exchange, length: int) -> list[tuple[str, str]]:
    fields = [
        (f"x-orig-{name}" if name.lower() in _CODING else name, value)
        for name, value in told(exchange)
        if not name.startswith(":")
    ]
    return [*fields, ("Content-Length", str(length))]


def _status_line(exchange: Exchange) -> str:
    text = line(exchange.response.get("statusText"), 100).strip()
    text = text.encode("ascii", "replace").decode()
    if not text and exchange.status in HTTPStatus.__members__.values():
        text = HTTPStatus(exchange.status).phrase
    return f"{exchange.status} {text}".rstrip()


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else datetime.now(UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.now(UTC)


def _date(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
