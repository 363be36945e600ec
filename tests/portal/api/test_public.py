"""What anybody may ask: verification and the ledger's proofs. What a key says of itself."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest

from chain_adapter import Proof
from chain_adapter.merkle import leaf_hash, verify_consistency, verify_inclusion
from chain_adapter.tlog import TlogLedger
from portal.accounts.models import User
from portal.services import Services
from tests.portal.api.conftest import Program, refused
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeKey, MakeSettings
from tests.portal.deposits.conftest import actor_of, put, run

CONTENT = b"what was deposited"
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def number(services: Services, user: User) -> str:
    """An issued deposit's."""
    deposit = put(services.deposits, actor_of(user), CONTENT, title="secret title")
    run(services.deposits)
    return deposit.number


class TestVerification:
    def test_a_digest(self, stranger: Program, number: str) -> None:
        report = stranger.post("/verification/digest", {"sha256": SHA.upper()}).json
        assert report is not None
        assert (report["answer"], report["subject"]) == ("matches", "record")
        assert report["found"]["number"] == number
        assert [tick["area"] for tick in report["ticks"]] == ["file", "time", "ledger", "signer"]
        assert {tick["outcome"] for tick in report["ticks"]} == {"pass"}
        assert all(tick["checks"] for tick in report["ticks"])
        assert "secret title" not in str(report)

    def test_a_number_and_another_files_digest(self, stranger: Program, number: str) -> None:
        body = {"number": number.lower(), "sha256": "00" * 32}
        report = stranger.post("/verification/digest", body).json
        assert report is not None
        assert report["answer"] == "differs"

    def test_nothing_deposited_is_an_answer(self, stranger: Program) -> None:
        report = stranger.post("/verification/digest", {"sha256": "00" * 32}).json
        assert report is not None
        assert (report["answer"], report["subject"]) == ("missing", "record")
        assert report["sentence"] == {"zh": "未找到。", "en": "Not found."}
        assert (report["ticks"], report["others"]) == ([], [])
        assert (report["found"], report["certificate"]) == (None, None)

    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({}, "invalid", "sha256"),
            ({"sha256": " "}, "invalid", "sha256"),
            ({"sha256": "00"}, "digest", "sha256"),
            ({"sha256": "x" * 64}, "digest", "sha256"),
            ({"sha256": 7}, "invalid", "sha256"),
            ({"number": "nonsense!"}, "number", "number"),
            ({"number": ["NE"]}, "invalid", "number"),
            ({"sha256": SHA, "more": 1}, "invalid", "more"),
            ({"number": "x" * 101}, "invalid", "number"),
        ],
    )
    def test_a_wrong_question(self, stranger: Program, body: Any, code: str, field: str) -> None:
        refused(stranger.post("/verification/digest", body), 422, code, field)

    @pytest.mark.parametrize("what", ["letter", "package"])
    def test_a_letter_or_package(
        self, program: Program, stranger: Program, number: str, what: str
    ) -> None:
        page = program.get("/deposits").json
        assert page is not None
        evidence = program.get(f"/deposits/{page['items'][0]['id']}/{what}").data
        answer = stranger.post(
            "/verification/package", data={"evidence": (io.BytesIO(evidence), "e")}
        )
        assert answer.json is not None
        assert answer.json["subject"] == what
        assert answer.json["answer"] in ("matches", "unknown")
        assert answer.json["found"]["number"] == number

    def test_what_is_no_evidence(self, stranger: Program) -> None:
        answer = stranger.post(
            "/verification/package", data={"evidence": (io.BytesIO(b"hello"), "e")}
        )
        assert answer.json is not None
        assert (answer.json["answer"], answer.json["subject"]) == ("missing", "upload")
        refused(
            stranger.post(
                "/verification/package", data={"x": "y"}, content_type="multipart/form-data"
            ),
            422,
            "file_missing",
            "evidence",
        )
        refused(stranger.post("/verification/package", {"a": 1}), 415, "wrong_content_type")

    def test_a_reading_key_may_verify(
        self, client: PortalClient, user: User, make_key: MakeKey
    ) -> None:
        reader = Program(client, make_key(user, ("read",)))
        assert reader.post("/verification/digest", {"sha256": SHA}).status_code == 200


class TestBounds:
    @pytest.fixture
    def settings(self, make_settings: MakeSettings) -> Any:
        return make_settings(max_upload_bytes=100_000)

    def test_evidence_over_the_limit(self, stranger: Program) -> None:
        evidence = (io.BytesIO(bytes(200_000)), "e")
        answer = stranger.post("/verification/package", data={"evidence": evidence})
        refused(answer, 413, "too_large")


