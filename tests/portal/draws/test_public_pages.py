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
