"""Corrections, revocations, copies and the register: how what was issued stands afterwards."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta

import pytest

from portal.audit.actor import Actor
from portal.certificates.shapes import RegisterFilter
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.sheets import csv_bytes
from tests.portal.certificates.conftest import Desk
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of


def follow(desk: Desk, certificate_id: str, kind: str, key: str) -> str:
    begin = {"correct": desk.certificates.correct, "revoke": desk.certificates.revoke}[kind]
    made = begin(desk.notary, certificate_id, "当事人姓名有误 a name was misspelt")
    desk.approve(made)
    desk.issue(made, key)
    return made


def test_corrected_then_revoked_and_the_register_says_so(desk: Desk, auditor: Actor) -> None:
    first = desk.issued(desk.matter(desk.deposit(), names=("=cmd()", "李四")))
    key = desk.key()
    with pytest.raises(BadInput):
        desk.certificates.correct(desk.notary, first, "  ")
    second = desk.certificates.correct(desk.notary, first, "姓名有误")
    with pytest.raises(Conflict, match="being written already"):
        desk.certificates.revoke(desk.notary, first, "x")
    with pytest.raises(Conflict, match="Only a certificate that was issued"):
        desk.certificates.correct(desk.notary, second, "x")
    desk.certificates.drop(desk.notary, second)  # leaves room for another
    desk.check(desk.matter_of(first).id)
    second = follow(desk, first, "correct", key)
    with pytest.raises(Conflict, match="It was corrected"):
        desk.certificates.correct(desk.notary, first, "x")
    with pytest.raises(Conflict, match="It was corrected"):
        desk.certificates.revoke(desk.notary, first, "x")
    numbers = [desk.row(each).number or "" for each in (first, second)]
    found = [desk.certificates.find(number) for number in numbers]
    assert [(each.kind, each.status) for each in found] == [
        ("certificate", "corrected"),
        ("correction", "in-force"),
    ]
    assert [link[0] for link in found[0].chain] == numbers
    assert "李" not in str(found)
    third = follow(desk, second, "revoke", key)
    for each in (first, second):
        assert desk.certificates.view(desk.applicant, each).status == "revoked"
        with pytest.raises(Conflict):
            desk.certificates.revoke(desk.notary, each, "again")
        with pytest.raises(Conflict):
            desk.certificates.correct(desk.notary, each, "again")
    with pytest.raises(Conflict, match="neither corrected nor revoked"):
        desk.certificates.revoke(desk.notary, third, "again")
    assert [link[1] for link in desk.certificates.find(numbers[0]).chain] == [
        *("certificate", "correction", "revocation")
    ]
    desk.run()
    deposit = desk.deposits.get(desk.applicant, desk.row(third).deposit_id or "")
    assert (deposit.file_count, deposit.state) == (2, "issued")
    assert "certificate.followed_revocation" in desk.log(f"certificate:{second}")
    _register(desk, auditor, [first, second, third])


def _register(desk: Desk, auditor: Actor, ids: list[str]) -> None:
    page = desk.certificates.register(auditor)
    assert [row.id for row in page.rows] == ids[::-1]
    assert [row.status for row in page.rows] == ["in-force", "revoked", "revoked"]
    figures = page.figures
    assert (figures.total, figures.certificates, figures.corrections) == (3, 1, 1)
    assert figures.in_force + figures.corrected + figures.revoked == 2
    assert figures.revoked == 2
    assert sum(figures.by_template.values()) == sum(figures.by_notary.values()) == 3
    assert not desk.certificates.gaps(auditor)
    number, now = page.rows[0].number, desk.clock()
    wanted = {
        number.zh: 1,
        str(number): 1,
        "李": 3,
        page.rows[0].matter_number[:12].lower(): 3,
        "nobody": 0,
    }
    for text, count in wanted.items():
        assert len(desk.certificates.register(auditor, RegisterFilter(text)).rows) == count
    for narrowed, count in (
        (RegisterFilter(status="revoked"), 2),
        (RegisterFilter(status="in-force"), 0),
        (RegisterFilter(status="corrected"), 0),
        (RegisterFilter(kind="correction"), 1),
        (RegisterFilter(template="web"), 0),
        (RegisterFilter(notary_id=desk.notary.id), 3),
        (RegisterFilter(since=now + timedelta(days=1)), 0),
        (RegisterFilter(until=now + timedelta(days=1)), 3),
    ):
        found = desk.certificates.register(auditor, narrowed)
        assert (len(found.rows), found.figures.total) == (count, count)
    pages, cursor = [], None
    while True:
        part = desk.certificates.register(auditor, cursor=cursor, size=2)
        pages += [row.id for row in part.rows]
        if (cursor := part.cursor) is None:
            break
    assert pages == ids[::-1]


def test_copies_are_numbered_and_handed_over_once(desk: Desk, auditor: Actor) -> None:
    certificate_id = desk.issued()
    waiting, other = desk.certificates.copies(auditor, certificate_id)
    desk.certificates.hand_over(desk.notary, certificate_id, waiting.id, "paper")
    with pytest.raises(Conflict, match="already"):
        desk.certificates.hand_over(desk.notary, certificate_id, waiting.id, "post")
    with pytest.raises(BadInput):
        desk.certificates.hand_over(desk.notary, certificate_id, other.id, "pigeon")
    with pytest.raises(NotFound):
        desk.certificates.hand_over(auditor, certificate_id, other.id, "post")
    with pytest.raises(NotFound):
        desk.certificates.hand_over(desk.notary, "another", other.id, "post")
    (party,) = desk.certificates.copy_parties(auditor, certificate_id)
    assert desk.certificates.add_copy(desk.notary, certificate_id, party) == 3
    with pytest.raises(NotFound):
        desk.certificates.add_copy(desk.notary, certificate_id, "nobody")
    assert [each.how for each in desk.certificates.copies(auditor, certificate_id)] == [
        *("paper", None, None)
    ]


def test_the_register_is_for_the_office(desk: Desk, make_user: MakeUser) -> None:
    for actor in (desk.applicant, actor_of(make_user("operator"))):
        with pytest.raises(Forbidden):
            desk.certificates.register(actor)
        with pytest.raises(Forbidden):
            desk.certificates.export(actor, RegisterFilter(), "csv")
        with pytest.raises(Forbidden):
            desk.certificates.statistics(actor)
    with pytest.raises(NotFound):
        desk.certificates.find("2026-DEMO-000001")
    assert desk.certificates.find_by_digest("0" * 64) is None
    assert desk.certificates.find_by_digest("not a digest") is None


def test_no_name_runs_as_a_formula() -> None:
    (_, row) = list(csv.reader(io.StringIO(csv_bytes(["a"], [["=cmd()"]]).decode("utf-8-sig"))))
    assert row == ["'=cmd()"]
    assert zipfile  # the workbook is looked at through its page
