"""Every fault is seen, in its group, and named."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

import pytest
from sqlalchemy import update

from chain_adapter import Caps, Entry, Health, Ledger, Proof, Receipt, Trust
from chain_adapter.errors import Retryable
from chain_adapter.tlog import TlogLedger
from portal.checks.models import Check
from portal.checks.running import TRIES
from portal.deposits.models import DepositFile
from portal.storage.files import FileVault
from tests.portal.checks.conftest import Office
from timestamping.package_trust import PackageTrust
from timestamping.trust import TrustStore

FOLDER = {"卷/a.txt": b"first", "卷/b.txt": b"second", "卷/c.txt": b"third"}


def damage(office: Office, key: str) -> None:
    """One byte of the ciphertext."""
    assert isinstance(office.tools.vault, FileVault)
    path = office.tools.vault.path(key)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


# -- Content ------------------------------------------------------------------------------------


def test_an_original_that_is_gone(office: Office, matter_id: str) -> None:
    office.tools.vault.delete(office.deposit_of(matter_id).vault_key or "")
    view = office.checked(matter_id)
    assert office.failed(view) == {"original-kept", "original-digest"}
    assert (view.outcome, office.problem(matter_id)) == ("fail", "check_failed")


def test_one_byte_damaged(office: Office, matter_id: str) -> None:
    damage(office, office.deposit_of(matter_id).vault_key or "")
    view = office.checked(matter_id)
    assert office.failed(view) == {"original-digest"}
    content = view.group("content")
    assert content is not None
    assert content.facts["files"][0]["state"] == "damaged"


def test_another_file_in_its_place(office: Office, matter_id: str) -> None:
    """Well encrypted, under a key of its own: only digesting it again tells."""
    office.tools.vault.put("original/other", b"another contract")
    office.change(matter_id, vault_key="original/other")
    view = office.checked(matter_id)
    assert office.failed(view) == {"original-digest"}
    content = view.group("content")
    assert content is not None
    found = content.facts["files"][0]["found"]["sha256"]
    assert found == hashlib.sha256(b"another contract").hexdigest()


def test_a_sound_folder(office: Office) -> None:
    view = office.checked(office.matter(office.folder(FOLDER)))
    assert view.outcome == "pass"
    content = view.group("content")
    assert content is not None
    assert (content.facts["count"], content.facts["same"]) == (3, 3)


def test_the_changed_file_of_a_folder_is_named(office: Office) -> None:
    deposit = office.folder(FOLDER)
    matter_id = office.matter(deposit)
    office.tools.vault.put("original/other", b"forged")
    with office.tools.database.transaction() as session:
        session.execute(
            update(DepositFile)
            .where(DepositFile.deposit_id == deposit.id, DepositFile.path == "卷/b.txt")
            .values(vault_key="original/other")
        )
    view = office.checked(matter_id)
    assert office.failed(view) == {"files-digests"}
    content = view.group("content")
    assert content is not None
    states = {each["path"]: each["state"] for each in content.facts["files"]}
    assert states == {"卷/a.txt": "same", "卷/b.txt": "changed", "卷/c.txt": "same"}
    (line,) = (line for line in content.lines if line.check.failed)
    assert "卷/b.txt has sha256:" in line.check.detail
    assert "卷/a.txt" not in line.check.detail


def test_a_folders_row_changed_in_the_database_is_named(office: Office) -> None:
    deposit = office.folder(FOLDER)
    matter_id = office.matter(deposit)
    with office.tools.database.transaction() as session:
        session.execute(
            update(DepositFile)
            .where(DepositFile.deposit_id == deposit.id, DepositFile.position == 2)
            .values(sha256="0" * 64)
        )
    view = office.checked(matter_id)
    assert office.failed(view) == {"list-digest"}
    content = view.group("content")
    assert content is not None
    assert "卷/c.txt" in next(line for line in content.lines if line.check.failed).check.detail


def test_a_folders_file_and_list_that_are_gone(office: Office) -> None:
    deposit = office.folder(FOLDER)
    matter_id = office.matter(deposit)
    with office.tools.database.reading() as session:
        row = session.get_one(DepositFile, (deposit.id, 0))
    office.tools.vault.delete(row.vault_key or "")
    view = office.checked(matter_id)
    assert office.failed(view) == {"original-kept", "files-digests"}
    office.tools.vault.delete(deposit.vault_key or "")
    assert office.failed(office.checked(matter_id)) == {"list-digest"}


def test_erased_content_is_a_question(office: Office, matter_id: str) -> None:
    deposit = office.deposit_of(matter_id)
    office.tools.vault.delete(deposit.vault_key or "")
    office.change(matter_id, erased_at=office.clock(), vault_key=None)
    view = office.checked(matter_id)
    assert office.outcomes(view)["content"] == "unknown"
    content = view.group("content")
    assert content is not None
    assert "erased on purpose" in content.lines[0].check.detail


# -- Time ---------------------------------------------------------------------------------------


class Withdrawn:
    """The parts of a portal whose anchors of today leave the old root out."""

    def __init__(self, office: Office) -> None:
        self._old = office.tools.trust()

    def trust(self) -> PackageTrust:
        return dataclasses.replace(self._old, certificates=TrustStore())


def test_a_root_withdrawn_from_trust(
    office: Office, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = office.checked(matter_id)
    assert before.outcome == "pass"
    office.confirm(before)
    assert office.problem(matter_id) is None
    withdrawn = Withdrawn(office)
    monkeypatch.setattr(type(office.tools), "trust", lambda _tools: withdrawn.trust())
    view = office.checked(matter_id)
    assert office.outcomes(view)["time"] == "fail"
    assert office.failed(view) & {"no-trust-root", "chain"}
    assert office.problem(matter_id) == "check_failed"
    found = office.checks.changes(office.notary, view.id)
    assert found is not None
    earlier, changes = found
    assert earlier == before.n
    assert any(each.part == "time" and each.after == "fail" for each in changes)
    assert any(each.part == "trust" and each.before and not each.after for each in changes)


def test_another_token_in_the_database(office: Office, matter_id: str) -> None:
    """A good token over the same digest, but not the one that was recorded."""
    digest = office.deposit_of(matter_id)
    from portal.deposits.evidence import digests_of, token_columns

    columns = token_columns(office.tools.stamper.stamp(digests_of(digest)[0]))
    office.change(matter_id, **columns)
    view = office.checked(matter_id)
    assert office.failed(view) == {"token-link"}


@pytest.mark.parametrize("stamps", ["[]", "{", '[{"der":"AAAA","source":"","independent":false}]'])
def test_a_token_that_cannot_be_read(office: Office, matter_id: str, stamps: str) -> None:
    office.change(matter_id, stamps=stamps)
    view = office.checked(matter_id)
    assert office.failed(view) == {"token-kept"}


# -- Ledger -------------------------------------------------------------------------------------


def test_the_entry_changed_in_the_database(office: Office, matter_id: str) -> None:
    entry = office.deposit_of(matter_id).entry or b""
    changed = entry.replace(b'"kind":"deposit"', b'"kind":"depositx"')
    assert changed != entry
    office.change(matter_id, entry=changed)
    view = office.checked(matter_id)
    assert "platform_signature" in office.failed(view)
    assert office.outcomes(view)["ledger"] == "fail"


def test_the_proof_changed_in_the_database(office: Office, matter_id: str) -> None:
    office.put(b"a second one, so that paths are not empty")
    proof = office.deposit_of(matter_id).proof or ""
    office.change(matter_id, proof=proof.replace("index ", "index 1"))
    view = office.checked(matter_id)
    assert office.failed(view) == {"proof_position"}
    office.change(matter_id, proof="nothing")
    assert "ledger-receipt" in office.failed(office.checked(matter_id))


def test_the_receipt_of_another_deposit(office: Office, matter_id: str) -> None:
    other = office.put(b"another")
    office.change(matter_id, receipts=other.receipts)
    view = office.checked(matter_id)
    assert {"receipt_entry", "ledger-known"} <= office.failed(view)


def test_receipts_that_cannot_be_read(office: Office, matter_id: str) -> None:
    office.change(matter_id, receipts="[]")
    assert "ledger-receipt" in office.failed(office.checked(matter_id))


def test_what_was_said_changed_in_the_database(office: Office, matter_id: str) -> None:
    office.change(matter_id, title="another title")
    view = office.checked(matter_id)
    assert office.failed(view) == {"metadata"}
    record = json.loads(office.deposit_of(matter_id).record) | {"title": "another title"}
    office.change(matter_id, record=json.dumps(record))
    assert office.failed(office.checked(matter_id)) == {"metadata"}


class Shaky(Ledger):
    """A ledger that is out of reach as long as it is told to be, or tells a history of its own."""

    scheme: ClassVar[str] = "shaky"
    caps: ClassVar[Caps] = Caps("immediate", 10_000, True, False)

    def __init__(self, inner: TlogLedger) -> None:
        self.inner, self.away, self.path = inner, False, None

    @property
    def id(self) -> str:
        return self.inner.id

    @classmethod
    def open(cls, data: str, *, base: Path, passphrase: str | None = None) -> Self:
        raise NotImplementedError

    def latest(self) -> str:
        if self.away:
            raise ConnectionRefusedError("connection refused")
        return self.inner.latest()

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        return self.path if self.path is not None else self.inner.consistency(old, new)

    path: tuple[bytes, ...] | None

    def trust(self) -> Trust:
        return self.inner.trust()

    def close(self) -> None:
        """It is somebody else's."""

    def _append(self, entries: Sequence[Entry], supplements: Sequence[object]) -> list[Receipt]:
        del supplements
        return self.inner.append(entries)

    def _lookup(self, key: str) -> Receipt | None:
        if self.away:
            raise ConnectionRefusedError("connection refused")
        return self.inner.lookup(key)

    def _refresh(self, receipt: Receipt) -> Receipt:
        return self.inner.refresh(receipt)

    def _prove(self, receipt: Receipt) -> Proof:
        return self.inner.prove(receipt)

    def _events(self, since: int) -> Iterator[tuple[int, Entry]]:
        return self.inner.events(since)

    def _health(self) -> Health:
        return self.inner.health()


