"""The protocol as a client meets it, and what it must not be talked into."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.accounts.models import User
from portal.services import Services
from portal.storage.files import FileVault
from portal.uploads.models import UploadDraft
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings, MakeUser

FILES = "/uploads/files"
PIECE = "application/offset+octet-stream"


class Tus:
    """A tus client with our token, as the page's script is one."""

    def __init__(self, client: PortalClient) -> None:
        self.client = client
        self.draft = str(uuid.uuid4())
        self.headers = {"Tus-Resumable": "1.0.0", "X-CSRFToken": client.token("/account/password")}

    def open(self, method: str, path: str, body: bytes = b"", **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(path, method=method, data=body, headers=self.headers | named)

    def create(self, content: bytes, body: bytes | None = None, **given: str) -> TestResponse:
        more = {} if body is None else {"Content_Type": PIECE}
        named = {"draft": self.draft, "path": "a.txt", **given}
        return self.open(
            "POST",
            FILES,
            body or b"",
            Upload_Length=str(len(content)),
            Upload_Metadata=metadata(**named),
            **more,
        )

    def patch(self, path: str, offset: int, body: bytes, **headers: str) -> TestResponse:
        more = {"Content_Type": PIECE, "Upload_Offset": str(offset), **headers}
        return self.open("PATCH", path, body, **more)


def metadata(**values: str) -> str:
    return ",".join(
        f"{name} {b64encode(value.encode()).decode()}" for name, value in values.items()
    )


def code_of(answer: TestResponse) -> str:
    assert answer.json is not None
    assert set(answer.json["error"]) == {"code", "message", "field", "request_id"}
    return str(answer.json["error"]["code"])


@pytest.fixture
def tus(login: Callable[[User], PortalClient], user: User) -> Tus:
    return Tus(login(user))


def test_abilities(tus: Tus) -> None:
    for path in (FILES, f"{FILES}/x"):
        answer = tus.client.open(path, method="OPTIONS")
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
        assert "creation-with-upload" in answer.headers["Tus-Extension"]
        assert int(answer.headers["Tus-Max-Size"]) == 2 * 1024**3


def test_from_creation_to_deposit(tus: Tus) -> None:
    content = os.urandom(1000)
    made = tus.create(content)
    assert made.status_code == 201
    assert made.headers["Upload-Offset"] == "0"
    assert made.headers["Upload-Expires"].endswith("GMT")
    place = made.headers["Location"]
    first = tus.patch(place, 0, content[:400])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "400")
    look = tus.open("HEAD", place)
    assert look.status_code == 200
    assert (look.headers["Upload-Offset"], look.headers["Upload-Length"]) == ("400", "1000")
    assert look.headers["Cache-Control"] == "no-store"
    assert tus.patch(place, 400, content[400:]).headers["Upload-Offset"] == "1000"
    digest = hashlib.sha256(content).hexdigest()
    said = tus.client.post(f"{place}/digests", json={"sha256": digest}, headers=tus.headers)
    assert said.status_code == 204
    known = tus.client.get(f"/uploads/drafts/{tus.draft}/files").json
    assert known is not None
    assert [(f["path"], f["ready"], f["sha256"]) for f in known["files"]] == [
        ("a.txt", True, digest)
    ]
    wish = {"grouping": "each", "title": "T", "note": "a\r\nb"}
    place = f"/uploads/drafts/{tus.draft}/deposits"
    first = tus.client.post(place, json=wish, headers=tus.headers)
    again = tus.client.post(place, json=wish, headers=tus.headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json is not None
    assert again.json == first.json
    item = first.json["location"]
    assert tus.client.get(f"{item}/original").data == content


def test_a_small_file_is_one_request(tus: Tus) -> None:
    content = b"all at once"
    digest = hashlib.sha256(content).hexdigest()
    made = tus.create(content, content, sha256=digest)
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "11")
    known = tus.client.get(f"/uploads/drafts/{tus.draft}/files").json
    assert known is not None
    assert known["files"][0]["ready"]


def test_a_digest_that_differs_is_refused_and_nothing_kept(tus: Tus, services: Services) -> None:
    answer = tus.create(b"tampered", b"tampered", sha256=hashlib.sha256(b"original").hexdigest())
    assert answer.status_code == 422
    assert code_of(answer) == "digest_mismatch"
    vault = services.vault
    assert isinstance(vault, FileVault)
    assert not [*vault.objects.glob("*/*"), *vault.staging.iterdir()]
    wish = {"grouping": "each", "title": "", "note": ""}
    path = f"/uploads/drafts/{tus.draft}/deposits"
    refused = tus.client.post(path, json=wish, headers=tus.headers)
    assert (refused.status_code, code_of(refused)) == (422, "draft_empty")


