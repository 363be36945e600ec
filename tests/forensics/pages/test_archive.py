"""Archives of hostile exchanges, read back by others' readers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forensics.pages import bounds
from forensics.pages.body import Body, decode
from forensics.pages.exchange import Chain, Exchange
from forensics.pages.wacz import Visit, pack, surt
from forensics.pages.warc import Archive, Entry
from tests.forensics.pages.reading import index, parts, records, validate


def exchange(address: str = "http://example.com/", **more: Any) -> Exchange:
    response = {"status": 200, "statusText": "OK", "mimeType": "text/html", "headers": {"A": "b"}}
    return Exchange(
        "s", "1", bounds.url(address), "GET", 1.0e9, [("Host", "example.com")], Chain(),
        **{"response": response, "ended": "finished", **more},
    )  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path / "data.warc.gz", {"software": "test\r\nWARC-Type: evil"})
    yield made
    made.close()


def test_lines_cannot_be_smuggled_into_records(archive: Archive) -> None:
    hostile = {
        "status": 200,
        "statusText": "好\r\nX-Evil: 1",
        "headers": {"A\r\nX-Evil": "1", "B": "值\r\nX-Evil: 1", "Set-Cookie": "a=1\nb=2"},
        "remoteIPAddress": "1.2.3.4\r\nX-Evil: 1",
        "mimeType": "text/html\r\nX-Evil: 1",
    }
    archive.exchange(
        exchange("http://example.com/\r\nX-Evil: 1", response=hostile),
        Body(b"HTTP/1.1 200 OK\r\n\r\nnot a head", "whole"),
    )
    archive.close()
    found = records(archive.path.read_bytes())
    assert [each.kind for each in found] == ["warcinfo", "response", "request", "metadata"]
    for each in found:
        assert not any(name == "X-Evil" for name, _ in [*each.http, *each.headers.items()])
    assert found[1].data == b"HTTP/1.1 200 OK\r\n\r\nnot a head"
    cookies = [value for name, value in found[1].http if name == "Set-Cookie"]
    assert cookies == ["a=1", "b=2"]


def test_a_missing_body_is_said_to_be_missing(archive: Archive) -> None:
    archive.exchange(exchange(), Body(b"", "missing", "too large"))
    archive.close()
    _, response, _, metadata = records(archive.path.read_bytes())
    assert response.headers["WARC-Truncated"] == "length"
    assert metadata.json["body"]["state"] == "missing"
    assert metadata.json["body"]["reason"] == "too large"
    assert metadata.headers["WARC-Concurrent-To"] == response.headers["WARC-Record-ID"]


def test_a_question_without_an_answer_is_kept(archive: Archive) -> None:
    archive.exchange(
        exchange(response={}, ended="failed", failure="net::ERR_X"), Body(b"", "empty")
    )
    archive.close()
    kinds = [each.kind for each in records(archive.path.read_bytes())]
    assert kinds == ["warcinfo", "request", "metadata"]


def test_a_full_archive_goes_without_bodies(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_ARCHIVE", archive.size + 50_000)
    noise = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(2000))
    archive.exchange(exchange(), Body(noise, "whole"))
    assert archive.full
    archive.close()
    assert records(archive.path.read_bytes())[1].data == b""


@pytest.mark.parametrize(
    ("answer", "received", "state", "data"),
    [
        ({"body": "文", "base64Encoded": False}, 3, "whole", "文".encode()),
        ({"body": "/w==", "base64Encoded": True}, 1, "whole", b"\xff"),
        ({"body": "abc", "base64Encoded": False}, 4, "differs", b"abc"),
        ({"body": "", "base64Encoded": False}, 0, "empty", b""),
        ({"body": "", "base64Encoded": False}, 5, "differs", b""),
        ({"body": "a", "base64Encoded": True}, 1, "missing", b""),
        ({"body": "\ud800", "base64Encoded": False}, 3, "missing", b""),
        ({"body": 5}, 0, "missing", b""),
        ({}, 0, "missing", b""),
    ],
)
def test_bodies(answer: dict[str, Any], received: int, state: str, data: bytes) -> None:
    body = decode(answer, received)
    assert (body.state, body.data) == (state, data)


def test_a_large_index_points_at_every_record(archive: Archive, tmp_path: Path) -> None:
    """More than one block, addresses in every form, and each line leads to its record."""
    for number in range(650):
        address = f"http://www.example{number % 7}.com:80{number % 10}/页?b={number}&a=1"
        archive.exchange(exchange(address), Body(str(number).encode(), "whole"))
    archive.close()
    visit = Visit(1, "http://example.com/", "标题", archive.entries[0].at)
    pack(tmp_path / "made.wacz", archive.path, archive.entries, [visit], "test")
    said = validate(tmp_path / "made.wacz")
    assert said.returncode == 0, said.stdout + said.stderr
    data = parts(tmp_path / "made.wacz")["archive/data.warc.gz"]
    lines = index(tmp_path / "made.wacz")
    assert len(lines) == 650
    for _, _, fields in lines[::50]:
        (record,) = records(data[fields["offset"] : fields["offset"] + fields["length"]])
        assert (record.kind, record.address) == ("response", fields["url"])
        assert record.headers["WARC-Payload-Digest"] == fields["digest"]
    table = parts(tmp_path / "made.wacz")["indexes/index.idx"].decode().splitlines()
    assert len(table) == 1 + 3


def test_an_empty_archive_is_valid(archive: Archive, tmp_path: Path) -> None:
    archive.close()
    pack(tmp_path / "made.wacz", archive.path, [], [], "test")
    assert validate(tmp_path / "made.wacz").returncode == 0


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("http://www.Example.com/Path?b=2&a=1", "com,example)/path?a=1&b=2"),
        ("https://example.com:443", "com,example)/"),
        ("https://example.com:8443/x", "com,example:8443)/x"),
        ("http://192.0.2.1/x", "192.0.2.1)/x"),
        ("urn:certificates:https://a", "urn:certificates:https://a"),
        ("http://a:99999999/", "http://a:99999999/"),
        ("http://[::1/", "http://[::1/"),
    ],
)
def test_keys_of_the_index(address: str, key: str) -> None:
    assert surt(address) == key


def test_entries_keep_what_was_written(archive: Archive) -> None:
    archive.exchange(exchange(), Body(b"x", "whole"))
    (entry,) = archive.entries
    assert isinstance(entry, Entry)
    assert (entry.address, entry.status, entry.mime) == ("http://example.com/", 200, "text/html")
    assert entry.digest.startswith("sha256:")