@pytest.fixture
def shaky(office: Office) -> Shaky:
    assert isinstance(office.tools.ledger, TlogLedger)
    return Shaky(office.tools.ledger)


def test_a_ledger_out_of_reach_is_asked_again_and_that_is_shown(
    office: Office, matter_id: str, shaky: Shaky
) -> None:
    office = office.with_tools(ledgers=(shaky,))
    shaky.away = True
    view = office.checked(matter_id)
    assert (view.state, view.attempts, view.outcome) == ("waiting", 1, None)
    assert "cannot be reached" in view.trouble
    assert office.problem(matter_id) == "check_running"
    shaky.away = False
    office.clock.forward(minutes=6)
    while office.checks.advance():
        pass
    assert office.checks.view(office.notary, view.id).outcome == "pass"


def test_a_ledger_that_stays_away_is_given_up(office: Office, matter_id: str, shaky: Shaky) -> None:
    office = office.with_tools(ledgers=(shaky,))
    shaky.away = True
    check_id = office.checks.begin(office.notary, matter_id)
    for _ in range(TRIES):
        office.checks.advance()
        office.clock.forward(minutes=6)
    view = office.checks.view(office.notary, check_id)
    assert (view.state, view.outcome) == ("failed", None)
    assert office.problem(matter_id) == "check_broken"


