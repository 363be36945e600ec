"""Letters made when first asked for: one letter for ever, and none before the proof."""

from __future__ import annotations

import io
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from chain_adapter import Digest
from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.deposits.advancing import Pipeline
from portal.deposits.batching import NewDigest
from portal.deposits.letters import Letters
from portal.deposits.models import Deposit, State
from portal.deposits.records import Metadata
from portal.deposits.service import Accepted, DepositService
from portal.deposits.tools import Tools
from portal.problems import Conflict, NotFound, Unavailable
from portal.storage import VaultUnavailable
from portal.storage.files import FileVault
from tests.portal.conftest import MakeUser
from tests.portal.deposits.checking import check_spine
from tests.portal.deposits.conftest import actor_of, put, run
from timestamping.package import Result, verify_package


def batch(deposits: DepositService, actor: Actor, count: int = 3) -> list[Deposit]:
    items = [
        NewDigest((Digest("sha256", os.urandom(32)),), Metadata(title=str(place)))
        for place in range(count)
    ]
    outcomes = deposits.receive_many(actor, items)
    return [each.deposit for each in outcomes if isinstance(each, Accepted)]


def letters_kept(tools: Tools) -> int:
    assert isinstance(tools.vault, FileVault)
    return sum(1 for _ in tools.vault.objects.glob("*/*"))


def test_a_batch_is_issued_without_letters(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    made = batch(deposits, actor)
    run(deposits)
    issued = [deposits.get(actor, each.id) for each in made]
    assert {each.state for each in issued} == {State.ISSUED}
    assert letters_kept(tools) == 0
    check_spine(tools, all_issued=True)


def test_the_letter_is_made_once_and_stays(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    made = batch(deposits, actor, 1)[0]
    run(deposits)
    first = b"".join(deposits.letter(actor, made.id).stream)
    assert first.startswith(b"%PDF-")
    assert b"".join(deposits.letter(actor, made.id).stream) == first
    assert letters_kept(tools) == 1
    with tools.database.reading() as session:
        acts = [each.action for each in entries_for(session, made.subject)]
    assert acts[3:] == [
        "deposit.issued",
        "deposit.letter_made",
        "deposit.exported",
        "deposit.exported",
    ]
    check_spine(tools, all_issued=True)


def test_the_letter_says_what_was_so_when_it_was_issued(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    made = batch(deposits, actor, 1)[0]
    run(deposits)
    issued = deposits.get(actor, made.id)
    assert issued.issued_at is not None
    before = Letters(tools).data(issued, issued.issued_at)
    b"".join(deposits.token(actor, made.id).stream)
    b"".join(deposits.letter(actor, made.id).stream)
    after = Letters(tools).data(deposits.get(actor, made.id), issued.issued_at)
    assert after == before


def test_the_package_holds_the_letter_and_verifies(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    made = batch(deposits, actor, 1)[0]
    run(deposits)
    package = b"".join(deposits.package(actor, made.id).stream)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        letter = archive.read("letter.pdf")
    assert letter == b"".join(deposits.letter(actor, made.id).stream)
    path = tools.settings.path("a.zip")
    path.write_bytes(package)
    assert verify_package(path, trust=tools.trust()).result is Result.VERIFIED


def test_nobody_gets_a_letter_before_the_proof(
    deposits: DepositService, tools: Tools, actor: Actor, make_user: MakeUser
) -> None:
    made = batch(deposits, actor, 1)[0]
    with pytest.raises(Conflict, match="no letter yet"):
        deposits.letter(actor, made.id)
    run(deposits)
    with pytest.raises(NotFound):
        deposits.letter(actor_of(make_user()), made.id)
    assert letters_kept(tools) == 0


def test_several_who_ask_at_once_get_one_letter(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    made = batch(deposits, actor, 1)[0]
    run(deposits)
    with ThreadPoolExecutor(4) as pool:
        letters = set(
            pool.map(lambda _: b"".join(deposits.letter(actor, made.id).stream), range(4))
        )
    assert len(letters) == 1
    assert letters_kept(tools) == 1
    check_spine(tools, all_issued=True)


def test_a_seal_that_fails_is_told_and_tried_again(
    deposits: DepositService, tools: Tools, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = batch(deposits, actor, 1)[0]
    run(deposits)

    def unavailable(*_: object) -> bytes:
        raise VaultUnavailable("the vault's disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(FileVault, "put", unavailable)
        download = deposits.letter(actor, made.id)
        with pytest.raises(Unavailable, match="just now"):
            _ = download.stream
    assert b"".join(deposits.letter(actor, made.id).stream).startswith(b"%PDF-")
    check_spine(tools, all_issued=True)


def test_a_single_deposit_does_not_wait_behind_thousands(
    deposits: DepositService, tools: Tools, actor: Actor
) -> None:
    batch(deposits, actor, 5)
    single = put(deposits, actor, b"somebody waits for this")
    assert Pipeline(tools)._to_ledger(10) == 3  # timestamped, anchored, issued: this one alone
    assert deposits.get(actor, single.id).state == State.ISSUED
    assert {each.state for each in deposits.page(actor).items} == {State.ISSUED, State.RECEIVED}
    run(deposits)
    check_spine(tools, all_issued=True)
