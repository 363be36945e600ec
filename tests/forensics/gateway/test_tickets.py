"""Tickets: good once, at once, in one browser, from one page, for one session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.gateway.tickets import LIFETIME, BadTicket, Role, Tickets, issue

SECRET = b"s" * 32
SESSION = "ab" * 16
ORIGIN = "https://portal.example"
COOKIE = "c00kie"
NOW = 1_800_000_000.0


def at(seconds: float) -> Callable[[], float]:
    return lambda: NOW + seconds


def ticket(role: Role = Role.DRIVER, made: float = 0.0) -> str:
    return issue(SECRET, SESSION, "user-1", role, ORIGIN, COOKIE, now=at(made))


def redeem(tickets: Tickets, text: str, **changed: str) -> Role:
    given = {"session": SESSION, "origin": ORIGIN, "cookie": COOKIE} | changed
    return tickets.redeem(text, **given).role


@pytest.mark.parametrize("role", list(Role))
def test_a_fresh_ticket_opens_once(role: Role) -> None:
    tickets = Tickets(SECRET, at(0))
    text = ticket(role)
    assert redeem(tickets, text) is role
    with pytest.raises(BadTicket, match="used before"):
        redeem(tickets, text)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"session": "cd" * 16}, "another session"),
        ({"origin": "https://evil.example"}, "another origin"),
        ({"origin": ORIGIN + ".evil.example"}, "another origin"),
        ({"origin": "https://портал.example"}, "another origin"),
        ({"cookie": "stolen ticket, other browser"}, "another browser"),
        ({"cookie": ""}, "another browser"),
    ],
)
def test_a_ticket_is_good_nowhere_else(changed: dict[str, str], why: str) -> None:
    tickets = Tickets(SECRET, at(0))
    text = ticket()
    with pytest.raises(BadTicket, match=why):
        redeem(tickets, text, **changed)
    assert redeem(tickets, text) is Role.DRIVER  # a refused thief does not spend it


def test_a_ticket_grows_old() -> None:
    tickets = Tickets(SECRET, at(0))
    tickets._now = at(LIFETIME + 0.1)
    with pytest.raises(BadTicket, match="too old"):
        redeem(tickets, ticket())


def test_a_ticket_of_the_future_or_from_before_the_start_is_refused() -> None:
    with pytest.raises(BadTicket, match="future"):
        redeem(Tickets(SECRET, at(0)), ticket(made=5))
    with pytest.raises(BadTicket, match="before the gateway started"):
        redeem(Tickets(SECRET, at(5)), ticket())


def test_used_tickets_are_remembered_as_long_as_they_would_hold_and_then_forgotten() -> None:
    tickets = Tickets(SECRET, at(0))
    text = ticket()
    redeem(tickets, text)
    tickets._now = at(LIFETIME - 0.1)
    with pytest.raises(BadTicket, match="used before"):
        redeem(tickets, text)
    tickets._now = at(3 * LIFETIME)
    redeem(tickets, ticket(made=3 * LIFETIME))
    assert len(tickets._used) == 1


def test_another_key_signs_nothing() -> None:
    with pytest.raises(BadTicket, match="not signed"):
        redeem(Tickets(b"t" * 32, at(0)), ticket())


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_changed_byte_is_believed(place: int, change: int) -> None:
    good = ticket().encode()
    place %= len(good)
    changed = good[:place] + bytes([good[place] ^ change]) + good[place + 1 :]
    with pytest.raises(BadTicket):
        redeem(Tickets(SECRET, at(0)), changed.decode("latin-1"))


@given(st.text(max_size=60))
def test_anything_else_is_refused_and_nothing_breaks(text: str) -> None:
    with pytest.raises(BadTicket):
        redeem(Tickets(SECRET, at(0)), text)
