"""What anybody may see of a draw that was announced."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable

import pytest

from lottery.entries import lookup_of
from portal.accounts.models import User
from portal.draws.models import Draw
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.draws.hall import Performance, number, perform, show

Put = Callable[..., Performance]
PAGES = ("", "record", "check", "live", "screen", "results", "verify")


@pytest.fixture
def put(services: Services, user: User) -> Put:
    """A draw as far as the test has it go."""

    def make(**options: object) -> Performance:
        one = perform(services.settings.path("draws"), **options)  # type: ignore[arg-type]
        show(services, user, one)
        return one

    return make


@pytest.fixture
def drawn(put: Put, services: Services, user: User) -> Performance:
    """One that has its winners."""
    one = put()
    one.draw.prepare().reveal().finish()
    show(services, user, one)
    return one


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_answers_without_signing_in(
    drawn: Performance, client: PortalClient, language: str
) -> None:
    for page in PAGES:
        answer = client.get(f"/draws/{drawn.id}/{page}", headers={"Accept-Language": language})
        assert answer.status_code == 200, page
        title = "江岸新苑" if language == "zh" else "New Court"
        assert title in answer.text


def test_before_anything_was_drawn_the_pages_answer(put: Put, client: PortalClient) -> None:
    one = put()
    for page in PAGES:
        assert client.get(f"/draws/{one.id}/{page}").status_code == 200, page
    for page in ("results/1/1", "results/1/1/1.json", "results/1/1.csv", "results/1/1/at/1"):
        assert client.get(f"/draws/{one.id}/{page}").status_code == 404, page


def test_a_draft_is_not_there(drawn: Performance, client: PortalClient, services: Services) -> None:
    with services.database.transaction() as session:
        row = session.get(Draw, drawn.id)
        assert row is not None
        row.state = "frozen"
    for page in (
        *PAGES,
        "live.json",
        "transcript.json",
        "steps/0.json",
        "leaves.bin",
        "results/1/1",
    ):
        assert client.get(f"/draws/{drawn.id}/{page}").status_code == 404, page
    answer = client.post(
        f"/draws/{drawn.id}/check/find", json={"lookup": "0" * 64}, headers=csrf(client)
    )
    assert answer.status_code == 404
    assert client.get(f"/draws/{uuid.uuid4()}/").status_code == 404


def test_what_is_taken_away_is_the_record(drawn: Performance, client: PortalClient) -> None:
    here = f"/draws/{drawn.id}"
    transcript = client.get(f"{here}/transcript.json")
    assert transcript.data == drawn.draw.transcript()
    assert "Set-Cookie" not in transcript.headers
    again = client.get(
        f"{here}/transcript.json", headers={"If-None-Match": transcript.headers["ETag"]}
    )
    assert again.status_code == 304
    assert client.get(f"{here}/steps/3.json").data == drawn.draw.steps[3]
    assert client.get(f"{here}/steps/999.json").status_code == 404
    leaves = client.get(f"{here}/leaves.bin").data
    assert len(leaves) == 32 * drawn.folder.count
    assert b"def main" in client.get(f"{here}/verifier.py").data


def test_pages_of_winners_go_on_to_the_last_alternate(
    put: Put, services: Services, user: User, client: PortalClient
) -> None:
    one = put(entries=1500, winners=1100, alternates=30)
    one.draw.prepare().reveal().finish()
    show(services, user, one)
    here = f"/draws/{one.id}/results/1/2"
    first, second = (client.get(f"{here}/{n}.json").json for n in (1, 2))
    assert (first["pages"], first["total"], first["winner_count"]) == (2, 1130, 1100)
    rows = first["rows"] + second["rows"]
    assert [row[0] for row in rows] == list(range(1, 1131))
    assert [row[2] for row in rows] == [0] * 1100 + [1] * 30
    body = json.loads(one.draw.steps[-2])["body"]
    assert [row[1] for row in rows] == body["winners"] + body["alternates"]
    for page, number_of_rows in ((1, 100), (12, 30)):
        text = client.get(f"{here}?page={page}").text
        assert text.count("/at/") - 1 == number_of_rows  # the script's own address is one more
    for nowhere in ("?page=13", "/3.json", "/0.json", "/at/1131", "/at/0"):
        assert client.get(here + nowhere).status_code == 404, nowhere
    assert client.get(f"/draws/{one.id}/results/2/2").status_code == 404


def test_the_table_is_whole_and_no_spreadsheet_runs_it(
    services: Services, user: User, client: PortalClient
) -> None:
    one = perform(services.settings.path("draws"), name_of=lambda place: f"=cmd|{place}")
    one.draw.prepare().reveal().finish()
    show(services, user, one)
    answer = client.get(f"/draws/{one.id}/results/1/1.csv", headers={"Accept-Language": "en"})
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    heading, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert heading == ["Rank", "Kind", "Position in the list", "Pool", "Weight", "登记号", "姓名"]
    assert [row[1] for row in rows] == ["Winner"] * 25 + ["Alternate"] * 10
    assert all(row[6].startswith("'=cmd|") for row in rows)


def test_a_winner_is_shown_with_the_proof(drawn: Performance, client: PortalClient) -> None:
    here = f"/draws/{drawn.id}"
    rank, position, *_ = client.get(f"{here}/results/1/1/1.json").json["rows"][2]
    page = client.get(f"{here}/results/1/1/at/{rank}")
    receipt = client.get(f"{here}/receipt/{position}.json").json
    assert receipt == drawn.folder.receipt(position)
    assert all(node in page.text for node in receipt["path"])


def test_only_drawn_entries_are_opened_to_everybody(
    drawn: Performance, client: PortalClient
) -> None:
    here, drawn_ones = f"/draws/{drawn.id}", set()
    for stage in (1, 2):
        rows = client.get(f"{here}/results/1/{stage}/1.json").json["rows"]
        drawn_ones |= {row[1] for row in rows}
    other = next(place for place in range(500) if place not in drawn_ones)
    assert client.get(f"{here}/receipt/{other}.json").status_code == 404
    assert client.get(f"{here}/receipt/99999.json").status_code == 404


def test_a_number_is_found_by_its_digest(drawn: Performance, client: PortalClient) -> None:
    address, headers = f"/draws/{drawn.id}/check/find", csrf(client)
    found = client.post(
        address, json={"lookup": lookup_of(drawn.id, "ID00000007").hex()}, headers=headers
    )
    assert found.json["receipt"]["fields"][2] == number(7)
    stranger = {"lookup": lookup_of(drawn.id, "ID99999999").hex()}
    missing = client.post(address, json=stranger, headers=headers)
    assert (missing.status_code, missing.json) == (404, {"receipt": None})
    for wrong in ({}, {"lookup": "x"}, {"lookup": 5}, [], {"lookup": "A" * 64}):
        assert client.post(address, json=wrong, headers=headers).status_code == 422, wrong
    assert client.post(address, json=stranger).status_code == 400  # without the page's token


def test_a_drawn_number_is_told_where_it_was_drawn(
    drawn: Performance, client: PortalClient
) -> None:
    row = client.get(f"/draws/{drawn.id}/results/1/1/1.json").json["rows"][27]
    place = int(row[5].removeprefix("JC2026"))
    lookup = lookup_of(drawn.id, f"ID{place:08d}").hex()
    address = f"/draws/{drawn.id}/check/find"
    won = client.post(address, json={"lookup": lookup}, headers=csrf(client)).json["won"][-1]
    assert (won["attempt"], won["stage"], won["rank"], won["alternate"]) == (1, 1, 28, True)


def test_guessing_numbers_is_slowed(drawn: Performance, client: PortalClient) -> None:
    headers = csrf(client)
    answers = [
        client.post(
            f"/draws/{drawn.id}/check/find",
            json={"lookup": lookup_of(drawn.id, f"guess{place}").hex()},
            headers=headers,
        ).status_code
        for place in range(62)
    ]
    assert answers[:60] == [404] * 60
    assert answers[60:] == [429, 429]


def test_a_rehearsal_and_a_void_are_said_on_every_page(
    put: Put, services: Services, user: User, client: PortalClient
) -> None:
    one = put(rehearsal=True)
    one.draw.prepare().reveal().finish().void()
    show(services, user, one)
    pages = [page for page in PAGES if page != "screen"]
    for page in (*pages, "results/1/1", "results/1/1/at/1"):
        text = client.get(f"/draws/{one.id}/{page}", headers={"Accept-Language": "en"}).text
        assert "Rehearsal – not a real draw" in text, page
        assert "Equipment failed" in text, page
    assert "hall-stripes" in client.get(f"/draws/{one.id}/screen").text
    stage = client.get(f"/draws/{one.id}/results/1/1", headers={"Accept-Language": "en"}).text
    assert "nobody on this page has won" in stage


def test_what_an_organiser_writes_is_no_markup(put: Put, client: PortalClient) -> None:
    one = put(title=("<script>alert(1)</script>", '"><img src=x>'))
    for page in PAGES:
        text = client.get(f"/draws/{one.id}/{page}").text
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page


def csrf(client: PortalClient) -> dict[str, str]:
    return {"X-CSRFToken": client.token()}
