"""Codes of the operators' pages in words."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

#: for the groups of :data:`portal.deposits.overseeing.AGES`
AGES: Final = (
    lazy_gettext("under 1 min"),
    lazy_gettext("1–10 min"),
    lazy_gettext("10–60 min"),
    lazy_gettext("1–6 h"),
    lazy_gettext("6–24 h"),
    lazy_gettext("over 1 day"),
)
PARTS: Final = {
    "tsa": lazy_gettext("Time-stamping"),
    "ledger": lazy_gettext("Ledger"),
    "quorum": lazy_gettext("Enough nodes"),
    "node": lazy_gettext("Deposit node"),
}
CERTIFICATES: Final = {
    "root": lazy_gettext("own root certificate"),
    "tsa": lazy_gettext("time-stamping certificate"),
    "seal": lazy_gettext("sealing certificate"),
    "crl": lazy_gettext("revocation list"),
    "outside": lazy_gettext("root of an outside authority"),
}
LOOPS: Final = {
    "deposits": lazy_gettext("deposits"),
    "ledgers": lazy_gettext("further ledgers"),
    "mail": lazy_gettext("mail"),
    "webhooks": lazy_gettext("webhooks"),
    "checks": lazy_gettext("health checks"),
    "vouching": lazy_gettext("re-reading"),
    "packets": lazy_gettext("packets"),
    "packets-cut": lazy_gettext("packets of large content"),
    "activity": lazy_gettext("activity"),
    "erasure": lazy_gettext("erasure"),
    "captures": lazy_gettext("desktops"),
    "capture-stamps": lazy_gettext("time-stamps of recordings"),
    "capture-files": lazy_gettext("files of recordings"),
}
UNTRIED: Final = lazy_gettext("Not tried yet: in hand, or waiting for a worker.")
