"""What strangers may try with the public questions: too much, too often, not what it says."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from portal.app import create_app
from portal.certificates.shapes import PublicCertificate
from portal.problems import NotFound
from portal.services import Services
from portal.settings import Settings
from portal.verification import certificates
from portal.verification.answering import Verification
from portal.verification.report import Answer, Area
from portal.verification.sentences import SENTENCES
from tests.portal.client import PortalClient
from tests.portal.deposits.conftest import actor_of, put, run

CONTENT = b"the certificate's own bytes"
SHA = hashlib.sha256(CONTENT).hexdigest()
LATER = datetime(2026, 11, 22, 8, tzinfo=UTC)


class Body(io.RawIOBase):
    """A body that counts how often somebody reads from it."""

    reads = 0

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> int:
        self.reads += 1
        return 0


@pytest.mark.parametrize("path", ["/verify/examine", "/api/v1/verification/package"])
def test_what_is_too_large_is_refused_unread(client: PortalClient, path: str) -> None:
    body = Body()
    answer = client.post(
        path,
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": str(5 * 1024**3)},
    )
    assert answer.status_code == 413
    # Once the answer is out, a little is read away, so that browsers get to see it.
    assert body.reads <= 1


@pytest.mark.parametrize(
    ("path", "data", "kind", "status"),
    [
        ("/verify/examine", b"{}", "application/json", 422),
        ("/verify/examine", b"evidence=x", "application/x-www-form-urlencoded", 422),
        ("/verify/examine", b"--x--", "multipart/form-data; boundary=x", 422),
        ("/verify/examine", b"x", "multipart/form-data", 422),
        ("/api/v1/verification/package", b"{}", "application/json", 415),
    ],
)
def test_wrong_content_types(
    client: PortalClient, path: str, data: bytes, kind: str, status: int
) -> None:
    assert client.post(path, data=data, content_type=kind).status_code == status


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.pdf", b""),
        ("IMG_0001.HEIC", b"\x00\x00\x00\x18ftypheic" + bytes(100)),
        ("a.docx.exe", b"MZ" + bytes(50)),
        ('\x1b[31m\u202egpj."><script>alert(1)</script>', b"text"),
    ],
)
def test_any_other_file_is_not_found_with_help(
    client: PortalClient, name: str, data: bytes
) -> None:
    client.submit("/language", {"locale": "en"}, page="/signin")
    page = client.post("/verify/examine", data={"evidence": (io.BytesIO(data), name)})
    assert page.status_code == 200
    assert "Not found." in page.text
    assert "What often helps" in page.text
    assert "HEIC becomes JPEG" in page.text
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", '"><img src=x>', "{{7*7}}", "%00"])
def test_markup_in_numbers(client: PortalClient, typed: str) -> None:
    answer = client.get("/verify", query_string={"n": typed})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "{49}" not in answer.text
    assert client.get("/verify/" + "x" * 5000).status_code == 303


def test_guessing_numbers_is_slow(client: PortalClient) -> None:
    statuses = [client.get(f"/verify?n=NE20261121-{n:08d}").status_code for n in range(245)]
    assert statuses[:240] == [200] * 240
    assert set(statuses[240:]) == {429}
    assert client.get("/api/v1/verification/numbers/NE20261121-00000000").status_code == 429
    assert client.get("/verify").status_code == 200, "the page itself stays"
    other = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/verify?n=NE20261121-00000000", environ_base=other).status_code == 200


def test_uploads_and_papers_have_limits_of_their_own(client: PortalClient) -> None:
    def send() -> int:
        upload = {"evidence": (io.BytesIO(b"x"), "x")}
        return client.post("/verify/examine", data=upload).status_code

    assert [send() for _ in range(31)][-2:] == [200, 429]
    papers = [client.get("/verify/report.pdf").status_code for _ in range(21)]
    assert papers[-2:] == [422, 429]
    assert client.get("/verify?n=NE20261121-00000000").status_code == 200


def test_short_caching_of_what_is_the_same_for_everybody(
    client: PortalClient, services: Services, user: Any
) -> None:
    deposit = put(services.deposits, actor_of(user), CONTENT)
    run(services.deposits)
    address = f"/api/v1/verification/numbers/{deposit.number}"
    first = client.get(address)
    assert first.json is not None
    assert first.json["sentence"]["en"] == "This deposit matches its record."
    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in first.headers
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    fragment = client.get(f"/verify?n={deposit.number}", headers={"X-Fragment": "1"})
    assert fragment.headers["Cache-Control"] == "public, max-age=60"
    assert "Cookie" in fragment.headers["Vary"]
    whole = client.get(f"/verify?n={deposit.number}")
    assert whole.headers["Cache-Control"] == "private, no-store"


def test_the_office_is_not_served_from_a_cache(login: Any, make_user: Any) -> None:
    auditor = login(make_user("auditor"))
    fragment = auditor.get("/verify?n=NE20261121-00000000", headers={"X-Fragment": "1"})
    assert fragment.headers["Cache-Control"] == "private, no-store"


def test_the_camera_is_allowed_here_alone(client: PortalClient) -> None:
    assert "camera=(self)" in client.get("/verify").headers["Permissions-Policy"]
    assert "camera=()" in client.get("/").headers["Permissions-Policy"]


def test_a_letter_is_known_by_its_digest(
    client: PortalClient, services: Services, user: Any
) -> None:
    deposit = put(services.deposits, actor_of(user), CONTENT)
    run(services.deposits)
    client.submit("/language", {"locale": "en"}, page="/signin")
    letter = b"".join(services.deposits.letter(actor_of(user), deposit.id).stream)
    digest = hashlib.sha256(letter).hexdigest()
    for query in (f"sha256={digest}", f"n={deposit.number}&sha256={digest}"):
        assert "The letter matches what was issued." in client.get(f"/verify?{query}").text


class Register:
    """A register with one row: a certificate, and perhaps what became of it."""

    def __init__(self, deposit_number: str, status: str) -> None:
        kinds = {"corrected": "correction", "revoked": "revocation"}
        began = LATER - timedelta(days=1)
        chain = [("2026-DEMO-000123", "certificate", began, "")]
        if status in kinds:
            chain.append(("2026-DEMO-000124", kinds[status], LATER, "姓名有误"))
        self.row = PublicCertificate(
            number="2026-DEMO-000123",
            kind="certificate",
            status=status,
            issued_at=began,
            office_zh="示例公证处",
            office_en="Example Notary Office",
            template="preservation",
            subject_number="NE20261120-7K3M9QXT",
            pdf_sha256="ab" * 32,
            deposit_number=deposit_number,
            chain=tuple(chain),
        )

    def find(self, number: str) -> PublicCertificate:
        if number != self.row.number:
            raise NotFound("certificate_not_issued", "No certificate of this number.")
        return self.row

    def find_by_digest(self, sha256: str) -> PublicCertificate | None:
        return self.row if sha256 == self.row.pdf_sha256 else None


@pytest.fixture
def own(services: Services, user: Any) -> str:
    """The number of the deposit that a certificate is."""
    deposit = put(services.deposits, actor_of(user), CONTENT)
    run(services.deposits)
    return deposit.number


@pytest.mark.parametrize(
    ("status", "answer", "sentence"),
    [
        ("in-force", "matches", "The certificate matches the register and is in force."),
        ("corrected", "differs", "…it was corrected."),
        ("revoked", "differs", "…it was revoked."),
    ],
)
def test_certificates(
    services: Services, own: str, status: str, answer: str, sentence: str
) -> None:
    verification = Verification(services.deposits, Register(own, status))
    asked = ("2026-DEMO-000123", "（2026）demo证字第123号", "ab" * 32)
    for typed in asked:
        found = verification.answer(typed)
        assert found is not None
        report = found.report
        assert str(report.answer) == answer
        said = SENTENCES[report.answer, report.sentence].en
        assert said.endswith(sentence.lstrip("…"))
        assert report.ticks[-1].area is Area.STATUS
        assert report.certificate is not None
        by = report.certificate.by
        assert (by.number if by else None) == (None if status == "in-force" else "2026-DEMO-000124")
    other = verification.answer("2026-DEMO-000999")
    assert other is not None
    assert other.report.answer is Answer.MISSING
    changed = verification.answer("2026-DEMO-000123", "00" * 32)
    assert changed is not None
    assert changed.report.answer is Answer.DIFFERS


def test_without_a_register_no_certificate_is_found(services: Services) -> None:
    found = Verification(services.deposits).answer("2026-DEMO-000123")
    assert found is not None
    assert found.report.answer is Answer.MISSING
    assert certificates.by_digest(None, "ab" * 32) is None


def test_a_revoked_certificate_is_told_as_such(
    services: Services, settings: Settings, own: str
) -> None:
    """On the page and in the report, with what revoked it; its reason cannot become markup."""
    register = Register(own, "revoked")
    chain = (*register.row.chain[:1], ("2026-DEMO-000124", "revocation", LATER, "<b>因&</b>"))
    register.row = dataclasses.replace(register.row, chain=chain)

    app: Flask = create_app(settings, _with_register(services, register))
    app.test_client_class = PortalClient
    stranger = app.test_client()
    stranger.submit("/language", {"locale": "en"}, page="/signin")  # type: ignore[attr-defined]
    page = stranger.get("/verify?n=2026-DEMO-000123").text
    assert "Revoked by No. 2026-DEMO-000124" in page
    assert "&lt;b&gt;因&amp;&lt;/b&gt;" in page
    assert "张伟" not in page
    report = stranger.get("/verify/report.pdf?n=2026-DEMO-000123")
    assert report.status_code == 200
    refused = stranger.get("/verify/fre-902.pdf?n=2026-DEMO-000123")
    assert refused.status_code == 409


def _with_register(services: Services, register: Register) -> Services:
    made = dataclasses.replace(services)
    object.__setattr__(made, "certificates", register)
    return made
