"""Accepting: durable first, one transaction, idempotent, and nothing left of what was refused."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chain_adapter import Digest, digest_of
from portal.audit.actor import Actor
from portal.database import Database
from portal.deposits import drafts, inbox, receiving
from portal.deposits.models import Deposit
from portal.deposits.records import Metadata
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.problems import BadInput, Conflict, NotFound, Unavailable
from portal.storage.files import FileVault
from tests.portal.conftest import MakeUser
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import actor_of, put

SHA = digest_of(b"a file that stays at home")


def count(tools: Tools) -> int:
    with tools.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Deposit)) or 0


def kept(tools: Tools) -> int:
    vault = tools.vault
    assert isinstance(vault, FileVault)
    assert not list(vault.staging.iterdir())
    return sum(1 for _ in vault.objects.glob("*/*"))


def test_a_file_is_recorded_with_what_was_said(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    deposit = put(deposits, actor, b"content", title="合同", filename="../\u202e合同.pdf", note="n")
    assert deposit.sha256 == hashlib.sha256(b"content").hexdigest()
    assert (deposit.state, deposit.kind, deposit.size) == ("received", "file", 7)
    record = json.loads(deposit.record)
    assert record["filename"] == "../\u202e合同.pdf"
    assert record["depositor"].startswith("user:")
    assert actor.id not in deposit.record
    assert tools.vault.read(deposit.vault_key or "") == b"content"
    check_spine(tools)


def test_a_digest_is_enough(deposits: DepositService, tools: Tools, actor: Actor) -> None:
    sm3 = Digest("sm3", bytes(32))
    deposit = deposits.receive_digest(actor, [sm3, SHA], Metadata(title="t"), size=3).deposit
    assert (deposit.kind, deposit.sha256, deposit.sm3) == ("digest", SHA.hex, sm3.hex)
    assert deposit.vault_key is None
    assert kept(tools) == 0
    check_spine(tools)


def test_a_pseudonym_is_stable_and_tells_nothing(
    deposits: DepositService, actor: Actor, make_user: MakeUser
) -> None:
    other = actor_of(make_user())
    names = [json.loads(put(deposits, each).record)["depositor"] for each in (actor, actor, other)]
    assert names[0] == names[1] != names[2]


class TestRefusals:
    def test_an_empty_file(self, deposits: DepositService, tools: Tools, actor: Actor) -> None:
        with pytest.raises(BadInput, match="nothing to prove") as caught:
            put(deposits, actor, b"")
        assert caught.value.field == "file"
        assert (count(tools), kept(tools)) == (0, 0)

    def test_other_bytes_than_claimed(
        self, deposits: DepositService, tools: Tools, actor: Actor
    ) -> None:
        intake = deposits.intake()
        intake.write(b"changed on its way")
        with pytest.raises(BadInput, match="send it again"):
            deposits.receive_file(actor, intake, Metadata(), claimed=[SHA])
        assert (count(tools), kept(tools)) == (0, 0)

    @pytest.mark.parametrize("digests", [[], [Digest("sm3", bytes(32))], [SHA, SHA]])
    def test_no_or_two_sha256(
        self, deposits: DepositService, actor: Actor, digests: list[Digest]
    ) -> None:
        with pytest.raises(BadInput):
            deposits.receive_digest(actor, digests, Metadata())

    def test_another_algorithm(self, deposits: DepositService, actor: Actor) -> None:
        with pytest.raises(BadInput, match="SM3"):
            deposits.receive_digest(actor, [SHA, Digest("sha512", bytes(64))], Metadata())

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", "x" * 201),
            ("note", "x" * 4001),
            ("filename", "x" * 1025),
            ("media_type", "x" * 201),
            ("title", "a\x00b"),
            ("filename", "\ud800"),
        ],
    )
    def test_metadata_out_of_bounds(self, field: str, value: str) -> None:
        with pytest.raises(BadInput) as caught:
            Metadata(**{field: value})
        assert caught.value.field == field
        assert field in str(caught.value)

    @pytest.mark.parametrize("key", ["", "x" * 129, "a b", "键", "a\n"])
    def test_a_malformed_idempotency_key(
        self, deposits: DepositService, tools: Tools, actor: Actor, key: str
    ) -> None:
        with pytest.raises(BadInput) as caught:
            put(deposits, actor, key=key)
        assert caught.value.field == "Idempotency-Key"
        assert kept(tools) == 0


class TestIdempotency:
    def test_the_same_request_has_the_same_answer(
        self, deposits: DepositService, tools: Tools, actor: Actor
    ) -> None:
        first = put(deposits, actor, b"x", "k", title="t")
        second = put(deposits, actor, b"x", "k", title="t")
        assert first.id == second.id
        assert (count(tools), kept(tools)) == (1, 1)
        check_spine(tools)

    @pytest.mark.parametrize(("content", "title"), [(b"y", "t"), (b"x", "u")])
    def test_another_request_is_refused(
        self, deposits: DepositService, tools: Tools, actor: Actor, content: bytes, title: str
    ) -> None:
        put(deposits, actor, b"x", "k", title="t")
        with pytest.raises(Conflict, match="another request"):
            put(deposits, actor, content, "k", title=title)
        assert (count(tools), kept(tools)) == (1, 1)

    def test_keys_are_each_depositors_own(
        self, deposits: DepositService, tools: Tools, actor: Actor, make_user: MakeUser
    ) -> None:
        put(deposits, actor, b"x", "k")
        put(deposits, actor_of(make_user()), b"y", "k")
        assert count(tools) == 2

    def test_two_at_the_same_moment(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The second looks before the first has committed, and meets the unique key."""
        first = put(deposits, actor, b"x", "k")
        real = receiving.Receiving._known
        looked: list[bool] = []

        def blind_at_first(self: receiving.Receiving, draft: Deposit) -> Any:
            looked.append(True)
            return None if len(looked) == 1 else real(self, draft)

        monkeypatch.setattr(receiving.Receiving, "_known", blind_at_first)
        assert put(deposits, actor, b"x", "k").id == first.id
        looked.clear()
        with pytest.raises(Conflict):
            put(deposits, actor, b"other", "k")
        assert (count(tools), kept(tools)) == (1, 1)

    def test_a_number_met_twice_is_drawn_again(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        first = put(deposits, actor)
        numbers = iter([(first.number, first.code), ("NE20260101-00000001", "00000001")])
        monkeypatch.setattr(drafts, "new_number", lambda *_: next(numbers))
        assert put(deposits, actor).number == "NE20260101-00000001"
        assert (count(tools), kept(tools)) == (2, 2)


class TestDatabaseFaults:
    def test_a_busy_database_leaves_nothing(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        @contextmanager
        def busy(_: Database) -> Any:
            raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))
            yield

        monkeypatch.setattr(Database, "writing", busy)
        with pytest.raises(OperationalError):
            put(deposits, actor)
        monkeypatch.undo()
        assert (count(tools), kept(tools)) == (0, 0)

    def test_failed_but_persisted_keeps_the_bytes(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The commit happened and its answer was lost: the row stands, so must its bytes. The
        depositor, who got an error, repeats the request and gets the deposit."""
        real = Database.writing

        @contextmanager
        def lost(self: Database) -> Any:
            with real(self) as connection:
                yield connection
            raise OperationalError("COMMIT", {}, Exception("connection lost"))

        monkeypatch.setattr(Database, "writing", lost)
        with pytest.raises(OperationalError):
            put(deposits, actor, b"x", "k")
        monkeypatch.undo()
        assert (count(tools), kept(tools)) == (1, 1)
        put(deposits, actor, b"x", "k")
        assert (count(tools), kept(tools)) == (1, 1)
        check_spine(tools)

    def test_a_failing_custody_log_fails_the_deposit(
        self,
        deposits: DepositService,
        tools: Tools,
        actor: Actor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def refuse(_: Session, *__: object) -> None:
            raise RuntimeError("no custody, no deposit")

        monkeypatch.setattr(inbox, "record_many", refuse)
        with pytest.raises(RuntimeError):
            put(deposits, actor)
        assert (count(tools), kept(tools)) == (0, 0)


def test_a_full_vault_is_told_as_unavailable(
    deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.storage import files

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(Unavailable):
        put(deposits, actor)
    monkeypatch.undo()
    assert (count(tools), kept(tools)) == (0, 0)


def test_another_persons_deposit_is_not_found(
    deposits: DepositService, actor: Actor, make_user: MakeUser
) -> None:
    deposit = put(deposits, actor)
    stranger = actor_of(make_user("depositor", "administrator", "auditor"))
    for call in (
        deposits.get,
        deposits.letter,
        deposits.token,
        deposits.receipt,
        deposits.package,
        deposits.original,
        deposits.custody,
    ):
        with pytest.raises(NotFound):
            call(stranger, deposit.id)