def test_termination(tus: Tus) -> None:
    place = tus.create(b"abc", b"abc").headers["Location"]
    assert tus.open("DELETE", place).status_code == 204
    assert tus.open("HEAD", place).status_code == 404
    assert tus.open("DELETE", place).status_code == 404
    assert tus.patch(place, 3, b"").status_code == 404


class TestLies:
    def test_about_the_offset(self, tus: Tus) -> None:
        place = tus.create(b"0123456789").headers["Location"]
        assert tus.patch(place, 0, b"0123").status_code == 204
        for offset in (0, 3, 5, 10, 9999999999999999):
            answer = tus.patch(place, offset, b"x")
            assert (answer.status_code, code_of(answer)) == (409, "upload_offset")
        assert tus.open("HEAD", place).headers["Upload-Offset"] == "4"

    def test_offsets_that_are_no_numbers(self, tus: Tus) -> None:
        place = tus.create(b"abc").headers["Location"]
        for offset in ("", "-1", "1.5", "0x1", "１".encode().decode("latin-1"), "9" * 17):
            answer = tus.patch(place, 0, b"abc", Upload_Offset=offset)
            assert (answer.status_code, code_of(answer)) == (422, "header"), offset

    def test_about_the_length(self, tus: Tus) -> None:
        place = tus.create(b"abc").headers["Location"]
        answer = tus.patch(place, 0, b"abcd")
        assert (answer.status_code, code_of(answer)) == (413, "upload_length")
        assert tus.create(b"ab", b"abc", path="b").status_code == 413
        assert tus.open("HEAD", place).headers["Upload-Offset"] == "0"

    def test_about_the_content_type(self, tus: Tus) -> None:
        place = tus.create(b"abc").headers["Location"]
        named = metadata(draft=tus.draft, path="b")
        for kind in ("", "text/plain", "multipart/form-data; boundary=x"):
            patched = tus.patch(place, 0, b"abc", Content_Type=kind)
            made = tus.open(
                "POST",
                FILES,
                b"abc",
                Upload_Length="3",
                Content_Type=kind,
                Upload_Metadata=named,
            )
            for answer in (patched, made):
                assert (answer.status_code, code_of(answer)) == (415, "tus_type"), kind
        assert tus.open("HEAD", place).headers["Upload-Offset"] == "0"

    def test_about_the_version(self, tus: Tus) -> None:
        place = tus.create(b"abc").headers["Location"]
        for version in ("", "0.2.2", "2.0.0"):
            tus.headers["Tus-Resumable"] = version
            for answer in (tus.patch(place, 0, b"abc"), tus.create(b"x"), tus.open("HEAD", place)):
                assert answer.status_code == 412
                assert answer.headers["Tus-Version"] == "1.0.0"

    def test_about_the_checksum(self, tus: Tus) -> None:
        place = tus.create(b"abc").headers["Location"]
        wrong = b64encode(hashlib.sha256(b"abd").digest()).decode()
        answer = tus.patch(place, 0, b"abc", Upload_Checksum=f"sha256 {wrong}")
        assert (answer.status_code, code_of(answer)) == (460, "checksum")
        for header in ("", "md5 AAAA", "sha256 not-base64!"):
            assert tus.patch(place, 0, b"abc", Upload_Checksum=header).status_code == 422
        right = b64encode(hashlib.sha256(b"abc").digest()).decode()
        assert tus.patch(place, 0, b"abc", Upload_Checksum=f"sha256 {right}").status_code == 204

    def test_about_the_metadata(self, tus: Tus) -> None:
        for header in (
            "draft " + "A" * 8000,
            "draft not-base64!",
            "draft,draft",
            "path /w==",
            "," * 100,
        ):
            answer = tus.open("POST", FILES, Upload_Length="1", Upload_Metadata=header)
            assert (answer.status_code, code_of(answer)) == (422, "header"), header[:20]

    def test_values_that_are_none(self, tus: Tus) -> None:
        for name, value, code in (
            ("draft", "x", "draft_id"),
            ("draft", "../../etc", "draft_id"),
            ("path", "", "path"),
            ("path", "../a", "path"),
            ("path", "/a", "path"),
            ("path", "a\x00", "path"),
            ("modified", "-1", "number"),
            ("sha256", "zz", "digest"),
        ):
            answer = tus.create(b"x", **{name: value})
            assert (answer.status_code, code_of(answer)) == (422, code), (name, value)

    def test_about_a_size_beyond_the_limit(self, tus: Tus) -> None:
        answer = tus.open(
            "POST",
            FILES,
            Upload_Length=str(2 * 1024**3 + 1),
            Upload_Metadata=metadata(draft=tus.draft, path="a"),
        )
        assert (answer.status_code, code_of(answer)) == (413, "file_too_large")


