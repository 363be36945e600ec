"""Codes of webhooks in words."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

from portal.webhooks.events import TEST_EVENT, events
from portal.webhooks.models import DeliveryState, StopReason

STATES: Final = {
    DeliveryState.PENDING: lazy_gettext("waits"),
    DeliveryState.DELIVERED: lazy_gettext("delivered"),
    DeliveryState.FAILED: lazy_gettext("given up"),
    DeliveryState.CANCELLED: lazy_gettext("cancelled"),
}
STOPS: Final = {
    StopReason.PERSON: lazy_gettext("You disabled it."),
    StopReason.FAILING: lazy_gettext("For days nothing got through."),
    StopReason.GONE: lazy_gettext("The receiver answered 410: it takes nothing any more."),
    StopReason.BACKLOG: lazy_gettext("Too many messages were waiting."),
}
FAULTS: Final = {
    "unknown": lazy_gettext("the host's name has no address"),
    "address": lazy_gettext("the host's address is not a public one"),
    "unreachable": lazy_gettext("cannot be reached"),
    "tls": lazy_gettext("its certificate or encryption does not hold"),
    "timeout": lazy_gettext("no answer in time"),
    "broken": lazy_gettext("the answer broke off"),
    "redirect": lazy_gettext("it redirects, which is not followed"),
    "gone": lazy_gettext("it takes nothing any more"),
    "status": lazy_gettext("answered with a refusal"),
}


def event_name(event: str) -> str:
    """An event in words; the code itself when there are none."""
    if event == TEST_EVENT:
        return str(lazy_gettext("test"))
    return str(events().get(event, event))


def state_name(state: str) -> str:
    return str(STATES.get(DeliveryState(state), state))


def fault_name(fault: str) -> str:
    return str(FAULTS.get(fault, fault))
