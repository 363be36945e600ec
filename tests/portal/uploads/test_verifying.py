"""Verifying one file of a folder: the way from it to the recorded digest, and no names."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import update

from chain_adapter import Digest
from portal.deposits.models import Deposit, DepositFile
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.problems import NotFound
from portal.uploads.service import Grouping, UploadService, Wish
from portal.verification.report import Answer, Area, Report
from portal.verification.service import judge_record
from tests.portal.client import PortalClient
from tests.portal.deposits.conftest import run
from tests.portal.uploads.conftest import Put

SECRET = "案卷/解雇通知-王五.pdf"


@pytest.fixture
def folder(put: Put, uploads: UploadService, deposits: DepositService, actor, draft) -> Deposit:  # type: ignore[no-untyped-def]
    put(SECRET, b"a letter")
    put("案卷/b.txt", b"another")
    deposit_id = uploads.confirm(actor, draft, Wish(Grouping.LIST, "Case")).deposits[0]
    run(deposits)
    return deposits.get(actor, deposit_id)


def asked(deposits: DepositService, wanted: str, content: bytes) -> Report:
    digest = Digest("sha256", hashlib.sha256(content).digest())
    evidence = deposits.find_evidence(wanted or digest.hex)
    return judge_record(evidence, deposits.trust(), digest)


@pytest.mark.parametrize("by_number", [True, False])
def test_one_file_is_found_as_part_of_its_deposit(
    deposits: DepositService, folder: Deposit, by_number: bool
) -> None:
    report = asked(deposits, folder.number if by_number else "", b"a letter")
    assert report.answer is Answer.MATCHES
    assert report.found is not None
    assert (report.found.number, report.found.part, report.found.files) == (folder.number, True, 2)
    tick = next(each for each in report.ticks if each.area is Area.FILE)
    assert [check.code for check in tick.checks] == ["file", "listed"]
    assert tick.checks[1].detail == f"sha256:{folder.sha256}"
    assert "王五" not in repr(report)


def test_the_list_itself_matches_as_the_whole(
    deposits: DepositService, folder: Deposit, tools: Tools
) -> None:
    report = asked(deposits, "", tools.vault.read(folder.vault_key or ""))
    assert report.answer is Answer.MATCHES
    assert report.found is not None
    assert not report.found.part


def test_another_file_is_not_part_of_it(deposits: DepositService, folder: Deposit) -> None:
    assert asked(deposits, folder.number, b"a letter!").answer is Answer.DIFFERS
    with pytest.raises(NotFound):
        asked(deposits, "", b"a letter!")


def test_a_row_added_to_our_own_database_is_not_believed(
    deposits: DepositService, folder: Deposit, tools: Tools
) -> None:
    """Whoever can write to the database cannot make a stranger's file part of a deposit."""
    forged = hashlib.sha256(b"forged").hexdigest()
    with tools.database.transaction() as session:
        session.execute(
            update(DepositFile)
            .where(DepositFile.deposit_id == folder.id, DepositFile.position == 0)
            .values(sha256=forged)
        )
    report = asked(deposits, "", b"forged")
    assert report.answer is Answer.DIFFERS
    assert report.failed is not None
    assert report.failed.code == "listed"


def test_the_page_says_so_without_names(client: PortalClient, folder: Deposit) -> None:
    digest = hashlib.sha256(b"a letter").hexdigest()
    page = client.get(f"/verify?n={digest}", headers={"Accept-Language": "en"}).text
    assert "The file matches." in page
    assert "is part of a deposit made here" in page
    assert "a list of files, 2 in all" in page
    assert "王五" not in page
