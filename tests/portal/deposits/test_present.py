"""What pages say of deposits: every reason in both languages, the ruler, who vouches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask_babel import Babel, force_locale
from hypothesis import given
from hypothesis import strategies as st

import portal
from chain_adapter import Trust
from chain_adapter.errors import LedgerError
from portal.audit.actor import Actor
from portal.deposits import choices, facts, present, ruler, vouching
from portal.deposits.asking import asked_for
from portal.deposits.filters import Owner, Sort
from portal.deposits.models import Deposit, State
from portal.deposits.rail import steps
from portal.deposits.reasons import WAITS, wait_sentence
from portal.deposits.service import DepositService
from portal.deposits.showing import moment_text, span
from tests.portal.deposits.conftest import put, run
from timestamping.errors import TimestampError
from timestamping.pdf.errors import PdfError

_NOW = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
_ZONE = ZoneInfo("Asia/Shanghai")
_NAMES = vouching.Names("张三", "平台", "公证处")


def codes(kind: type[Exception]) -> Iterator[str]:
    for each in kind.__subclasses__():
        yield str(each.code)  # type: ignore[attr-defined]
        yield from codes(each)


@pytest.fixture(scope="module")
def words() -> Flask:
    """An application that has nothing but the sentences and the office's zone."""
    made = Flask("portal")
    folders = sorted(str(each) for each in Path(portal.__file__).parent.glob("*/translations"))
    made.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(folders)
    made.extensions["notary"] = SimpleNamespace(settings=SimpleNamespace(zone=_ZONE))
    Babel(made)
    return made


@pytest.fixture
def chinese(words: Flask) -> Iterator[None]:
    with words.test_request_context(), force_locale("zh"):
        yield


@pytest.fixture
def english(words: Flask) -> Iterator[None]:
    with words.test_request_context(), force_locale("en"):
        yield


class TestReasons:
    #: What a deposit never waits for: they are about questions, or members' messages, not steps.
    NEVER = frozenset(
        {"ledger_not_found", "entry_invalid", "receipt_invalid", "proof_invalid", "bad-pdf"}
        | {"refused"}
    )

    def test_whatever_a_step_fails_with_has_a_sentence(self) -> None:
        known = {*codes(TimestampError), *codes(LedgerError), *codes(PdfError)}
        missing = {code for code in known - self.NEVER if wait_sentence(code) is None}
        assert not missing

    def test_each_is_said_in_chinese(self, chinese: None) -> None:
        for code, sentence in WAITS.items():
            assert any("\u4e00" <= letter <= "\u9fff" for letter in str(sentence)), code

    def test_more_particular_codes_have_the_general_sentence(self, english: None) -> None:
        assert wait_sentence("bad-reply-type-other") == WAITS["bad-reply"]
        assert wait_sentence("unheard-of") is None

    def test_the_machines_own_words_stay_beside_it(self, chinese: None) -> None:
        row = _row(wait_reason="tsa-timeout", wait_detail="no answer within 10 s")
        waiting = next(step for step in present.rail(steps(row)) if step.look == "waiting")
        assert waiting.reason == "时间戳机构未及时应答。"
        assert (waiting.code, waiting.detail) == ("tsa-timeout", "no answer within 10 s")

    def test_what_nobody_foresaw_is_said_in_general(self, english: None) -> None:
        row = _row(wait_reason="flood", wait_detail="water in the cellar")
        waiting = next(step for step in present.rail(steps(row)) if step.look == "waiting")
        assert waiting.reason == "A step failed; the operator has to look at it."
        assert waiting.detail == "water in the cellar"


class TestRuler:
    @given(st.lists(st.timedeltas(timedelta(), timedelta(days=36_500)), min_size=1, max_size=6))
    def test_labels_have_room_and_stand_in_order(self, offsets: list[timedelta]) -> None:
        events = [ruler.Event(str(at), _NOW + offset) for at, offset in enumerate(offsets)]
        drawn = ruler.draw(events)
        times = [mark.event.at for mark in drawn.marks]
        assert times == sorted(times)
        for earlier, later in zip(drawn.marks, drawn.marks[1:], strict=False):
            # "14:13:00 UTC+08:00" in the widest of usual fonts, and air beside it
            assert later.x - earlier.x >= 147
            assert later.y - earlier.y >= 75
            assert earlier.x < later.between_x < later.x
            assert later.since == later.event.at - earlier.event.at
        assert drawn.marks[0].x >= 70
        assert drawn.width - drawn.marks[-1].x >= 70
        assert drawn.height > drawn.marks[-1].y

    def test_longer_times_take_more_room(self) -> None:
        offsets = (timedelta(), timedelta(seconds=1), timedelta(days=400))
        first, second, third = ruler.draw([ruler.Event("", _NOW + at) for at in offsets]).marks
        assert third.x - second.x > 2 * (second.x - first.x)

    def test_spans_in_words(self, english: None) -> None:
        assert span(timedelta(milliseconds=40)) == "+ 40 ms"
        assert span(timedelta(seconds=1)) == "+ 1 second"
        assert span(timedelta(days=3)) == "+ 3 days"

    def test_times_with_zone(self, english: None) -> None:
        assert moment_text(_NOW, "date") == "2026-11-21"
        assert moment_text(_NOW, "time") == "15:00:00 UTC+08:00"