class TestLedger:
    def test_the_checkpoint_and_an_entry_with_its_proof(
        self, stranger: Program, services: Services, number: str
    ) -> None:
        top = stranger.get("/ledger/checkpoint").json
        found = stranger.get("/ledger/entries/0").json
        assert top is not None
        assert found is not None
        assert top["note"].startswith(top["origin"])
        leaf = leaf_hash(found["encoded"].encode())
        assert found["leaf_hash"] == leaf.hex()
        path = [bytes.fromhex(each) for each in found["inclusion"]["path"]]
        root = bytes.fromhex(top["root"])
        assert verify_inclusion(leaf, 0, top["size"], path, root)
        text = stranger.get("/ledger/entries/0/proof")
        assert text.mimetype == "text/plain"
        assert Proof.decode(text.data).checkpoint == top["note"]
        assert found["inclusion"]["text"] == text.text
        page = services.deposits.find_evidence(number)
        assert page.entry == found["encoded"].encode()

    def test_that_it_only_grew(
        self, stranger: Program, services: Services, user: User, number: str
    ) -> None:
        before = stranger.get("/ledger/checkpoint").json
        for place in range(4):
            put(services.deposits, actor_of(user), b"%d" % place)
        run(services.deposits)
        after = stranger.get("/ledger/checkpoint").json
        assert before is not None
        assert after is not None
        proof = stranger.get("/ledger/consistency", old=before["size"]).json
        assert proof is not None
        assert proof["new"] == after["size"]
        path = [bytes.fromhex(each) for each in proof["path"]]
        roots = bytes.fromhex(before["root"]), bytes.fromhex(after["root"])
        assert verify_consistency(before["size"], after["size"], path, *roots)
        text = stranger.get("/ledger/consistency/proof", old=before["size"]).text
        head, _, note = text.partition("\n\n")
        assert head.split("\n")[0] == f"old {before['size']}"
        assert len(head.split("\n")) == 1 + len(path)
        assert note == after["note"]

    @pytest.mark.parametrize("position", ["1", "99", str(2**62), "9" * 40])
    def test_an_entry_that_is_not_there(
        self, stranger: Program, number: str, position: str
    ) -> None:
        assert "has 1 entries" in refused(
            stranger.get(f"/ledger/entries/{position}"), 404, "no_entry"
        )
        refused(stranger.get(f"/ledger/entries/{position}/proof"), 404, "no_entry")

    @pytest.mark.parametrize(
        "query", [{"old": 9}, {"old": 1, "new": 9}, {"old": 1, "new": 0}, {"old": 2**62}]
    )
    def test_sizes_that_never_were(
        self, stranger: Program, number: str, query: dict[str, int]
    ) -> None:
        refused(stranger.get("/ledger/consistency", **query), 404, "no_consistency")

    @pytest.mark.parametrize("old", ["-1", "x", "", "1.5", "9" * 40])
    def test_what_is_no_size(self, stranger: Program, old: str) -> None:
        refused(stranger.get("/ledger/consistency", old=old), 422, "invalid", "old")

    def test_the_ledger_stands_where_it_says(self, services: Services) -> None:
        assert isinstance(services.ledger, TlogLedger)


class TestKey:
    def test_what_it_is_and_may(self, program: Program, api_key: str, user: User) -> None:
        found = program.get("/key").json
        assert found is not None
        assert api_key.startswith(f"nep_{found['id']}_")
        assert (found["scopes"], found["holder"]) == (["read", "write"], user.name)
        assert found["organisation"] is None
        assert api_key.rpartition("_")[2] not in str(found)

    def test_a_session_has_none(self, login: Any, user: User) -> None:
        refused(login(user).get("/api/v1/key"), 404, "no_key")

    def test_nobody(self, stranger: Program) -> None:
        refused(stranger.get("/key"), 401, "not_signed_in")

    @pytest.mark.parametrize(
        "path", ["/api/v1/key?key={}", "/api/v1/deposits/{}", "/api/docs?k={}"]
    )
    def test_a_key_in_an_address_is_refused(
        self, client: PortalClient, api_key: str, path: str
    ) -> None:
        answer = client.get(path.format(api_key), headers=client.bearer(api_key))
        assert "not accepted in the address" in refused(answer, 400, "bad_request")
        assert api_key not in answer.text


class TestRates:
    @pytest.fixture
    def settings(self, make_settings: MakeSettings) -> Any:
        return make_settings(rate_limit="3 per minute")

    def test_what_is_left_and_how_long_to_wait(self, program: Program) -> None:
        left = [int(program.get("/key").headers["X-RateLimit-Remaining"]) for _ in range(3)]
        assert left == [2, 1, 0]
        answer = program.get("/key")
        refused(answer, 429, "rate_limited")
        assert answer.headers["X-RateLimit-Limit"] == "3"
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert int(answer.headers["X-RateLimit-Reset"]) > 1_700_000_000


class TestPage:
    def test_it_is_in_the_portals_frame_and_from_its_own_files(self, client: PortalClient) -> None:
        answer = client.get("/api/docs", headers={"Accept-Language": "en"})
        assert answer.status_code == 200
        assert "<h1" in answer.text
        assert 'href="/api/docs"' in client.get("/").text
        assert "swagger-ui-bundle.js" in answer.text
        assert "https://" not in answer.text.replace("http://www.w3.org", "")
        assert "script-src 'self' 'wasm-unsafe-eval'" in answer.headers["Content-Security-Policy"]
        assert 'data-token=""' in answer.text, "no token for whoever has no session"

    def test_whoever_has_signed_in_may_try(self, login: Any, user: User) -> None:
        page = login(user).get("/api/docs", headers={"Accept-Language": "en"}).text
        assert 'data-token=""' not in page
        assert "is no rehearsal" in page
