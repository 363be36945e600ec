"""Answers that are no fault of ours, however odd."""

from __future__ import annotations

import http.client
from email.message import Message

import pytest

from portal.webhooks import sending


class _Answer:
    def __init__(self, retry_after: str) -> None:
        self.headers = Message()
        self.headers["Retry-After"] = retry_after


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7), ("9" * 5_000, sending._MOST_PAUSE), ("-1", 0), ("٧", 0), ("", 0), ("soon", 0)],
)
def test_a_pause_is_as_long_as_asked_within_bounds(given: str, seconds: int) -> None:
    assert sending._pause(_Answer(given)) == seconds  # type: ignore[arg-type]


def test_what_a_receiver_says_instead_of_http_can_be_kept() -> None:
    said = sending._reason(http.client.BadStatusLine("\x00\x01no line\udc80"))
    assert "no line" in said
    assert "\x00" not in said
    said.encode()