class TestVouching:
    def test_nothing_is_claimed_before_it_is_so(self, english: None) -> None:
        parties = list(vouching.parties(_row(), _NAMES, [], [], Trust()))
        standings = [party.standing for party in parties]
        assert standings == ["person", "self", "to-come", "to-come", "to-come", "to-come"]

    def test_an_issued_deposit(self, deposits: DepositService, actor: Actor, english: None) -> None:
        row = put(deposits, actor)
        run(deposits)
        row = deposits.get(actor, row.id)
        tokens, receipts = facts.tokens(row), facts.receipts(row, lambda _ledger, _place: "")
        trust = deposits.tools.ledger_trust()
        found = vouching.parties(row, _NAMES, tokens, receipts, trust)
        parties = {party.role: party for party in found}
        assert parties["Depositor"].name == "张三"
        assert parties["Time-stamp"].standing == "self"
        assert parties["Ledger"].name == receipts[0].ledger
        assert (parties["Witnesses"].standing, parties["Witnesses"].name) == ("nobody", "none")
        assert parties["Seal"].name == "公证处"

    def test_a_digest_was_not_seen(self, english: None) -> None:
        depositor, platform, *_ = vouching.parties(_row(kind="digest"), _NAMES, [], [], Trust())
        assert "stayed with them" in depositor.says
        assert "has not seen" in platform.says


class TestAsking:
    def test_what_is_no_choice_of_ours_narrows_nothing(self, english: None) -> None:
        wild = dict.fromkeys(("state", "kind", "owner", "sort", "size"), "' OR 1=1")
        asked = asked_for(wild, _ZONE)
        assert asked.wanted.plain
        assert asked.size == 30

    def test_everything(self, english: None) -> None:
        given = {
            "text": " 合同 ",
            "state": "waits",
            "kind": "folder",
            "since": "2026-01-01",
            "until": "2026-12-31",
            "case": "c",
            "tag": "t",
            "owner": "shared",
            "sort": "size",
            "size": "200",
        }
        asked = asked_for(given, _ZONE)
        wanted = asked.wanted
        assert (wanted.text, wanted.waits, wanted.state) == ("合同", True, None)
        assert (wanted.kind, wanted.case_id, wanted.tag) == ("folder", "c", "t")
        assert (wanted.owner, wanted.sort, asked.size) == (Owner.SHARED, Sort.SIZE, 200)
        assert wanted.since == datetime(2025, 12, 31, 16, tzinfo=UTC)
        assert wanted.until == datetime(2026, 12, 31, 16, tzinfo=UTC)
        assert set(asked.given) == set(given) - {"sort", "size"}

    @pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31"])
    def test_a_date_that_is_none(self, english: None, day: str) -> None:
        asked = asked_for({"since": day, "until": day}, _ZONE)
        assert "year-month-day" in asked.problem
        assert asked.wanted.plain
        assert (asked.wanted.since, asked.wanted.until) == (None, None)

    def test_a_question_is_cut(self, english: None) -> None:
        assert len(asked_for({"text": "合" * 5000}, _ZONE).wanted.text) == 200

    def test_what_narrows_a_list_in_words(self, english: None) -> None:
        assert choices.chip("state", "waits") == "State: Waiting for another try"
        assert choices.chip("kind", "digest") == "Kind: Digest only"
        assert choices.chip("text", "<b>") == "Words: <b>"
        assert choices.chip("owner", "shared") == "Shared with me"


def _row(**values: object) -> Deposit:
    given: dict[str, object] = {
        "id": "0" * 36,
        "kind": "file",
        "state": State.RECEIVED,
        "received_at": _NOW,
        "hashed_at": _NOW,
        "next_attempt_at": _NOW,
    }
    return Deposit(**given | values)
