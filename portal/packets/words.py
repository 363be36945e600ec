"""Codes of packets in words people read."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

#: what a packet was found to be
STATES: Final = {
    "intact": lazy_gettext("intact"),
    "missing": lazy_gettext("missing"),
    "corrupted": lazy_gettext("corrupted"),
    "foreign": lazy_gettext("foreign: of another content"),
    "duplicated": lazy_gettext("duplicated"),
    "unreachable": lazy_gettext("its node cannot be reached"),
}
#: what trying to reconstruct came to
OUTCOMES: Final = {
    "whole": lazy_gettext("The packets give the content back; the vault lacks nothing."),
    "restored": lazy_gettext("The vault lacked it: the content was put back from the packets."),
    "short": lazy_gettext("The packets do not give the content back."),
    "trouble": lazy_gettext("The content came back, but could not be put into the vault."),
}
