"""Papers to take away: what they say, whose seal they bear, and that nobody else gets one made."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy import select

from chain_adapter.verdict import Outcome
from portal.accounts.models import User
from portal.deposits.models import Deposit
from portal.problems import BadInput
from portal.services import Services
from portal.verification import reference
from portal.verification.rule17 import answer_sheet
from portal.verification.software import software
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings
from tests.portal.deposits.conftest import actor_of, put, run
from timestamping.pdf.verifier import verify_seal

CONTENT = b"what was deposited"
_REFERENCE = re.compile(r'name="reference" value="([^"]+)"')
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.fixture
def number(services: Services, user: User) -> str:
    deposit = put(services.deposits, actor_of(user), CONTENT)
    run(services.deposits)
    return deposit.number


@pytest.fixture
def stranger(client: PortalClient) -> PortalClient:
    client.submit("/language", {"locale": "en"}, page="/signin")
    return client


def text_of(pdf: bytes) -> str:
    pages = (page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(" ".join(pages).split())


def attached(pdf: bytes, name: str) -> dict[str, object]:
    files = PdfReader(io.BytesIO(pdf)).attachments
    return dict(json.loads(files[name][0]))


def sealed(services: Services, pdf: bytes) -> bool:
    return verify_seal(pdf, services.deposits.trust().certificates).ok


def package_of(services: Services, user: User, number: str) -> bytes:
    with services.database.reading() as session:
        found = session.scalars(select(Deposit).where(Deposit.number == number)).one()
    return b"".join(services.deposits.package(actor_of(user), found.id).stream)


def test_the_report_of_a_question(stranger: PortalClient, number: str, services: Services) -> None:
    answer = stranger.get(f"/verify/report.pdf?n={number}")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert sealed(services, answer.data)
    said = text_of(answer.data)
    for expected in (
        "Verification Report",
        "This deposit matches its record.",
        number,
        software().sha256,
        "What this report does not prove",
        "The time-stamp is over the digest",
        "7.6",
        "11.12",
    ):
        assert expected in said, expected
    document = attached(answer.data, "verification-report.json")
    assert document["schema"] == "notary/verification-report/v1"
    assert document["report"]["answer"] == "matches"  # type: ignore[index]
    assert "张伟" not in said


def test_a_report_that_nothing_was_found(stranger: PortalClient, services: Services) -> None:
    answer = stranger.get(f"/verify/report.pdf?n={'0' * 64}")
    assert sealed(services, answer.data)
    assert "Not found." in text_of(answer.data)
    assert stranger.get("/verify/report.pdf").status_code == 422


def test_the_report_of_what_was_sent_keeps_nothing(
    stranger: PortalClient, number: str, services: Services, user: User
) -> None:
    package = package_of(services, user, number)
    upload = {"evidence": (io.BytesIO(package), "<b>证明</b>.zip")}
    page = stranger.post("/verify/examine", data=upload, headers={"X-Fragment": "1"}).text
    found = _REFERENCE.search(page)
    assert found
    answer = stranger.post("/verify/report.pdf", data={"reference": found[1]})
    assert answer.status_code == 200
    assert sealed(services, answer.data)
    said = text_of(answer.data)
    assert "The proof package matches what was issued." in said
    assert "<b>证明</b>.zip" in said
    assert f"{len(package):,}" in said
    draft = stranger.post("/verify/fre-902.pdf", data={"reference": found[1]})
    assert number in text_of(draft.data)


@pytest.mark.parametrize("text", ["", "A", "AAAA", "%%%", "é", "A" * 300_000])
def test_references_of_others_are_refused(stranger: PortalClient, text: str) -> None:
    for path in ("/verify/report.pdf", "/verify/fre-902.pdf"):
        answer = stranger.post(path, data={"reference": text})
        assert answer.status_code == 422
        assert answer.mimetype == "text/html"


def test_references() -> None:
    made = reference.sign({"a": "值"}, b"key", NOW)
    assert reference.read(made, b"key", NOW + timedelta(minutes=59)) == ({"a": "值"}, NOW)
    for key, moment in ((b"other", NOW), (b"key", NOW + timedelta(hours=2))):
        with pytest.raises(BadInput):
            reference.read(made, key, moment)
    with pytest.raises(BadInput):
        reference.read(made[:50] + "A" + made[51:], b"key", NOW)


@given(st.text(max_size=200))
def test_no_text_is_a_reference(text: str) -> None:
    with pytest.raises(BadInput):
        reference.read(text, b"key", NOW)


def test_the_draft_certification(stranger: PortalClient, number: str) -> None:
    said = text_of(stranger.get(f"/verify/fre-902.pdf?n={number}").data)
    for expected in ("902(13)", "902(14)", "1746", "DRAFT", number, "Signature", "penalty of"):
        assert expected in said, expected
    assert "received the data whole" in said
    missing = stranger.get("/verify/fre-902.pdf?n=NE20200101-ZZZZZZZZ")
    assert missing.status_code == 409


def test_rule_17_states_what_is_configured_and_nothing_else(
    stranger: PortalClient, services: Services
) -> None:
    page = stranger.get("/verify/rule-17").text
    assert "not stated" in page
    assert "not meant for evidence" in page
    assert "run by this platform itself, not independent" in page
    rows = {
        row.label.en: row.value for part in answer_sheet(services).sections for row in part.rows
    }
    for unset in ("Notary office", "Platform", "Ledger filing number", "Operator and its licence"):
        assert rows[unset] is None
    assert rows["Ties to a party of the dispute"] is None
    assert rows["Key files are encrypted"].en == "no"  # type: ignore[union-attr]
    assert rows["Witnesses of the ledger"].en == "none"  # type: ignore[union-attr]
    made = stranger.get("/verify/rule-17.pdf").data
    assert sealed(services, made)
    assert "Answers under Rule 17" in text_of(made)
    assert attached(made, "rule-17.json")["schema"] == "notary/rule-17/v1"


class TestConfigured:
    @pytest.fixture
    def settings(self, make_settings: MakeSettings) -> object:
        return make_settings(
            office_name_zh="某某公证处",
            office_name_en="Some Notary Office",
            filing_number="京网信备0001号",
        )

    def test_what_is_set_is_stated(self, stranger: PortalClient) -> None:
        page = stranger.get("/verify/rule-17").text
        assert "Some Notary Office" in page
        assert "京网信备0001号" in page


def test_nothing_secret_is_on_the_sheet(stranger: PortalClient, services: Services) -> None:
    page = stranger.get("/verify/rule-17").text
    assert str(services.settings.data_dir) not in page
    assert services.settings.database not in page


def test_trust_anchors(stranger: PortalClient, services: Services) -> None:
    answer = stranger.get("/verify/trust.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    ours = services.deposits.trust().files()
    assert files == {name: data for name, data in ours.items() if data}


def test_a_letter_is_no_report_and_the_other_way_round(
    stranger: PortalClient, number: str, services: Services
) -> None:
    report = stranger.get(f"/verify/report.pdf?n={number}").data
    upload = {"evidence": (io.BytesIO(report), "report.pdf")}
    said = stranger.post("/api/v1/verification/package", data=upload).json
    assert said is not None
    assert said["answer"] == "unknown"
    assert all(check["outcome"] != str(Outcome.PASS) for check in said["ticks"][0]["checks"])
