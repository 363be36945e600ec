"""Sizes, groups and times as pages show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask

from portal.ui.templating import as_utc, error_help, file_size, groups, iso, moment


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, "—"),
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1 MiB"),
        (2 * 1024**3, "2 GiB"),
        (5 * 1024**5, "5120 TiB"),
    ],
)
def test_sizes(app: Flask, count: int | None, shown: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert file_size(count) == shown


def test_groups() -> None:
    assert groups("abcdefgh", 3) == ["abc", "def", "gh"]
    assert groups("", 3) == []


def test_times_are_shown_with_their_zone(app: Flask) -> None:
    when = datetime(2026, 11, 21, 23, 30, 5, tzinfo=timezone(timedelta(hours=1)))
    with app.test_request_context():
        shown = str(moment(when))
        assert "2026-11-22 06:30:05" in shown
        assert "UTC+08:00" in shown
        assert 'datetime="2026-11-21T22:30:05.000Z"' in shown
        assert "06:30:05" not in str(moment(when, seconds=False)).split("title")[1].split(">")[1]
        assert moment(None) == "—"
    assert as_utc(when) == "2026-11-21 22:30:05 UTC"
    assert iso(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000Z"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 418, 422, 429, 500, 502, 503])
def test_every_error_offers_help(app: Flask, status: int) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert error_help(status).endswith(".")
