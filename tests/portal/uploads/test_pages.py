"""Reviewing, removing, discarding and confirming by plain forms; folders afterwards."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable

import pytest

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.cases.service import CaseFields
from portal.services import Services
from portal.storage.files import FileVault
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.uploads.test_tus import Tus

EVIL = "案卷/<img src=x onerror=alert(1)>\u202etxt.html"


@pytest.fixture
def tus(login: Callable[[User], PortalClient], user: User) -> Tus:
    browser = login(user)
    browser.submit("/language", {"locale": "en"}, page="/deposits/new")
    return Tus(browser)


@pytest.fixture
def draft(tus: Tus) -> str:
    """The review page of a draft with two files."""
    for path, content in (
        ("案卷/a.svg", b"<svg onload='alert(1)'/>"),
        (EVIL, b"<script>1</script>"),
    ):
        sha256 = hashlib.sha256(content).hexdigest()
        assert tus.create(content, content, path=path, sha256=sha256).status_code == 201
    return f"/uploads/drafts/{tus.draft}"


def test_the_review_shows_what_is_going_to_be_deposited(tus: Tus, draft: str) -> None:
    page = tus.client.get(draft).text
    assert "Nothing is deposited yet." in page
    assert "Files: 2" in page
    assert hashlib.sha256(b"<script>1</script>").hexdigest() in page
    assert "browser and portal agree" in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert r"\u202e" in page


def test_the_new_page_tells_of_what_waits_and_of_the_limits(tus: Tus, draft: str) -> None:
    page = tus.client.get("/deposits/new").text
    assert "An upload waits to be confirmed." in page
    assert draft in page
    assert "up to 5000 files and 20 GiB at a time" in page
    assert f'data-draft="{tus.draft}"' in page


def test_one_file_is_removed(tus: Tus, draft: str) -> None:
    upload = re.search(r'name="upload" value="([^"]+)"', tus.client.get(draft).text)
    assert upload is not None
    answer = tus.client.submit(f"{draft}/remove", {"upload": upload[1], "page": "1"}, page=draft)
    assert answer.status_code == 303
    assert "Files: 1" in tus.client.get(draft).text
    upload = re.search(r'name="upload" value="([^"]+)"', tus.client.get(draft).text)
    assert upload is not None
    gone = tus.client.submit(f"{draft}/remove", {"upload": upload[1]}, page=draft)
    assert gone.location == "/deposits/new"
    assert tus.client.get(draft).status_code == 404


def test_discarding_leaves_nothing(tus: Tus, draft: str, services: Services) -> None:
    vault = services.vault
    assert isinstance(vault, FileVault)
    answer = tus.client.submit(f"{draft}/discard", {}, page=draft)
    assert answer.status_code == 303
    assert "Nothing was deposited" in tus.client.get("/deposits/new").text
    assert not [*vault.objects.glob("*/*"), *vault.staging.iterdir()]
    assert tus.client.get(draft).status_code == 404
    assert "Nothing deposited yet" in tus.client.get("/deposits").text


def test_confirming_each_by_itself_says_how_many(tus: Tus, draft: str) -> None:
    answer = tus.client.submit(draft, {"grouping": "each", "title": "T", "note": ""}, page=draft)
    assert (answer.status_code, answer.location) == (303, "/deposits")
    assert "Deposits made: 2." in tus.client.get("/deposits").text


def test_case_and_tags_are_given_along(
    tus: Tus, draft: str, services: Services, user: User
) -> None:
    actor = Actor(user.id, user.name, user.role_names)
    case = services.cases.create(actor, CaseFields("Müller ./. Schmidt"))
    form = {"grouping": "list", "case": case.id, "tags": "urgent, 合同"}
    long = tus.client.submit(draft, form | {"tags": "x" * 50}, page=draft)
    assert long.status_code == 422
    assert "x" * 50 in long.text
    item = tus.client.submit(draft, form, page=draft).location
    assert item is not None
    deposit = services.deposits.get(actor, item.rpartition("/")[2])
    labels = services.cases.filing.labels(actor, deposit)
    assert labels is not None
    assert labels.case is not None
    assert labels.case.id == case.id
    assert set(labels.tags) == {"urgent", "合同"}


def test_a_refused_confirmation_keeps_what_was_typed(tus: Tus, draft: str) -> None:
    tus.create(b"abc", b"a", path="late")
    form = {"grouping": "each", "title": "as typed", "note": "this too"}
    answer = tus.client.submit(draft, form, page=draft)
    assert answer.status_code == 422
    assert "The file late has not come completely" in answer.text
    assert 'value="as typed"' in answer.text
    assert "this too</textarea>" in answer.text
    assert "1 bytes of 3 bytes received" in answer.text


def test_nothing_without_our_token(tus: Tus, draft: str) -> None:
    for path in ("", "/remove", "/discard"):
        assert tus.client.post(f"{draft}{path}", data={"grouping": "each"}).status_code == 400
    assert tus.client.get(draft).status_code == 200


def test_somebody_elses_draft_is_not_found(
    draft: str, login: Callable[[User], PortalClient], make_user: MakeUser
) -> None:
    other = login(make_user(name="李四"))
    token = other.token("/account/password")
    for path in ("", "/remove"):
        answer = other.post(f"{draft}{path}", data={"csrf_token": token, "grouping": "each"})
        assert answer.status_code == 404
    assert other.get(draft).status_code == 404
    assert "An upload waits" not in other.get("/deposits/new").text


class TestFolder:
    @pytest.fixture
    def item(self, tus: Tus, draft: str, services: Services) -> str:
        form = {"grouping": "list", "title": "", "note": ""}
        answer = tus.client.submit(draft, form, page=draft)
        assert answer.status_code == 303
        while services.deposits.advance():
            pass
        return str(answer.location)

    def test_nothing_of_a_stranger_runs_as_ours(self, tus: Tus, item: str) -> None:
        for position, content in enumerate((b"<script>1</script>", b"<svg onload='alert(1)'/>")):
            answer = tus.client.get(f"{item}/files/{position}")
            assert answer.data == content
            assert answer.mimetype == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        listed = tus.client.get(f"{item}/files.json")
        assert listed.headers["Content-Disposition"].startswith("attachment")
        whole = tus.client.get(f"{item}/original")
        assert whole.headers["Content-Disposition"].startswith("attachment")
        names = zipfile.ZipFile(io.BytesIO(whole.data)).namelist()
        assert all(name.startswith("案卷/") and "\u202e" not in name for name in names)
        assert tus.client.get(f"{item}/files/2").status_code == 404
        page = tus.client.get(item).text
        assert "<img src=x" not in page
        assert "\u202e" not in page

    def test_letter_and_package_carry_the_list(self, tus: Tus, item: str) -> None:
        listed = tus.client.get(f"{item}/files.json").data
        package = tus.client.get(f"{item}/package?original=1").data
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            assert archive.read("files.json") == listed
            assert archive.read("files/案卷/a.svg") == b"<svg onload='alert(1)'/>"
        without = tus.client.get(f"{item}/package").data
        with zipfile.ZipFile(io.BytesIO(without)) as archive:
            assert not any(name.startswith("files/") for name in archive.namelist())

    def test_other_people_find_none_of_it(
        self, item: str, login: Callable[[User], PortalClient], make_user: MakeUser
    ) -> None:
        other = login(make_user(name="李四"))
        for path in ("/files/0", "/files.json", "/original", "/package?original=1"):
            assert other.get(item + path).status_code == 404


def test_a_zip_that_is_uploaded_is_never_unpacked(tus: Tus, services: Services) -> None:
    """Ten megabytes of zeros in a few kilobytes: they are stored as they came, and that is all."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10_000_000))
    bomb = out.getvalue()
    sha256 = hashlib.sha256(bomb).hexdigest()
    tus.create(bomb, bomb, path="bomb.zip", sha256=sha256)
    draft = f"/uploads/drafts/{tus.draft}"
    item = tus.client.submit(draft, {"grouping": "each"}, page=draft).location
    while services.deposits.advance():
        pass
    vault = services.vault
    assert isinstance(vault, FileVault)
    assert sum(path.stat().st_size for path in vault.objects.glob("*/*")) < 1_000_000
    assert tus.client.get(f"{item}/original").data == bomb
