"""``POST /api/v1/deposits/batch``: exactly the good ones, each answered in its place."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.audit.service import verify_chain
from portal.deposits import batching
from portal.deposits.models import Deposit
from portal.services import Services
from tests.effort import examples
from tests.portal.api.conftest import Program, refused
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeKey, MakeSettings, MakeUser
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import run

URL = "/deposits/batch"


def digest(number: int) -> dict[str, Any]:
    return {"digests": {"sha256": hashlib.sha256(str(number).encode()).hexdigest()}}


def count(services: Services) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Deposit)) or 0


def results(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    body = answer.json
    assert [each["index"] for each in body["results"]] == list(range(len(body["results"])))
    assert body["accepted"] + body["replayed"] + body["refused"] == len(body["results"])
    found: list[dict[str, Any]] = body["results"]
    return found


BAD: list[tuple[Any, str, str | None]] = [
    (None, "json_object", None),
    ([], "json_object", None),
    ("sha256", "json_object", None),
    ({}, "invalid", "digests"),
    ({"digests": {}}, "digest_missing", "sha256"),
    ({"digests": []}, "invalid", "digests"),
    ({"digests": {"sha256": 7}}, "invalid", "digests.sha256.value"),
    ({"digests": {"sha256": "00"}}, "digest", "digests.sha256"),
    ({"digests": {"sha256": "g" * 64}}, "digest", "digests.sha256"),
    ({"digests": {"md5": "00" * 16}}, "digest_algorithm", "digests"),
    ({**digest(1), "size": -1}, "invalid", "size"),
    ({**digest(1), "size": 2**53}, "invalid", "size"),
    ({**digest(1), "size": True}, "invalid", "size"),
    ({**digest(1), "title": "x" * 201}, "text_long", "title"),
    ({**digest(1), "title": None}, "invalid", "title"),
    ({**digest(1), "title": {"a": 1}}, "invalid", "title"),
    ({**digest(1), "note": "a\x00b"}, "text_nul", "note"),
    ({**digest(1), "colour": "red"}, "invalid", "colour"),
    ({**digest(1), "idempotency_key": "two words"}, "idempotency_key", "Idempotency-Key"),
    ({**digest(1), "idempotency_key": ""}, "idempotency_key", "Idempotency-Key"),
    ({**digest(1), "idempotency_key": 7}, "invalid", "idempotency_key"),
]


def test_bad_and_good_ones_mixed(program: Program, services: Services) -> None:
    """Nothing is lost, and exactly the good ones are deposited."""
    items = [item for bad, _, _ in BAD for item in (bad, digest(len(str(bad))))]
    found = results(program.post(URL, {"items": items}))
    for (_, code, field), wrong, right in zip(BAD, found[::2], found[1::2], strict=True):
        assert (wrong["status"], wrong["deposit"]) == (422, None)
        assert (wrong["error"]["code"], wrong["error"]["field"]) == (code, field)
        assert wrong["error"]["message"]
        assert (right["status"], right["error"]) == (201, None)
    assert count(services) == len(BAD)
    run(services.deposits)
    for right in found[1::2]:
        one = program.client.get(right["deposit"]["link"], headers=program.headers).json
        assert one is not None
        assert one["state"] == "issued"
        assert one["digests"] == right["deposit"]["digests"]
        assert {"letter", "package", "token", "receipt", "proof"} <= one["links"].keys()
    check_spine(services.deposits.tools, all_issued=True)


def test_every_field_arrives(program: Program, services: Services) -> None:
    item = {
        "digests": {"sha256": "AB" * 32, "sm3": "cd" * 32},
        "title": "租赁合同",
        "note": "n",
        "filename": "a.pdf",
        "media_type": "application/pdf",
        "size": 0,
        "idempotency_key": "k",
    }
    made = results(program.post(URL, {"items": [item]}))[0]["deposit"]
    one = program.get(f"/deposits/{made['id']}").json
    assert one is not None
    assert one["digests"] == {"sha256": "ab" * 32, "sm3": "cd" * 32}
    names = ("title", "note", "filename", "media_type", "size")
    assert [one[name] for name in names] == [item[name] for name in names]
    run(services.deposits)
    letter = program.get(f"/deposits/{made['id']}/letter")
    assert letter.data.startswith(b"%PDF-")


class TestRepeating:
    def test_the_calls_key_makes_the_whole_call_repeatable(
        self, program: Program, services: Services
    ) -> None:
        body = {"items": [digest(number) for number in range(5)]}
        first = results(program.post(URL, body, key="call-1"))
        again = program.post(URL, body, key="call-1")
        assert [each["status"] for each in results(again)] == [200] * 5
        assert [each["deposit"] for each in results(again)] == [each["deposit"] for each in first]
        assert again.json is not None
        assert again.json["replayed"] == 5
        assert count(services) == 5

    def test_another_item_in_the_same_place_is_a_conflict_for_it(self, program: Program) -> None:
        program.post(URL, {"items": [digest(1), digest(2)]}, key="k")
        found = results(program.post(URL, {"items": [digest(1), digest(3)]}, key="k"))
        assert [each["status"] for each in found] == [200, 409]
        assert found[1]["error"]["code"] == "idempotency_key_reused"

    def test_an_items_own_key_is_the_one_of_a_single_deposit(self, program: Program) -> None:
        item = digest(1)
        single = program.post("/deposits", item, key="mine")
        assert single.status_code == 201
        found = results(program.post(URL, {"items": [{**item, "idempotency_key": "mine"}]}))
        assert single.json is not None
        assert (found[0]["status"], found[0]["deposit"]["id"]) == (200, single.json["id"])

    def test_a_malformed_key_of_the_call(self, program: Program) -> None:
        answer = program.post(URL, {"items": [digest(1)]}, key="x" * 129)
        refused(answer, 422, "idempotency_key", "Idempotency-Key")


class TestLimits:
    def test_ten_thousand_and_one(self, program: Program, services: Services) -> None:
        answer = program.post(URL, {"items": [digest(1)] * 10_001})
        assert "10000" in refused(answer, 413, "batch_too_large", "items")
        assert count(services) == 0

    def test_the_most_there_may_be(
        self, program: Program, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With a thousand in place of ten, so that the test stays short."""
        items = [digest(number) for number in range(1000)]
        found = results(program.post(URL, {"items": items}))
        assert {each["status"] for each in found} == {201}
        assert count(services) == 1000
        with services.database.reading() as session:
            assert verify_chain(session).ok
        assert batching.MAX_ITEMS == 10_000

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ([], "batch_items"),
            ({}, "batch_items"),
            ({"items": {}}, "batch_items"),
            ({"items": None}, "batch_items"),
            ({"items": []}, "batch_empty"),
            ({"items": [digest(1)], "more": 1}, "unknown_field"),
        ],
    )
    def test_another_shape(self, program: Program, body: Any, code: str) -> None:
        answer = program.post(URL, body)
        refused(answer, 422, code, "more" if code == "unknown_field" else "items")

    @pytest.mark.parametrize("inner", ["[" * 9000 + "]" * 9000, '{"a":' * 9000 + "1" + "}" * 9000])
    def test_json_too_deep(self, program: Program, inner: str) -> None:
        body = f'{{"items": [{inner}]}}'
        answer = program.post(URL, data=body, content_type="application/json")
        refused(answer, 400, "json_too_deep")

    def test_another_content_type(self, program: Program) -> None:
        answer = program.post(URL, data=json.dumps({"items": []}), content_type="text/plain")
        refused(answer, 415, "wrong_content_type")


