"""The machine's side: what a sound deposit gives, its report, leases, retries, kill -9."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import pytest

from chain_adapter import Entry
from portal.audit.service import entries_for, verify_chain
from portal.checks import content, running
from portal.checks.document import decode, encode
from portal.checks.models import Check
from portal.checks.running import LEASE, TRIES, Running
from portal.problems import Conflict
from portal.storage import VaultUnavailable
from tests.portal.checks.conftest import CONTENT, Office


def row(office: Office, check_id: str) -> Check:
    with office.tools.database.reading() as session:
        return session.get_one(Check, check_id)


def test_a_sound_file(office: Office, matter_id: str) -> None:
    view = office.checked(matter_id)
    assert (view.state, view.outcome, view.n, view.stage) == ("ended", "pass", 1, "")
    outcomes = {"content": "pass", "time": "pass", "ledger": "pass", "origin": "none"}
    assert office.outcomes(view) == outcomes
    found = view.group("content")
    assert found is not None
    (file,) = found.facts["files"]
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert (file["deposited"]["sha256"], file["found"]["sha256"]) == (digest, digest)
    assert found.facts["bytes"] == len(CONTENT)
    origin = view.group("origin")
    assert origin is not None
    assert (origin.facts["title"], origin.lines) == ("合同", ())
    assert origin.facts["unknowable"] == ["source", "before", "author"]
    codes = {line.check.code for group in view.groups for line in group.lines}
    assert {"original-digest", "chain", "inclusion", "ledger-consistent", "metadata"} <= codes
    named = {line.about for line in next(g for g in view.groups if g.name == "time").lines}
    assert len(named) == 1
    assert named != {""}


def test_the_report_is_canonical_and_says_what_it_was_made_of(
    office: Office, matter_id: str
) -> None:
    view = office.checked(matter_id)
    data = office.checks.document(office.notary, view.id)
    assert hashlib.sha256(data).hexdigest() == view.sha256
    document, deposit = decode(data), office.deposit_of(matter_id)
    assert encode(document) == data
    assert document["schema"] == "notary/check/v1"
    assert document["subject"]["sha256"] == deposit.sha256
    assert document["inputs"]["tokens"] == [hashlib.sha256(deposit.token or b"").hexdigest()]
    entry = Entry.decode(deposit.entry or b"")
    assert document["inputs"]["entry"] == hashlib.sha256(entry.encode()).hexdigest()
    assert {each["kind"] for each in document["inputs"]["trust"]} >= {"root", "ledger", "platform"}
    assert {"python", "openssl", "pyhanko", "notary-evidence-portal"} <= document["versions"].keys()
    (ledger,) = document["groups"]["ledger"]["facts"]["ledgers"]
    assert 0 < ledger["recorded"]["size"] <= ledger["latest"]["size"]
    assert "张三".encode() not in data
    with office.tools.database.reading() as session:
        assert office.checks.document_of(session, view.id) == data


@pytest.mark.parametrize("data", [b"[]", b'{"schema":"notary/check/v1", "x":1}', b'{"schema":"x"}'])
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode(data)


def test_every_step_is_in_the_custody_log(office: Office, matter_id: str) -> None:
    view = office.checked(matter_id)
    office.checks.document(office.notary, view.id)
    deposit = office.deposit_of(matter_id)
    with office.tools.database.reading() as session:
        acts = [(e.action, e.actor_name) for e in entries_for(session, f"matter:{matter_id}")]
        read = [entry.action for entry in entries_for(session, deposit.subject)]
        assert verify_chain(session).ok
    assert acts == [
        ("check.begun", "王公证"),
        ("check.ended", "worker"),
        ("check.exported", "王公证"),
    ]
    assert read[-1] == "check.read"


def test_whoever_begins_while_one_runs_gets_that_one(office: Office, matter_id: str) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(office.checks.begin(office.notary, matter_id)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert [each.n for each in office.checks.history(office.notary, matter_id)] == [1]


def test_a_newer_application_gets_a_check_of_its_own(office: Office, matter_id: str) -> None:
    first = office.checks.begin(office.notary, matter_id)
    office.revise(matter_id)
    second = office.checks.begin(office.notary, matter_id)
    assert first != second
    while office.checks.advance():
        pass
    assert [each.state for each in office.checks.history(office.notary, matter_id)] == ["ended"] * 2


def test_what_is_not_sealed_is_not_checked(office: Office) -> None:
    """The worker has not come to it yet."""
    from tests.portal.deposits.conftest import put

    matter_id = office.matter(put(office.deposits, office.applicant, CONTENT))
    with pytest.raises(Conflict, match="sealed"):
        office.checks.begin(office.notary, matter_id)


def test_a_killed_worker_is_followed_by_another(
    office: Office, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_id = office.checks.begin(office.notary, matter_id)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(running, "judge", killed)
        with pytest.raises(KeyboardInterrupt):
            office.checks.advance()
    assert row(office, check_id).state == "running"
    assert office.checks.advance() == 0  # its lease holds
    office.clock.forward(seconds=LEASE.total_seconds() + 1)
    assert office.checks.advance() == 1
    view = office.checks.view(office.notary, check_id)
    assert (view.state, view.outcome, view.attempts) == ("ended", "pass", 2)


def test_who_lost_the_lease_writes_nothing(
    office: Office, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow worker comes to its end after the second one did."""
    check_id = office.checks.begin(office.notary, matter_id)
    real: Callable[..., dict[str, object]] = running.judge

    def slow(*arguments: object) -> dict[str, object]:
        document = real(*arguments)
        monkeypatch.setattr(running, "judge", real)
        office.clock.forward(seconds=LEASE.total_seconds() + 1)
        assert Running(office.tools).advance() == 1
        return document

    monkeypatch.setattr(running, "judge", slow)
    office.checks.advance()
    view = office.checks.view(office.notary, check_id)
    assert (view.state, view.attempts) == ("ended", 2)
    with office.tools.database.reading() as session:
        acts = [e.action for e in entries_for(session, f"matter:{matter_id}")]
    assert acts.count("check.ended") == 1