def test_somebody_elses_upload_is_not_found(
    tus: Tus, login: Callable[[User], PortalClient], make_user: MakeUser
) -> None:
    place = tus.create(b"abc", b"ab").headers["Location"]
    other = Tus(login(make_user(name="李四")))
    assert other.open("HEAD", place).status_code == 404
    assert other.patch(place, 2, b"c").status_code == 404
    assert other.open("DELETE", place).status_code == 404
    digests = other.client.post(
        f"{place}/digests", json={"sha256": "0" * 64}, headers=other.headers
    )
    assert digests.status_code == 404
    other.draft = tus.draft
    assert other.create(b"x", b"x").status_code == 404
    draft = f"/uploads/drafts/{tus.draft}"
    assert other.client.get(f"{draft}/files").status_code == 404
    assert other.client.get(draft).status_code == 404
    wish = {"grouping": "each", "title": "", "note": ""}
    for path in ("deposits", "words"):
        answer = other.client.post(f"{draft}/{path}", json=wish, headers=other.headers)
        assert answer.status_code == 404
    assert other.client.delete(draft, headers=other.headers).status_code == 204  # and does nothing
    assert tus.open("HEAD", place).headers["Upload-Offset"] == "2"


def test_nothing_without_our_token(tus: Tus) -> None:
    place = tus.create(b"abc").headers["Location"]
    del tus.headers["X-CSRFToken"]
    assert tus.patch(place, 0, b"abc").status_code == 400
    assert tus.create(b"abc", b"abc", path="b").status_code == 400
    assert tus.open("DELETE", place).status_code == 400
    assert tus.open("HEAD", place).headers["Upload-Offset"] == "0"


def test_quota_is_told(make_settings: MakeSettings, services: Services, tus: Tus) -> None:
    for number in range(21):
        tus.draft = str(uuid.uuid4())
        answer = tus.create(b"x")
        if number == 20:
            assert (answer.status_code, code_of(answer)) == (413, "drafts_many")
        else:
            assert answer.status_code == 201


class TestDigests:
    def test_files_that_stay(self, tus: Tus) -> None:
        digest = hashlib.sha256(b"kept at home").hexdigest()
        files = [{"path": f"d/{name}", "size": 12, "sha256": digest} for name in "ab"]
        place = f"/uploads/drafts/{tus.draft}"
        said = tus.client.post(f"{place}/digests", json={"files": files}, headers=tus.headers)
        assert said.status_code == 204
        made = tus.client.post(
            f"{place}/deposits",
            json={"grouping": "list", "title": "", "note": ""},
            headers=tus.headers,
        )
        assert made.status_code == 201

    def test_nothing_makes_no_draft(self, tus: Tus, services: Services) -> None:
        place = f"/uploads/drafts/{tus.draft}"
        said = tus.client.post(f"{place}/digests", json={"files": []}, headers=tus.headers)
        assert said.status_code in (204, 422)
        with services.database.reading() as session:
            assert session.get(UploadDraft, tus.draft) is None

    def test_what_is_none(self, tus: Tus) -> None:
        good: dict[str, Any] = {"path": "a", "size": 1, "sha256": "0" * 64}
        wrong: list[dict[str, Any]] = [
            {"sha256": None},
            {"sha256": "0"},
            {"size": -1},
            {"size": True},
            {"size": 2**53},
            {"path": "../a"},
        ]
        bodies: list[Any] = [None, [], {}, {"files": {}}, {"files": [1]}]
        bodies += [{"files": [good | each]} for each in wrong]
        for body in bodies:
            place = f"/uploads/drafts/{tus.draft}/digests"
            answer = tus.client.post(place, json=body, headers=tus.headers)
            assert answer.status_code == 422, body
            code_of(answer)

    def test_a_grouping_that_is_none(self, tus: Tus) -> None:
        tus.create(b"x", b"x")
        place = f"/uploads/drafts/{tus.draft}/words"
        for grouping in (None, "both", 1, ["each"]):
            answer = tus.client.post(place, json={"grouping": grouping}, headers=tus.headers)
            assert (answer.status_code, code_of(answer)) == (422, "grouping"), grouping


def test_the_api_still_takes_multipart(client: PortalClient, api_key: str) -> None:
    answer = client.post(
        "/api/v1/deposits",
        data={"file": (io.BytesIO(b"as ever"), "a.txt")},
        headers=client.bearer(api_key),
    )
    assert answer.status_code == 201
