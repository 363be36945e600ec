"""What a stranger may ask, and is told."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from portal.deposits.models import Deposit
from portal.services import Services
from portal.settings import Settings
from tests.functional.conftest import Advance, Page
from tests.functional.test_deposit_pages import text_of
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings

CONTENT = b"what was deposited"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def stranger(client: PortalClient) -> PortalClient:
    """Reads English; the switch is public."""
    client.submit("/language", {"locale": "en"}, page="/signin")
    return client


@pytest.fixture
def row(page: Page, advance: Advance, services: Services) -> Deposit:
    """A deposit with its letter."""
    page.deposit(CONTENT, "个人文件.txt", title="张三的秘密")
    advance()
    with services.database.reading() as session:
        return session.scalars(select(Deposit)).one()


def answer(stranger: PortalClient, query: str, status: int = 200) -> str:
    reply = stranger.get(f"/verify?{query}")
    assert reply.status_code == status
    return text_of(reply.text)


def test_digest_number_and_code(stranger: PortalClient, row: Deposit) -> None:
    assert "The file matches." in answer(stranger, f"sha256={DIGEST}")
    assert "The file matches." in answer(stranger, f"n={DIGEST.upper()}")
    assert "This deposit matches its record." in answer(stranger, f"n={row.number}")
    assert "This deposit matches its record." in answer(stranger, f"n={row.code.lower()}")
    assert "The file matches." in answer(stranger, f"n={row.number}&sha256={DIGEST}")
    other = hashlib.sha256(b"another").hexdigest()
    assert "The file does not match." in answer(stranger, f"n={row.number}&sha256={other}")
    assert "Not found." in answer(stranger, f"sha256={other}")
    assert "Not found." in answer(stranger, "n=NE20200101-ZZZZZZZZ")


def test_no_names_are_told(stranger: PortalClient, row: Deposit) -> None:
    shown = stranger.get(f"/verify?n={row.number}").text
    for private in ("个人文件", "张三", row.owner_id, "张伟"):
        assert private not in shown


def test_nonsense_is_told_as_such(stranger: PortalClient) -> None:
    shown = answer(stranger, "n=nonsense!", 422)
    assert "neither a letter number, nor a short code, nor a SHA-256" in shown
    assert "A SHA-256 has 64 characters" in answer(stranger, "sha256=zz", 422)
    assert "A SHA-256 has 64 characters" in answer(stranger, f"n={'z' * 64}", 422)


def test_fragment_for_the_script(stranger: PortalClient, row: Deposit) -> None:
    reply = stranger.get(f"/verify?sha256={DIGEST}", headers={"X-Fragment": "1"})
    assert reply.headers["X-Fragment"] == "1"
    assert "<html" not in reply.text
    assert "verdict-matches" in reply.text


def test_short_links_lead_to_the_answer(stranger: PortalClient, row: Deposit) -> None:
    for path in (f"/v/{row.number}", f"/verify/{row.number}"):
        reply = stranger.get(path)
        assert reply.status_code == 303
        assert reply.location == f"/verify?n={row.number}"


def test_later_deposits_of_the_same_file(
    stranger: PortalClient, row: Deposit, page: Page, advance: Advance
) -> None:
    page.deposit(CONTENT)
    advance()
    shown = answer(stranger, f"sha256={DIGEST}")
    assert "The same digest was deposited again, later:" in shown
    assert len(set(re.findall(r"NE\d{8}-\w{8}", shown))) >= 2


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("column", "spoil", "where"),
    [
        ("token", lambda row: flipped(row.token, len(row.token) - 5), "Time does not hold"),
        ("entry", lambda row: flipped(row.entry, 30), "Signer does not hold"),
        ("entry", lambda row: row.entry[:-1], "Ledger does not hold"),
        ("proof", lambda row: row.proof.replace("index 0", "index 1"), "Ledger does not hold"),
        ("sha256", lambda row: hashlib.sha256(b"swapped").hexdigest(), "Time does not hold"),
    ],
)
def test_records_are_not_believed(
    stranger: PortalClient,
    row: Deposit,
    services: Services,
    column: str,
    spoil: Callable[[Deposit], object],
    where: str,
) -> None:
    """Whoever changes our database changes the answer, not the truth."""
    with services.database.transaction() as session:
        session.execute(update(Deposit).values({column: spoil(row)}))
    shown = answer(stranger, f"n={row.number}")
    assert "This deposit does not match its record." in shown
    assert where in shown


@pytest.fixture
def settings(make_settings: MakeSettings, request: pytest.FixtureRequest) -> Settings:
    limit = getattr(request, "param", None)
    return make_settings(**({"max_upload_bytes": limit} if limit else {}))


@pytest.mark.parametrize("number", ["http://[/verify/NE1", "https://a]b/v/x", "//[", "/verify/"])
def test_what_is_no_address_is_no_fault(stranger: PortalClient, number: str) -> None:
    answer = stranger.get("/verify", query_string={"n": number})
    assert answer.status_code in (200, 404, 422), answer.status_code


@pytest.mark.parametrize("path", ["/verify/examine", "/api/v1/verification/package"])
@pytest.mark.parametrize("settings", [60_000], indirect=True)
def test_what_unpacks_to_more_is_not_examined_here(stranger: PortalClient, path: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("files/a", bytes(range(256)) * 400)
    assert len(packed.getvalue()) < 2_000
    reply = stranger.post(path, data={"evidence": (io.BytesIO(packed.getvalue()), "a.zip")})
    assert reply.status_code == 413


@pytest.mark.parametrize("settings", [1000], indirect=True)
def test_too_large_to_be_examined_here(stranger: PortalClient, settings: Settings) -> None:
    assert "At most 1000 bytes." in stranger.get("/verify").text
    data = {"evidence": (io.BytesIO(b"x" * 70_000), "a.zip")}
    reply = stranger.post("/verify/examine", data=data)
    assert reply.status_code == 413
    assert "larger than 1000 bytes" in reply.text
    assert "python -m portal.verification" in reply.text


class TestExamine:
    def send(self, stranger: PortalClient, data: bytes, name: str = "a.zip") -> tuple[int, str]:
        reply = stranger.post("/verify/examine", data={"evidence": (io.BytesIO(data), name)})
        return reply.status_code, text_of(reply.text)

    def test_letter_and_package(self, stranger: PortalClient, row: Deposit, page: Page) -> None:
        address = f"/deposits/{row.id}"
        package = page.browser.get(f"{address}/package").data
        whole = page.browser.get(f"{address}/package?original=1").data
        letter = page.browser.get(f"{address}/letter").data
        assert "The proof package matches what was issued." in self.send(stranger, package)[1]
        assert "File not compared" in self.send(stranger, package)[1]
        assert "File holds" in self.send(stranger, whole)[1]
        assert "The letter matches what was issued." in self.send(stranger, letter, "l.pdf")[1]
        changed = package.replace(b'"status":"final"', b'"status":"FINAL"')
        assert changed != package
        assert "does not match" in self.send(stranger, changed)[1]

    def test_another_offices_letter_is_not_ours(
        self, stranger: PortalClient, row: Deposit, services: Services
    ) -> None:
        from portal.verification.report import Answer
        from portal.verification.service import judge_record
        from timestamping.package_trust import PackageTrust

        evidence = services.deposits.find_evidence(row.number)
        ours = services.deposits.trust()
        stripped = PackageTrust(ours.certificates, type(ours.ledger)(), ours.seal)
        assert judge_record(evidence, ours).answer is Answer.MATCHES
        assert judge_record(evidence, stripped).answer is not Answer.MATCHES

    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"%PDF-1.7 nothing", b"just text"])
    def test_what_is_no_evidence(self, stranger: PortalClient, data: bytes) -> None:
        status, shown = self.send(stranger, data)
        assert status == 200
        assert "is genuine" not in shown

    def test_nothing_sent(self, stranger: PortalClient) -> None:
        reply = stranger.post("/verify/examine", data={})
        assert reply.status_code == 422
        assert "Choose a letter or a proof package first." in reply.text