def test_a_check_that_kills_its_workers_is_given_up(
    office: Office, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_id = office.checks.begin(office.notary, matter_id)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "judge", killed)
    for _ in range(TRIES):
        with pytest.raises(KeyboardInterrupt):
            office.checks.advance()
        office.clock.forward(seconds=LEASE.total_seconds() + 1)
    assert office.checks.advance() == 1
    view = office.checks.view(office.notary, check_id)
    assert view.state == "failed"
    assert "never ended" in view.trouble
    assert office.problem(matter_id) == "check_broken"
    monkeypatch.undo()
    assert office.checked(matter_id).outcome == "pass"


def test_a_vault_out_of_reach_is_waited_for(
    office: Office, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_id = office.checks.begin(office.notary, matter_id)

    def away(*_: object) -> None:
        raise VaultUnavailable("the vault cannot read: Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(type(office.tools.vault), "open", away)
        office.checks.advance()
    view = office.checks.view(office.notary, check_id)
    assert (view.state, view.attempts) == ("waiting", 1)
    assert "Input/output error" in view.trouble
    office.clock.forward(minutes=6)
    office.checks.advance()
    view = office.checks.view(office.notary, check_id)
    assert (view.outcome, view.trouble) == ("pass", "")


def test_progress_is_told_while_it_reads(
    office: Office, matter_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_id = office.checks.begin(office.notary, matter_id)
    seen: list[str] = []
    monkeypatch.setattr(running, "_TELL", 0.0)
    monkeypatch.setattr(content, "_BLOCK", 300)
    real = Running.tell

    def tell(self: Running, check: Check, stage: str) -> None:
        real(self, check, stage)
        seen.append(row(office, check_id).stage)

    monkeypatch.setattr(Running, "tell", tell)
    office.checks.advance()
    assert seen[:4] == ["ledger 0", "time 0", "origin 0", "content 0"]
    assert seen[-1] == "content 100"
    assert len(seen) > 6
