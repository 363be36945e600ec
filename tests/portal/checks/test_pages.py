"""The check's pages, through the browser's eyes: CSRF on, second factor asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest

from portal.accounts.models import User
from portal.audit.service import entries_for
from portal.checks.present import aligned
from portal.checks.service import CheckService
from portal.services import Services
from tests.portal.checks.conftest import CONTENT, Office
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser

SignIn = Callable[[User], PortalClient]


def page(matter_id: str, rest: str = "") -> str:
    return f"/desk/matters/{matter_id}/check{rest}"


def test_from_the_button_to_the_confirmed_groups(
    office: Office, matter_id: str, login_strong: SignIn
) -> None:
    browser = login_strong(office.notary_user)
    first = browser.get(page(matter_id))
    assert first.status_code == 200
    answer = browser.submit(page(matter_id, "/begin"), page=page(matter_id))
    assert answer.status_code == 303
    waiting = browser.get(page(matter_id))
    assert 'id="check-progress"' in waiting.text
    assert "check-progress" in browser.get(page(matter_id, "/progress")).text
    while office.checks.advance():
        pass
    assert browser.get(page(matter_id, "/progress")).headers["HX-Refresh"] == "true"
    shown = browser.get(page(matter_id)).text
    for group in ("content", "time", "ledger", "origin"):
        assert f'id="{group}"' in shown
    view = office.checks.latest(office.notary, matter_id)
    assert view is not None
    form = page(matter_id, f"/runs/{view.id}/confirm")
    ticked = {"content": "1", "time": "1", "ledger": "1", "origin": "1"}
    assert browser.submit(form, {}).status_code == 422
    done = browser.submit(form, ticked)
    assert done.status_code == 303
    assert office.problem(matter_id) is None
    assert "verdict-matches" in browser.get(page(matter_id)).text
    report = browser.get(page(matter_id, f"/runs/{view.id}/report.json"))
    assert hashlib.sha256(report.data).hexdigest() == view.sha256
    assert json.loads(report.data)["matter"] in report.headers["Content-Disposition"]


def test_confirming_needs_a_fresh_second_factor(
    office: Office, matter_id: str, login: SignIn
) -> None:
    view = office.checked(matter_id)
    browser = login(office.notary_user)
    form = page(matter_id, f"/runs/{view.id}/confirm")
    assert browser.get(form).status_code == 303
    refused = browser.submit(form, {"time": "1"}, page="/account")
    assert refused.status_code == 303
    assert page("") not in refused.headers["Location"]
    assert not office.checks.view(office.notary, view.id).confirmed


def test_an_undecided_group_asks_for_its_reason(office: Office, login_strong: SignIn) -> None:
    matter_id = office.matter(office.digest())
    view = office.checked(matter_id)
    browser = login_strong(office.notary_user)
    form = page(matter_id, f"/runs/{view.id}/confirm")
    refused = browser.submit(form, {"content": "1", "time": "1"})
    assert refused.status_code == 422
    assert 'name="reason-content"' in refused.text
    assert "is-invalid" in refused.text
    reason = "<script>alert(1)</script> 当面核对"
    assert browser.submit(form, {"content": "1", "reason-content": reason}).status_code == 303
    shown = browser.get(page(matter_id)).text
    assert "<script>alert(1)" not in shown
    assert "当面核对" in shown


def test_a_mismatch_shows_both_digests_with_what_differs(
    office: Office, matter_id: str, login_strong: SignIn
) -> None:
    browser = login_strong(office.notary_user)
    token = browser.token(page(matter_id))
    given = hashlib.sha256(b"forged").hexdigest()
    headers = {"X-CSRFToken": token, "X-Fragment": "1"}
    data = {"sha256": given, "name": "<b>合同</b>.pdf"}
    answer = browser.post(page(matter_id, "/compare"), data=data, headers=headers)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "<b>合同" not in answer.text
    assert answer.text.count("<mark>") >= 100
    good = {"sha256": hashlib.sha256(CONTENT).hexdigest()}
    answer = browser.post(page(matter_id, "/compare"), data=good, headers=headers)
    assert "compared-same" in answer.text
    bad = browser.submit(page(matter_id, "/compare"), {"sha256": "zz"}, page=page(matter_id))
    assert bad.status_code == 422
    assert "is-invalid" in bad.text
    typed = browser.submit(page(matter_id, "/compare"), good, page=page(matter_id))
    assert "compared-same" in typed.text
    assert browser.post(page(matter_id, "/compare"), data=good).status_code == 400  # no token


def test_a_changed_original_is_shown_side_by_side(
    office: Office, matter_id: str, login_strong: SignIn
) -> None:
    office.tools.vault.put("original/other", b"another contract")
    office.change(matter_id, vault_key="original/other")
    office.checked(matter_id)
    shown = login_strong(office.notary_user).get(page(matter_id)).text
    assert "verdict-differs" in shown
    assert "aligned-group" in shown
    assert "/confirm" not in shown


def test_a_folder_and_an_earlier_run(office: Office, login_strong: SignIn) -> None:
    matter_id = office.matter(office.folder({"卷/a.txt": b"1", "卷/<i>.txt": b"2"}))
    first = office.checked(matter_id)
    office.checked(matter_id)
    browser = login_strong(office.notary_user)
    shown = browser.get(page(matter_id)).text
    assert "reread-list" in shown
    assert "<i>.txt" not in shown
    earlier = browser.get(page(matter_id, f"/runs/{first.id}"))
    assert earlier.status_code == 200
    other = office.matter(office.put(b"other"))
    assert browser.get(page(other, f"/runs/{first.id}")).status_code == 404


def test_auditors_look_and_do_nothing(
    office: Office, matter_id: str, make_user: MakeUser, login_strong: SignIn
) -> None:
    view = office.checked(matter_id)
    browser = login_strong(make_user("auditor"))
    shown = browser.get(page(matter_id))
    assert shown.status_code == 200
    assert "compare-zone" not in shown.text
    for path in ("/begin", "/compare", f"/runs/{view.id}/confirm"):
        answer = browser.submit(page(matter_id, path), {}, page="/account")
        assert answer.status_code == 403


def test_applicants_and_strangers_find_nothing(
    office: Office, matter_id: str, login: SignIn, make_user: MakeUser
) -> None:
    office.checked(matter_id)
    browser = login(make_user())
    for path in ("", "/progress", "/recording", "/recording/0"):
        assert browser.get(page(matter_id, path)).status_code == 403


def test_what_is_no_recording(office: Office, matter_id: str, login_strong: SignIn) -> None:
    browser = login_strong(office.notary_user)
    assert browser.get(page(matter_id, "/recording")).status_code == 404
    assert browser.get(page(matter_id, "/recording/0")).status_code == 404


def test_trouble_is_shown_while_it_waits(
    office: Office, matter_id: str, login_strong: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chain_adapter.errors import Retryable
    from chain_adapter.tlog import TlogLedger

    def away(*_: object) -> None:
        raise Retryable("the ledger is locked")

    monkeypatch.setattr(TlogLedger, "latest", away)
    office.checks.begin(office.notary, matter_id)
    office.checks.advance()
    shown = login_strong(office.notary_user).get(page(matter_id)).text
    assert "check-now-bad" in shown
    assert "the ledger is locked" in shown


def test_the_worker_runs_checks(services: Services, office: Office, matter_id: str) -> None:
    assert isinstance(services.checks, CheckService)
    services.checks.begin(office.notary, matter_id)
    (sideline,) = (each for each in services.sidelines() if each.name == "notary_checks")
    assert sideline.advance() == 1
    with services.database.reading() as session:
        acts = [entry.action for entry in entries_for(session, f"matter:{matter_id}")]
    assert acts == ["check.begun", "check.ended"]


def test_digits_stand_in_groups() -> None:
    found = aligned("0123456789abcdef", "0123456789abcdee")
    assert [len(each.pairs) for each in found] == [8, 8]
    assert [pair for each in found for pair in each.pairs if pair[2]] == [("f", "e", True)]
    assert aligned("ab", "a")[0].pairs[1] == ("b", " ", True)