class TestBytes:
    @pytest.fixture
    def settings(self, make_settings: MakeSettings) -> Any:
        return make_settings(max_json_bytes=2000, max_batch_bytes=20_000)

    def test_a_batch_has_a_limit_of_its_own(self, program: Program, services: Services) -> None:
        items = [digest(number) for number in range(100)]
        assert results(program.post(URL, {"items": items}))
        answer = program.post(URL, {"items": items * 3})
        refused(answer, 413, "too_large")
        assert count(services) == 100


class TestWhoMay:
    def test_nobody_without_a_key(self, stranger: Program, services: Services) -> None:
        refused(stranger.post(URL, {"items": [digest(1)]}), 401, "not_signed_in")
        assert count(services) == 0

    def test_a_reading_key_does_not_write(
        self, client: PortalClient, user: User, make_key: MakeKey, services: Services
    ) -> None:
        reader = Program(client, make_key(user, ("read",)))
        refused(reader.post(URL, {"items": [digest(1)]}), 403, "scope_missing")
        assert count(services) == 0

    def test_other_peoples_are_not_there(
        self, program: Program, client: PortalClient, make_user: MakeUser, make_key: MakeKey
    ) -> None:
        made = results(program.post(URL, {"items": [digest(1)]}))[0]["deposit"]
        other = Program(client, make_key(make_user()))
        for what in ("", "/letter", "/token", "/receipt", "/proof", "/package", "/original"):
            refused(other.get(f"/deposits/{made['id']}{what}"), 404, "deposit_not_found")

    def test_the_address_is_no_deposits(self, program: Program) -> None:
        assert program.get(URL).status_code == 405


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["digests", "sha256", "sm3", "title", "size", "idempotency_key", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@hypothesis_settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(items=st.lists(_JSON, min_size=1, max_size=5))
def test_whatever_is_sent_each_item_is_answered(program: Program, items: list[Any]) -> None:
    answer = program.post(URL, {"items": items})
    found = results(answer)
    assert len(found) == len(items)
    for each in found:
        assert (each["deposit"] is None) == (each["error"] is not None)
        assert each["status"] in (200, 201, 409, 422)
