"""A stored check, run again from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import update

from portal.checks.document import decode, differences
from portal.checks.models import Check
from portal.checks.repeating import repeat
from portal.services import Services
from tests.portal.checks.conftest import Office

Run = Callable[..., Result]


@pytest.fixture
def recheck(app: Flask) -> Run:
    """The command, as ``flask`` runs it."""

    def run(*arguments: str) -> Result:
        with app.app_context():
            return app.test_cli_runner().invoke(args=["recheck", *arguments])

    return run


def test_a_check_is_repeated(office: Office, recheck: Run, matter_id: str) -> None:
    office.checks.compare(office.notary, matter_id, "0" * 64)
    view = office.checked(matter_id)
    office.checks.compare(office.notary, matter_id, "1" * 64)  # later, so no part of it
    office.put(b"the ledger has grown since")
    same = recheck(view.id)
    assert same.exit_code == 0, same.output
    assert "content  unknown" in same.output
    assert same.output.rstrip().endswith("the same")
    report = recheck(view.id, "--json")
    assert json.loads(report.output)["id"] == view.id

    office.tools.vault.delete(office.deposit_of(matter_id).vault_key or "")
    other = recheck(view.id)
    assert other.exit_code == 1
    assert "content  unknown → fail" in other.output
    assert "✗ content original-kept: pass → fail" in other.output
    assert recheck("nothing").exit_code == 2


def test_a_changed_report_is_told(office: Office, recheck: Run, matter_id: str) -> None:
    view = office.checked(matter_id)
    with office.tools.database.transaction() as session:
        session.execute(update(Check).values(sha256="0" * 64))
    told = recheck(view.id)
    assert told.exit_code == 1
    assert "not the one that was made" in told.output
    with office.tools.database.transaction() as session:
        session.execute(update(Check).values(document=b"{}"))
    assert recheck(view.id).exit_code == 2


def test_a_ledger_out_of_reach_decides_nothing(
    services: Services, office: Office, recheck: Run, matter_id: str
) -> None:
    view = office.checked(matter_id)
    services.ledger.close()
    assert recheck(view.id).exit_code == 2


def test_what_changed_between_two_reports(office: Office, matter_id: str) -> None:
    view = office.checked(matter_id)
    before = decode(office.checks.document(office.notary, view.id))
    assert not differences(before, before)
    after = json.loads(json.dumps(before))
    after["versions"]["pyhanko"] = "99"
    after["inputs"]["proof"] = "0" * 64
    after["groups"]["time"]["checks"][0]["outcome"] = "fail"
    after["groups"]["time"]["outcome"] = "fail"
    found = differences(before, after)
    assert [each.part for each in found] == ["time", "time", "versions", "inputs"]
    assert [each.decisive for each in found] == [True, True, False, False]
    repeated = repeat(office.tools, office.notary, view.id)
    assert repeated.same
