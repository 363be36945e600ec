"""Cases, their panel, and imports, as people use the pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from pypdf import PdfReader

from portal.accounts.models import User
from portal.services import Services
from tests.functional.conftest import Advance, Page
from tests.functional.test_deposit_pages import text_of
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("https://evil.example")'


def make_case(browser: PortalClient, title: str = "甲公司诉乙公司", **fields: str) -> str:
    answer = browser.submit("/cases/new", {"title": title, **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def identity(address: str) -> str:
    return address.rpartition("/")[2]


def upload(browser: PortalClient, data: bytes, name: str = "list.csv") -> str:
    answer = browser.submit("/imports", {"file": (io.BytesIO(data), name)})
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.location)


@pytest.fixture
def other(make_user: MakeUser, login: Callable[[User], PortalClient]) -> PortalClient:
    browser = login(make_user(name="李四"))
    browser.submit("/language", {"locale": "en"}, page="/deposits/new")
    return browser


def test_an_empty_list_says_what_to_do(depositor: PortalClient) -> None:
    page = text_of(depositor.get("/cases").text)
    assert "No case yet" in page
    assert "New case" in page


def test_a_case_from_its_making_to_its_closing(depositor: PortalClient) -> None:
    address = make_case(depositor, reference="A-1", note="两行\n备注")
    page = depositor.get(address).text
    assert "甲公司诉乙公司" in page
    assert "No deposit in this case yet" in page
    edited = depositor.submit(f"{address}/edit", {"title": "改名", "reference": "A-2", "note": ""})
    assert edited.location == address
    noted = depositor.submit(f"{address}/notes", {"text": "第一次通话"}, page=address)
    assert noted.status_code == 303
    depositor.submit(f"{address}/close", page=address)
    page = depositor.get(address).text
    assert "第一次通话" in page
    assert "Reopen the case" in page
    assert f"{address}/edit" not in page
    refused = depositor.submit(f"{address}/notes", {"text": "x"}, page=address)
    assert refused.status_code == 409
    depositor.submit(f"{address}/reopen", page=address)
    assert f"{address}/edit" in depositor.get(address).text
    assert "改名" in depositor.get("/cases?text=A-2").text
    assert "Nothing fits" in depositor.get("/cases?text=nothing&state=closed").text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": " ", "note": "kept"}, "This must not stay empty."),
        ({"title": "x" * 201, "note": "kept"}, "At most 200 characters."),
        ({"title": "a\x00b", "note": "kept"}, "holds a NUL character"),
    ],
)
def test_a_refused_form_says_why_and_keeps_the_text(
    depositor: PortalClient, fields: dict[str, str], sentence: str
) -> None:
    answer = depositor.submit("/cases/new", fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "kept" in answer.text


def test_an_empty_note_is_refused_on_the_page(depositor: PortalClient) -> None:
    address = make_case(depositor)
    answer = depositor.submit(f"{address}/notes", {"text": "  "}, page=address)
    assert answer.status_code == 422
    assert "This must not stay empty." in answer.text


def test_the_panel_puts_a_deposit_into_a_case_and_tags_it(
    depositor: PortalClient, page: Page
) -> None:
    case = make_case(depositor)
    item = page.deposit(title="供货合同")
    fields = {"case": identity(case), "tags": "合同, Urgent，urgent"}
    answer = depositor.submit(f"{item.replace('http://localhost', '')}/filing", fields, page=case)
    assert answer.status_code == 303
    assert "供货合同" in depositor.get(case).text
    headers = {"HX-Request": "true", "X-CSRFToken": depositor.token(case)}
    panel = depositor.post(f"{item}/filing", data={"case": "", "tags": "合同"}, headers=headers)
    assert panel.status_code == 200
    assert "In no case." in panel.text
    assert "<html" not in panel.text
    assert "供货合同" not in re.sub(
        r"(?s)<section class=\"card\" id=\"timeline\".*", "", depositor.get(case).text
    )
    many = ",".join(str(number) for number in range(21))
    refused = depositor.post(f"{item}/filing", data={"case": "", "tags": many}, headers=headers)
    assert "A deposit has at most 20 tags." in refused.text
    assert many in refused.text


def test_many_at_once_from_a_list(depositor: PortalClient, page: Page) -> None:
    case = make_case(depositor)
    ids = [identity(page.deposit()) for _ in range(3)]
    form = {"deposit": ids, "case": identity(case), "tags": "a, b", "next": case}
    answer = depositor.submit("/cases/assign", form, page=case)
    assert answer.location == case
    shown = depositor.get(case).text
    assert "Done for 3 deposits." in shown
    assert all(each in shown for each in ids)
    out = {"deposit": ids[:2], "case": "none", "next": "https://evil.example/"}
    answer = depositor.submit("/cases/assign", out, page=case)
    assert answer.location == "/deposits"
    depositor.get("/deposits")
    assert "deposits taken out: 2" in depositor.get(case).text
    depositor.submit("/cases/assign", {"case": "none", "next": case}, page=case)
    assert "Choose deposits first." in depositor.get(case).text
    depositor.submit("/cases/assign", {"deposit": ids, "next": case}, page=case)
    assert "Choose a case or enter a tag first." in depositor.get(case).text


def test_ids_of_others_are_not_found(
    depositor: PortalClient, other: PortalClient, page: Page
) -> None:
    case, item = make_case(depositor), page.deposit()
    theirs = make_case(other, "别人的案件")
    imported = upload(depositor, b"sha256\n" + b"a" * 64)
    for address in (case, f"{case}/edit", f"{case}/timeline.pdf", f"{case}/timeline.csv"):
        assert other.get(address).status_code == 404, address
    for address in (imported, f"{imported}/result.csv"):
        assert other.get(address).status_code == 404, address
    for address in (f"{case}/edit", f"{case}/close", f"{case}/reopen", f"{case}/notes"):
        answer = other.submit(address, {"title": "mine", "text": "x"}, page=theirs)
        assert answer.status_code == 404, address
    for address in (f"{imported}/confirm", f"{imported}/discard", f"{item}/filing"):
        assert other.submit(address, page=theirs).status_code == 404, address
    form = {"deposit": identity(item), "case": identity(theirs), "tags": "taken", "next": theirs}
    other.submit("/cases/assign", form, page=theirs)
    assert "There is no such deposit." in other.get(theirs).text
    depositor.submit("/cases/assign", form | {"next": case}, page=case)
    assert "There is no such case." in depositor.get(case).text
    assert identity(item) not in depositor.get(case).text


def test_the_timeline_is_drawn_filtered_and_exported(
    depositor: PortalClient, page: Page, advance: Advance, services: Services
) -> None:
    case, item = make_case(depositor, reference="A-1"), page.deposit(title="供货合同")
    advance()
    form = {"deposit": identity(item), "case": identity(case), "next": case}
    depositor.submit("/cases/assign", form, page=case)
    assert depositor.get(f"{item}/letter").status_code == 200
    shown = depositor.get(case).text
    assert 'role="img" aria-labelledby="timeline-name timeline-desc"' in shown
    assert "Reception 1, Proof 3, Taken away 1, Order in the case 2" in shown
    for words in ("letter issued", "handed out: letter", "time in the token", "UTC+08:00"):
        assert words in shown, words
    taken = depositor.get(f"{case}?kind=taken").text
    assert "handed out: letter" in taken
    assert "letter issued" not in taken
    assert "Nothing fits" in depositor.get(f"{case}?since=2000-01-01&until=2000-01-02").text
    assert "A date is written as" in depositor.get(f"{case}?since=yesterday").text
    assert depositor.get(f"{case}/timeline.csv?since=yesterday").status_code == 422
    assert depositor.head(f"{case}/timeline.pdf").status_code == 200
    rows = _csv(depositor.get(f"{case}/timeline.csv").data)
    assert [row["Code"] for row in rows].count("deposit.exported") == 1
    assert rows[0]["What"] == "case made"
    assert {row["Who"] for row in rows} == {"张伟", "the portal itself"}
    pdf = depositor.get(f"{case}/timeline.pdf")
    assert pdf.headers["Content-Disposition"] == "attachment; filename=A-1.pdf"
    text = "".join(each.extract_text() for each in PdfReader(io.BytesIO(pdf.data)).pages)
    assert "供货合同" in text
    assert "出具存证函" in text
    assert "letter issued" in text
    exports = [row["What"] for row in _csv(depositor.get(f"{case}/timeline.csv").data)]
    assert exports[-2:] == ["timeline exported: CSV", "timeline exported: PDF"]


def test_script_is_text_everywhere_and_formulas_never_run(
    depositor: PortalClient, page: Page
) -> None:
    case = make_case(depositor, SCRIPT, reference=FORMULA, note=SCRIPT)
    item = page.deposit(title=SCRIPT, name=f"{SCRIPT}.txt")
    form = {"deposit": identity(item), "case": identity(case), "tags": f"{SCRIPT}", "next": case}
    depositor.submit("/cases/assign", form, page=case)
    depositor.submit(f"{case}/notes", {"text": f"{FORMULA}\n{SCRIPT}"}, page=case)
    data = f'sha256,title,note,tag\n{SCRIPT},x,,\n{"a" * 64},{SCRIPT},"+1",{SCRIPT}\n'
    imported = upload(depositor, data.encode(), f"{SCRIPT}.csv")
    headers = {"HX-Request": "true", "X-CSRFToken": depositor.token(case)}
    panel = depositor.post(
        f"{item}/filing", data={"case": identity(case), "tags": SCRIPT}, headers=headers
    )
    shown = [
        depositor.get(each).text for each in (case, f"{case}/edit", "/cases", imported, "/imports")
    ]
    for text in (*shown, panel.text):
        assert SCRIPT not in text
        assert "&lt;script&gt;" in text
    depositor.submit(f"{imported}/confirm", page=imported)
    for address in (f"{case}/timeline.csv", f"{imported}/result.csv"):
        answer = depositor.get(address)
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        cells = [cell for row in _csv(answer.data) for cell in row.values()]
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells), cells
    assert depositor.get(f"{case}/timeline.pdf").status_code == 200


def test_an_import_from_the_file_to_the_result(depositor: PortalClient) -> None:
    case = make_case(depositor)
    data = f"摘要,标题\n{1:064x},第一批\n短,第二批\n{1:064x},重复\n".encode("gbk")
    address = upload(depositor, data, "交付单.csv")
    preview = text_of(depositor.get(address).text)
    assert "Nothing is deposited yet." in preview
    assert "The same digest stands in line 2." in preview
    assert "GB18030 · comma" in preview
    assert "第一批" in depositor.get(f"{address}?status=ready").text
    assert "第二批" not in depositor.get(f"{address}?status=ready").text
    for _ in range(2):
        done = depositor.submit(f"{address}/confirm", {"case": identity(case)}, page=case)
        assert done.status_code == 303
    (ready,) = [
        row for row in _csv(depositor.get(f"{address}/result.csv").data) if row["Letter number"]
    ]
    assert (ready["Line"], ready["code"], ready["sha256"]) == ("2", "deposited", f"{1:064x}")
    assert ready["Letter number"] in depositor.get(address).text
    assert "第一批" in depositor.get(case).text
    again = text_of(depositor.get(upload(depositor, data, "交付单.csv")).text)
    assert "Every digest in this file was deposited before." in again


def test_a_preview_is_forgotten(depositor: PortalClient) -> None:
    address = upload(depositor, b"a" * 64)
    answer = depositor.submit(f"{address}/discard", page=address)
    assert answer.location == "/imports"
    assert depositor.get(address).status_code == 404


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (b"", 422, "The file is empty."),
        (b"title\nx\n", 422, "no column named sha256"),
        (b"PK\x03\x04\x00\x00", 422, "not a text file"),
        (
            "\n".join(f"{number:064x}" for number in range(10_001)).encode(),
            413,
            "at most 10000 rows",
        ),
        (b"x" * (4 * 1024 * 1024 + 1), 413, "larger than the limit"),
    ],
)
def test_refused_files_say_why(
    depositor: PortalClient, data: bytes, status: int, sentence: str
) -> None:
    answer = depositor.submit("/imports", {"file": (io.BytesIO(data), "a.csv")})
    assert answer.status_code == status
    assert sentence in answer.text
    assert "Look at it first" in answer.text


def test_no_file_is_a_sentence_too(depositor: PortalClient) -> None:
    answer = depositor.submit("/imports", {})
    assert answer.status_code == 422
    assert "Choose a file first." in answer.text


class Endless(io.RawIOBase):
    """A gigabyte that nobody keeps; counts what was read of it."""

    taken = 0

    def __init__(self, head: bytes) -> None:
        self._head = io.BytesIO(head)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        block = self._head.read(len(buffer)) or b"x" * len(buffer)
        buffer[: len(block)] = block
        Endless.taken += len(block)
        return len(block)


def test_a_gigabyte_in_one_field_is_not_read(depositor: PortalClient) -> None:
    token = depositor.token("/imports")
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nsha256\n"'
    answer = depositor.post(
        "/imports",
        environ_overrides={"wsgi.input": Endless(head), "CONTENT_LENGTH": str(1024**3)},
        headers={"X-CSRFToken": token},
        content_type="multipart/form-data; boundary=b",
    )
    assert answer.status_code == 413
    assert Endless.taken < 80 * 1024 * 1024  # what is read away so that the refusal is read


def test_the_template_is_itself_a_good_file(depositor: PortalClient) -> None:
    template = depositor.get("/imports/template.csv").data
    assert "ready" in text_of(depositor.get(upload(depositor, template)).text)


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=99999999999999999999", "status=x"])
def test_odd_questions_about_rows(depositor: PortalClient, query: str) -> None:
    assert depositor.get(f"{upload(depositor, b'a' * 64)}?{query}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=x",
        "after=99999999999999999999",
        "kind=x",
        "thing=x%27",
        "since=0001-01-01",
    ],
)
def test_odd_questions_about_events(depositor: PortalClient, query: str) -> None:
    assert depositor.get(f"{make_case(depositor)}?{query}").status_code == 200


def _csv(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
