"""What is taken away is what was deposited, or it is not handed out as if it were."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.deposits.letters import Letters
from portal.deposits.models import Deposit
from portal.deposits.service import DepositService, Download
from portal.deposits.tools import Tools
from portal.problems import Conflict, NotFound, Unavailable
from portal.storage import Damaged
from portal.storage.files import FileVault
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeKey, MakeUser
from tests.portal.deposits.conftest import actor_of, put, run
from tests.waiting import wait_for
from timestamping.package import verify_package
from timestamping.package.errors import CannotBuild


def read(download: Download) -> bytes:
    data = b"".join(download.stream)
    assert download.size in (None, len(data))
    return data


@pytest.fixture
def issued(deposits: DepositService, actor: Actor) -> Deposit:
    deposit = put(deposits, actor, b"content" * 1000, filename="合同.pdf")
    run(deposits)
    return deposits.get(actor, deposit.id)


def exchange(tools: Tools, key: str, data: bytes) -> None:
    """Somebody with the vault's key puts other content in the place of what is kept."""
    tools.vault.delete(key)
    tools.vault.put(key, data)


def test_nothing_is_handed_out_before_it_is_there(deposits: DepositService, actor: Actor) -> None:
    deposit = put(deposits, actor)
    for call in (deposits.letter, deposits.token, deposits.receipt, deposits.package):
        with pytest.raises(Conflict):
            call(actor, deposit.id)
    assert read(deposits.original(actor, deposit.id))


def test_the_package_verifies_offline_with_the_file(
    deposits: DepositService, actor: Actor, issued: Deposit, tmp_path: Path
) -> None:
    package, file = tmp_path / "p.zip", tmp_path / "f"
    package.write_bytes(read(deposits.package(actor, issued.id)))
    file.write_bytes(b"content" * 1000)
    assert verify_package(package, file=file).exit_code == 0
    file.write_bytes(b"content" * 999 + b"Content")
    assert verify_package(package, file=file).exit_code == 1


def test_two_packages_are_the_same_bytes(
    deposits: DepositService, actor: Actor, issued: Deposit
) -> None:
    first, second = (read(deposits.package(actor, issued.id, True)) for _ in range(2))
    assert first == second


def test_an_exchanged_original_breaks_the_download_off(
    deposits: DepositService, tools: Tools, actor: Actor, issued: Deposit
) -> None:
    exchange(tools, issued.vault_key or "", b"other")
    with pytest.raises(Damaged):
        read(deposits.original(actor, issued.id))
    with pytest.raises(CannotBuild):
        read(deposits.package(actor, issued.id, with_original=True))
    # What does not need the original is still to be had.
    with zipfile.ZipFile(io.BytesIO(read(deposits.package(actor, issued.id)))) as archive:
        assert archive.testzip() is None


def test_an_exchanged_letter_is_not_handed_out(
    deposits: DepositService, tools: Tools, actor: Actor, issued: Deposit
) -> None:
    exchange(tools, issued.letter_key or "", b"%PDF-1.7 a letter nobody sealed")
    for call in (deposits.letter, deposits.package):
        with pytest.raises(Unavailable, match="operator"):
            read(call(actor, issued.id))


def test_a_flipped_bit_at_rest_is_not_handed_out(
    deposits: DepositService, tools: Tools, actor: Actor, issued: Deposit
) -> None:
    assert isinstance(tools.vault, FileVault)
    path = tools.vault.path(issued.letter_key or "")
    sealed = bytearray(path.read_bytes())
    sealed[len(sealed) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(sealed)
    with pytest.raises(Unavailable):
        read(deposits.letter(actor, issued.id))


def test_erased_content_is_said_to_be_gone(
    deposits: DepositService, tools: Tools, actor: Actor, issued: Deposit
) -> None:
    tools.vault.delete(issued.vault_key or "")
    with pytest.raises(NotFound, match="no longer kept"):
        read(deposits.original(actor, issued.id))
    assert read(deposits.letter(actor, issued.id))  # the proof remains


def test_what_was_never_handed_out_is_not_in_the_log(
    deposits: DepositService, tools: Tools, actor: Actor, issued: Deposit
) -> None:
    tools.vault.delete(issued.vault_key or "")
    with pytest.raises(NotFound, match="no longer kept"):
        read(deposits.package(actor, issued.id, with_original=True))
    with tools.database.reading() as session:
        assert "deposit.exported" not in session.scalars(select(AuditEntry.action)).all()


def test_a_vault_that_cannot_be_read_is_unavailable(
    deposits: DepositService, tools: Tools, actor: Actor, issued: Deposit
) -> None:
    assert isinstance(tools.vault, FileVault)
    path = tools.vault.path(issued.letter_key or "")
    path.unlink()
    path.mkdir()  # opening it is an OSError for everybody, root too
    with pytest.raises(Unavailable):
        read(deposits.letter(actor, issued.id))


def test_the_letter_states_what_is_and_names_nobody(
    deposits: DepositService, tools: Tools, actor: Actor, issued: Deposit
) -> None:
    facts = deposits.strength(issued)
    assert facts.authorities == ()  # the portal's own TSA is nobody's witness
    assert (facts.file_seen, facts.captured, facts.witnesses) == (True, False, 0)
    data = Letters(tools).data(issued, tools.clock())
    assert data.depositor.masked == "张**"
    assert data.items[0].sender == "张**"
    assert data.custody[0].origin == "203.0.113.*"
    assert all(actor.name not in event.actor for event in data.custody)
    assert data.times.received == issued.received_at


def test_an_answer_that_nobody_reads_leaves_nothing_open(
    client: PortalClient, deposits: DepositService, make_user: MakeUser, make_key: MakeKey
) -> None:
    user = make_user()
    deposit = put(deposits, actor_of(user), b"x" * 3_000_000)
    run(deposits)
    headers = client.bearer(make_key(user))
    before = threading.active_count()
    for what in ("original", "package?original=true"):
        answer = client.head(f"/api/v1/deposits/{deposit.id}/{what}", headers=headers)
        assert answer.status_code == 200
        assert answer.data == b""
    wait_for(lambda: threading.active_count() <= before, "no thread is left")
