"""The pages: who sees them, what they say, and that names of strangers are only ever names."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest

from portal.accounts.models import User
from tests.portal.certificates.conftest import SECRET, Desk
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser

Login = Callable[[User], PortalClient]
EVIL = '=cmd()<script>alert("1")</script>'
EN = {"Accept-Language": "en"}


def test_from_the_matter_to_the_register_by_hand(
    desk: Desk, login: Login, login_strong: Login, make_user: MakeUser
) -> None:
    matter_id = desk.matter(desk.deposit(), names=(EVIL, "李四"))
    desk.check(matter_id)
    desk.key()
    notary, auditor = login_strong(desk.notary_user), login(make_user("auditor"))
    here = f"/desk/matters/{matter_id}"
    assert "Draft the certificate" in notary.get(here, headers=EN).text
    begun = notary.submit(f"{here}/certificate", page=here)
    page = begun.headers["Location"]
    shown = notary.get(page, headers=EN)
    assert EVIL not in shown.text
    assert "&lt;script&gt;" in shown.text
    assert notary.get(page + "/preview.pdf").mimetype == "application/pdf"
    assert "readonly" in auditor.get(page).text
    form = {"zh": "证词甲", "en": "words", "revision": "1"}
    kept = notary.post(
        page,
        data={"csrf_token": notary.token(page), **form},
        headers={"Accept": "application/json"},
    )
    assert kept.json == {"revision": 2}
    lost = notary.submit(page, {"zh": "证词乙", "en": "x", "revision": "1"})
    assert lost.status_code == 409
    assert "证词乙" in lost.text  # what was typed stands there again
    assert notary.submit(page + "/approve", {"revision": "2"}).status_code == 303
    ready = notary.get(page + "/issue", headers=EN)
    assert "Number to come" in ready.text
    key = re.search(r'name="key" value="([^"]+)"', ready.text)
    assert key
    wrong = {"key": key[1], "secret": "wrong", "revision": "2"}
    answer = notary.submit(page + "/issue", wrong)
    assert answer.status_code == 422
    assert "密码或 PIN 不正确" in answer.text
    right = wrong | {"secret": SECRET}
    assert notary.submit(page + "/issue", right).status_code == 303
    desk.run()
    done = notary.get(page, headers=EN)
    assert "In force" in done.text
    number = re.search(r"\d{4}-DEMO-000001", done.text)
    assert number
    _register(notary, auditor, number[0])
    _applicant(desk, login, page.rpartition("/")[2], matter_id, number[0])
    assert auditor.get(page + "/copies").status_code == 200
    for act in ("correct", "revoke"):
        assert notary.get(f"{page}/{act}").status_code == 200
        assert notary.submit(f"{page}/{act}", {"reason": " "}).status_code == 422


def _register(notary: PortalClient, auditor: PortalClient, number: str) -> None:
    for client in (notary, auditor):
        shown = client.get("/desk/register")
        assert number in shown.text
        assert "<script>alert" not in shown.text
    assert number in auditor.get("/desk/register/print", headers=EN).text
    table = auditor.get("/desk/register.csv", headers=EN).get_data().decode("utf-8-sig")
    assert "'=" in table
    assert not re.search(r'(^|,|\n)"?=', table)
    book = zipfile.ZipFile(io.BytesIO(auditor.get("/desk/register.xlsx").get_data()))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert number in sheet
    assert "<f>" not in sheet
    nothing = auditor.get("/desk/register?text=nobody&since=yesterday", headers=EN).text
    assert "This is no date: yesterday" in nothing
    assert "Nothing fits" in nothing


def _applicant(desk: Desk, login: Login, certificate_id: str, matter_id: str, number: str) -> None:
    client, stranger = login(desk.applicant_user), login(desk.second_user)
    assert number in client.get(f"/my/matters/{matter_id}").text
    mine = client.get(f"/my/certificates/{certificate_id}", headers=EN)
    assert f"/verify/{number}" in mine.text
    assert "<svg" in mine.text
    assert "Proof package" in mine.text
    pdf = client.get(f"/my/certificates/{certificate_id}/certificate.pdf")
    assert pdf.get_data().startswith(b"%PDF-")
    assert number in pdf.headers["Content-Disposition"]
    for address in ("", "/certificate.pdf"):
        answer = stranger.get(f"/my/certificates/{certificate_id}{address}")
        assert answer.status_code == 404
    item = client.get(f"/deposits/{desk.row(certificate_id).deposit_id}", headers=EN)
    assert "Certificate and annexes" in item.text


@pytest.mark.parametrize("act", ["approve", "issue", "correct", "revoke"])
def test_legal_acts_want_a_fresh_second_factor(desk: Desk, login: Login, act: str) -> None:
    certificate_id = desk.drafted(desk.matter(desk.deposit()))
    client = login(desk.notary_user)  # with the password alone
    page = f"/desk/certificates/{certificate_id}"
    token = client.token("/account/password")
    assert client.get(f"{page}/{act}").status_code == 303
    answer = client.post(f"{page}/{act}", data={"csrf_token": token, "revision": "1"})
    assert answer.status_code == 303
    assert "/account" in answer.headers["Location"]
    assert desk.row(certificate_id).state == "draft"


def test_only_notaries_act(desk: Desk, login: Login, make_user: MakeUser) -> None:
    certificate_id = desk.drafted(desk.matter(desk.deposit()))
    page = f"/desk/certificates/{certificate_id}"
    for user in (make_user("auditor"), desk.applicant_user):
        client = login(user)
        token = client.token("/account/password")
        for act in ("", "/approve", "/issue", "/drop", "/correct", "/revoke", "/copies"):
            answer = client.post(page + act, data={"csrf_token": token, "revision": "1"})
            assert answer.status_code == 403, act
        assert client.post("/desk/keys/office", data={"csrf_token": token}).status_code == 403
    assert login(desk.applicant_user).get(page).status_code == 403
