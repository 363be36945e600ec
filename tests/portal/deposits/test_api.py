"""``/api/v1/deposits`` over HTTP, with keys and with sessions, and each way to use it wrongly."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.accounts.models import User
from portal.deposits.models import State
from portal.services import Services
from portal.settings import Settings
from portal.storage.files import FileVault
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeKey, MakeSettings, MakeUser
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import run

URL = "/api/v1/deposits"
SHA = hashlib.sha256(b"stays at home").hexdigest()
LIMIT = 300_000


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(max_upload_bytes=LIMIT, max_json_bytes=20_000, digests="sha256,sm3")


class Api:
    """A program with a key."""

    def __init__(self, client: PortalClient, key: str) -> None:
        self.client = client
        self.headers = client.bearer(key)

    def get(self, path: str = "", **query: str) -> TestResponse:
        return self.client.get(URL + path, headers=self.headers, query_string=query)

    def json(self, body: Any, **headers: str) -> TestResponse:
        return self.client.post(URL, json=body, headers=self.headers | headers)

    def digest(self, **more: Any) -> TestResponse:
        return self.json({"digests": {"sha256": SHA}, **more})

    def file(
        self, content: bytes, name: str = "a.txt", key: str | None = None, **form: str
    ) -> TestResponse:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        data = {"file": (io.BytesIO(content), name), **form}
        return self.client.post(URL, data=data, headers=headers)


@pytest.fixture
def api(client: PortalClient, api_key: str) -> Api:
    return Api(client, api_key)


def error(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The one error shape."""
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert set(answer.json) == {"error"}
    found: dict[str, Any] = answer.json["error"]
    assert set(found) == {"code", "message", "field", "request_id"}
    assert found["code"] == code
    assert found["message"]
    assert found["request_id"]
    return found


def nothing_left(services: Services) -> bool:
    vault = services.vault
    assert isinstance(vault, FileVault)
    return not list(vault.staging.iterdir()) and not list(vault.objects.glob("*/*"))


class TestDepositing:
    def test_a_file_from_post_to_package(self, api: Api, services: Services) -> None:
        content = os.urandom(100_000)
        answer = api.file(content, "合同 contract.pdf", title="租赁合同", note="原件")
        assert answer.status_code == 201
        assert answer.json is not None
        made = answer.json
        assert made["state"] == "received"
        assert made["digests"]["sha256"] == hashlib.sha256(content).hexdigest()
        assert made["digests"]["sm3"] == hashlib.new("sm3", content).hexdigest()
        assert (made["title"], made["filename"]) == ("租赁合同", "合同 contract.pdf")
        assert answer.headers["Location"].endswith(made["id"])
        for what in ("letter", "token", "receipt", "package"):
            assert api.get(f"/{made['id']}/{what}").status_code == 409
        run(services.deposits)
        issued = api.get(f"/{made['id']}").json
        assert issued is not None
        assert issued["state"] == "issued"
        assert {step["state"] for step in issued["steps"]} == {"done"}
        assert api.client.get(issued["links"]["letter"], headers=api.headers).data[:5] == b"%PDF-"
        for link in issued["links"].values():
            assert api.client.get(link, headers=api.headers).status_code == 200, link
        original = api.get(f"/{made['id']}/original")
        assert original.data == content
        assert original.mimetype == "application/octet-stream"
        disposition = original.headers["Content-Disposition"]
        assert disposition.startswith('attachment; filename="__ contract.pdf"; ')
        assert disposition.endswith("filename*=UTF-8''%E5%90%88%E5%90%8C%20contract.pdf")
        package = api.get(f"/{made['id']}/package", original="true")
        with zipfile.ZipFile(io.BytesIO(package.data)) as archive:
            assert archive.read("files/合同 contract.pdf") == content
            receipt = archive.read("ledger/receipt.json")
            token = archive.read("token.tsr")
        assert api.get(f"/{made['id']}/receipt").data == receipt
        assert api.get(f"/{made['id']}/token").data == token
        with zipfile.ZipFile(io.BytesIO(api.get(f"/{made['id']}/package").data)) as archive:
            assert not [name for name in archive.namelist() if name.startswith("files/")]
        check_spine(services.deposits.tools, all_issued=True)

    def test_links_lead_where_the_portal_is_mounted(self, api: Api) -> None:
        made = api.digest().json
        assert made is not None
        mounted = api.client.get(
            made["links"]["self"], headers=api.headers, environ_overrides={"SCRIPT_NAME": "/office"}
        ).json
        assert mounted is not None
        assert mounted["links"] == {"self": f"/office/api/v1/deposits/{made['id']}"}

    def test_a_digest_with_metadata_and_no_file(self, api: Api, services: Services) -> None:
        answer = api.digest(title="t", filename="f.txt", media_type="text/plain", size=12)
        assert answer.status_code == 201
        assert answer.json is not None
        assert (answer.json["kind"], answer.json["size"]) == ("digest", 12)
        assert "original" not in answer.json["links"]
        error(api.get(f"/{answer.json['id']}/original"), 404, "no_original")
        run(services.deposits)
        check_spine(services.deposits.tools, all_issued=True)

    def test_with_a_session_and_the_pages_token(self, login: Any, user: User) -> None:
        client: PortalClient = login(user)
        body = {"digests": {"sha256": SHA}}
        refused = client.post(URL, json=body)
        error(refused, 400, "csrf")
        token = {"X-CSRFToken": client.token("/deposits/new")}
        assert client.post(URL, json=body, headers=token).status_code == 201

    def test_the_file_must_have_the_digest_given(self, api: Api, services: Services) -> None:
        found = error(api.file(b"x", sha256=SHA), 422, "digest_mismatch")
        assert found["field"] == "sha256"
        assert nothing_left(services)
        good = hashlib.sha256(b"x").hexdigest()
        assert api.file(b"x", sha256=good).status_code == 201

    def test_what_is_wrong_with_a_digest_is_said_in_ones_language(self, api: Api) -> None:
        zh = {"Accept-Language": "zh"}
        wrong = error(api.json({"digests": {"sha256": "00"}}, **zh), 422, "digest")
        assert wrong["message"] == "摘要应为 64 个字符，由 0–9 和 a–f 组成。"
        missing = error(api.json({"title": "t"}, **zh), 422, "invalid")
        assert missing["message"] == "缺少必填项。"

    def test_downloads_stand_in_the_custody_log(self, api: Api, services: Services) -> None:
        made = api.file(b"x").json
        assert made is not None
        run(services.deposits)
        api.get(f"/{made['id']}/letter")
        api.get(f"/{made['id']}/original")
        with services.database.reading() as session:
            from portal.audit.service import entries_for

            log = entries_for(session, f"deposit:{made['id']}")
        exported = [json.loads(entry.detail)["what"] for entry in log if "exported" in entry.action]
        assert exported == ["letter", "original"]
        assert log[0].via == "api"