def test_a_ledger_that_was_rewritten(office: Office, matter_id: str, shaky: Shaky) -> None:
    office.put(b"the ledger grows")
    shaky.path = (b"\x00" * 32,)
    view = office.with_tools(ledgers=(shaky,)).checked(matter_id)
    assert office.failed(view) == {"ledger-consistent"}


def test_every_further_ledger_is_asked(office: Office, tmp_path: Path) -> None:
    other = TlogLedger(tmp_path / "court", origin="court.example/log")
    try:
        tools = dataclasses.replace(office.tools, ledgers=(office.tools.ledger, other))
        early = office.matter(office.put())
        both = office.with_tools(ledgers=tools.ledgers)
        view = both.checked(early)
        assert both.outcomes(view)["ledger"] == "unknown"  # it was sealed before the court's came

        from portal.deposits.service import DepositService

        both = dataclasses.replace(both, deposits=DepositService(tools))
        deposit_id = both.put(b"for both")
        assert both.deposits.follow() == 1
        view = both.checked(both.matter(deposit_id))
        assert view.outcome == "pass"
        ledger = view.group("ledger")
        assert ledger is not None
        assert {line.about for line in ledger.lines} >= {office.tools.ledger.id, other.id}
        assert [each["primary"] for each in ledger.facts["ledgers"]] == [True, False]
        gone = both.with_tools(ledgers=(office.tools.ledger,))
        assert gone.outcomes(gone.checked(view.matter_id))["ledger"] == "unknown"
    finally:
        other.close()


def test_an_interrupted_reading_of_the_ledger_is_no_verdict(
    office: Office, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Retryable("the ledger is locked")

    monkeypatch.setattr(TlogLedger, "consistency", away)
    view = office.checked(matter_id)
    assert (view.state, view.trouble) == ("waiting", "the ledger is locked")
    with office.tools.database.reading() as session:
        assert session.get_one(Check, view.id).document is None