class TestIdempotency:
    def test_repeating_answers_200_with_the_same_deposit(self, api: Api) -> None:
        first, second = api.file(b"x", key="k-1"), api.file(b"x", key="k-1")
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json is not None
        assert second.json is not None
        assert first.json["id"] == second.json["id"]

    def test_another_body_is_a_conflict(self, api: Api) -> None:
        api.file(b"x", key="k-1")
        found = error(api.file(b"y", key="k-1"), 409, "idempotency_key_reused")
        assert found["field"] == "Idempotency-Key"

    def test_for_digests_too(self, api: Api) -> None:
        body = {"digests": {"sha256": SHA}}
        header = {"Idempotency-Key": "k-2"}
        assert api.json(body, **header).status_code == 201
        assert api.json(body, **header).status_code == 200
        error(api.json(body | {"title": "other"}, **header), 409, "idempotency_key_reused")

    def test_a_malformed_key(self, api: Api) -> None:
        error(api.file(b"x", key="a b"), 422, "idempotency_key")


class TestBadInput:
    def test_an_empty_file(self, api: Api, services: Services) -> None:
        found = error(api.file(b""), 422, "file_empty")
        assert found["field"] == "file"
        assert nothing_left(services)

    @pytest.mark.parametrize("size", [LIMIT + 1, LIMIT + 2_000_000])
    def test_over_the_limit(self, api: Api, services: Services, size: int) -> None:
        """A little too large is noticed while it streams, much too large before it does."""
        found = error(api.file(bytes(size)), 413, "file_too_large")
        assert str(LIMIT) in found["message"]
        assert nothing_left(services)

    def test_the_limit_itself_is_taken(self, api: Api) -> None:
        assert api.file(bytes(LIMIT)).status_code == 201

    @pytest.mark.parametrize(
        ("digests", "code", "field"),
        [
            ({"sha256": SHA[:-2]}, "digest", "digests.sha256"),
            ({"sha256": SHA[:-1]}, "digest", "digests.sha256"),
            ({"sha256": SHA[:-1] + "g"}, "digest", "digests.sha256"),
            ({"sha256": SHA, "sm3": "00"}, "digest", "digests.sm3"),
            ({"sha256": ""}, "digest", "digests.sha256"),
            ({"md5": "d41d8cd98f00b204e9800998ecf8427e"}, "digest_algorithm", "digests"),
            ({"sha256": SHA, "blake3": SHA}, "digest_algorithm", "digests"),
            ({"sm3": SHA}, "digest_missing", "sha256"),
            ({}, "digest_missing", "sha256"),
            ({"sha256": 7}, "invalid", "digests.sha256.value"),
            ("sha256", "invalid", "digests"),
        ],
    )
    def test_a_wrong_digest(self, api: Api, digests: Any, code: str, field: str) -> None:
        found = error(api.json({"digests": digests}), 422, code)
        assert found["field"] == field

    def test_unknown_fields_are_named(self, api: Api) -> None:
        assert error(api.digest(colour="red"), 422, "invalid")["field"] == "colour"
        assert error(api.file(b"x", colour="red"), 422, "unknown_field")["field"] == "colour"

    @pytest.mark.parametrize("size", [-1, 1.5, "12", 2**53, True])
    def test_a_wrong_size(self, api: Api, size: object) -> None:
        assert error(api.digest(size=size), 422, "invalid")["field"] == "size"

    def test_json_too_deep(self, api: Api) -> None:
        deep = "[" * 9_000 + "]" * 9_000
        answer = api.client.post(
            URL, data=deep, headers=api.headers, content_type="application/json"
        )
        error(answer, 400, "json_too_deep")

    def test_json_too_large(self, api: Api) -> None:
        error(api.digest(note="x" * 30_000), 413, "too_large")

    @pytest.mark.parametrize("body", ["", "{", "nonsense", '{"digests": NaN'])
    def test_no_json(self, api: Api, body: str) -> None:
        answer = api.client.post(
            URL, data=body, headers=api.headers, content_type="application/json"
        )
        assert answer.status_code == 400

    @pytest.mark.parametrize("body", ["[]", '"x"', "7", "null"])
    def test_no_object(self, api: Api, body: str) -> None:
        answer = api.client.post(
            URL, data=body, headers=api.headers, content_type="application/json"
        )
        error(answer, 422, "json_object")

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""]
    )
    def test_another_content_type(self, api: Api, kind: str) -> None:
        answer = api.client.post(URL, data=b"x=1", headers=api.headers, content_type=kind)
        error(answer, 415, "wrong_content_type")

    def test_no_file(self, api: Api) -> None:
        answer = api.client.post(
            URL, data={"title": "x"}, headers=api.headers, content_type="multipart/form-data"
        )
        error(answer, 422, "file_missing")

    def test_two_files(self, api: Api, services: Services) -> None:
        data = {"file": [(io.BytesIO(b"1"), "a"), (io.BytesIO(b"2"), "b")]}
        error(api.client.post(URL, data=data, headers=api.headers), 422, "one_file")
        assert nothing_left(services)

    def test_a_file_under_another_name(self, api: Api, services: Services) -> None:
        data = {"upload": (io.BytesIO(b"1"), "a")}
        found = error(api.client.post(URL, data=data, headers=api.headers), 422, "unknown_field")
        assert found["field"] == "upload"
        assert nothing_left(services)

    def test_a_broken_off_upload(self, api: Api, services: Services) -> None:
        """90 % of what Content-Length announced, then nothing."""
        body = (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            + bytes(100_000)
            + b"\r\n--b--\r\n"
        )
        answer = api.client.post(
            URL,
            input_stream=io.BytesIO(body[: len(body) * 9 // 10]),
            content_length=len(body),
            content_type="multipart/form-data; boundary=b",
            headers=api.headers,
        )
        assert 400 <= answer.status_code < 500
        assert nothing_left(services)

    def test_text_out_of_bounds(self, api: Api) -> None:
        assert error(api.digest(title="x" * 201), 422, "text_long")["field"] == "title"
        assert error(api.digest(note="a\x00b"), 422, "text_nul")["field"] == "note"
        assert error(api.digest(title="\ud800"), 422, "text_unicode")["field"] == "title"


NAMES = [
    "../../etc/passwd",
    "C:\\Users\\张三\\合同.doc",
    "a\x01\x1b[31mb\x7f.txt",
    "x" * 300 + ".pdf",
    "invoice\u202efdp.exe",
    "\u2067mixed\u2069.txt",
    "𠮷野家.pdf",
    "<script>alert(1)</script>.svg",
    " ",
    "\"quoted\" & 'both'.txt",
]


class TestFileNames:
    @pytest.mark.parametrize("name", NAMES)
    def test_any_name_gets_its_letter(self, api: Api, services: Services, name: str) -> None:
        answer = api.file(b"x", "blob", filename=name)
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        assert answer.json["filename"] == name
        assert not set(answer.json["shown_filename"]) & set("\u202e\u2067\x01\x1b\x7f")
        run(services.deposits)
        issued = api.get(f"/{answer.json['id']}").json
        assert issued is not None
        assert issued["state"] == State.ISSUED, issued["steps"]
        original = api.get(f"/{answer.json['id']}/original")
        disposition = original.headers["Content-Disposition"]
        assert disposition.startswith("attachment; filename")
        assert "/" not in disposition
        assert "\\" not in disposition.replace('\\"', "")
        assert original.data == b"x"
        check_spine(services.deposits.tools, all_issued=True)

    def test_a_name_of_more_than_a_thousand_characters(self, api: Api) -> None:
        found = error(api.file(b"x", "blob", filename="x" * 1025), 422, "text_long")
        assert found["field"] == "filename"


class TestOthers:
    def test_another_persons_deposit_is_not_there(
        self, api: Api, client: PortalClient, make_user: MakeUser, make_key: MakeKey
    ) -> None:
        made = api.file(b"x").json
        assert made is not None
        stranger = Api(client, make_key(make_user("depositor", "administrator")))
        for what in ("", "/letter", "/token", "/receipt", "/package", "/original"):
            found = error(stranger.get(f"/{made['id']}{what}"), 404, "deposit_not_found")
            nobody = error(stranger.get(f"/{'0' * 36}{what}"), 404, "deposit_not_found")
            assert found["message"] == nobody["message"]
        assert stranger.get().json == {"items": [], "cursor": None}

    def test_nobody_without_a_key(self, client: PortalClient) -> None:
        error(client.get(URL), 401, "not_signed_in")
        error(client.post(URL, json={"digests": {"sha256": SHA}}), 401, "not_signed_in")

    def test_an_anonymous_upload_is_not_taken_in(
        self, client: PortalClient, services: Services
    ) -> None:
        error(client.post(URL, data={"file": (io.BytesIO(b"x"), "a")}), 401, "not_signed_in")
        assert nothing_left(services)

    def test_a_reading_key_does_not_write(
        self, client: PortalClient, user: User, make_key: MakeKey
    ) -> None:
        reader = Api(client, make_key(user, ("read",)))
        error(reader.digest(), 403, "scope_missing")
        assert reader.get().status_code == 200


class TestListing:
    def test_pages_cover_everything_once(self, api: Api) -> None:
        made = [api.digest(title=str(number)).json for number in range(7)]
        seen, cursor = [], {}
        while True:
            page = api.get("", size="3", **cursor).json
            assert page is not None
            seen += [item["id"] for item in page["items"]]
            if page["cursor"] is None:
                break
            cursor = {"cursor": page["cursor"]}
        assert seen == [each["id"] for each in reversed(made) if each]

    def test_filters(self, api: Api, services: Services) -> None:
        api.digest(title="Rent 100%")
        run(services.deposits)
        other = api.digest(title="loan_a").json
        assert other is not None

        def titles(**query: str) -> list[str]:
            page = api.get("", **query).json
            assert page is not None
            return [item["title"] for item in page["items"]]

        assert titles(state="issued") == ["Rent 100%"]
        assert titles(text="rent") == ["Rent 100%"]
        assert titles(text="100%") == ["Rent 100%"]
        assert titles(text="%") == titles(text="_") == []
        assert titles(text=other["number"]) == ["loan_a"]
        assert titles(since="2999-01-01T00:00:00Z") == []
        assert titles(until="2999-01-01T00:00:00+08:00") == ["loan_a", "Rent 100%"]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("state", "lost"),
            ("size", "0"),
            ("size", "x"),
            ("since", "yesterday"),
            ("since", "2026-01-01T00:00:00"),
            ("cursor", "x"),
            ("cursor", "8J+YgA=="),
            ("cursor", "x" * 300),
        ],
    )
    def test_a_wrong_query_names_its_field(self, api: Api, name: str, value: str) -> None:
        answer = api.get("", **{name: value})
        assert answer.status_code == 422
        assert answer.json is not None
        assert answer.json["error"]["field"] == name


def test_the_description_is_served_and_complete(client: PortalClient) -> None:
    description = client.get("/api/openapi.json").json
    assert description is not None
    assert description["openapi"].startswith("3.1")
    paths = description["paths"]
    assert {path for path in paths if path.startswith(URL)} == {
        URL,
        *(URL + "/{deposit_id}" + what for what in ("", "/letter", "/token", "/receipt")),
        *(URL + "/{deposit_id}" + what for what in ("/package", "/original", "/proof")),
        URL + "/batch",
    }
    body = paths[URL]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}


class TestWithoutSm3:
    @pytest.fixture
    def settings(self, make_settings: MakeSettings) -> Settings:
        return make_settings(digests="sha256")

    def test_a_digest_of_a_file_that_is_not_computed_is_not_claimed(
        self, api: Api, services: Services
    ) -> None:
        found = error(api.file(b"x", sm3="0" * 64), 422, "digest_not_computed")
        assert found["field"] == "sm3"
        assert nothing_left(services)
