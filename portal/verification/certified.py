"""How a certificate stands, as the page shows it. Needs a request's language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import url_for
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup

from portal.ui.templating import moment
from portal.verification.report import Certified

KINDS: Final = {
    "certificate": lazy_gettext("certificate"),
    "correction": lazy_gettext("correction"),
    "revocation": lazy_gettext("revocation"),
}
TEMPLATES: Final = {
    "preservation": lazy_gettext("preservation of evidence"),
    "web": lazy_gettext("preservation of a web page"),
    "draw": lazy_gettext("a draw"),
}
_ICONS: Final = {"in-force": "circle-check", "corrected": "pencil", "revoked": "circle-x"}


@dataclass(frozen=True, slots=True)
class Step:
    """One of the documents that follow each other; ``here``: the one that was asked for."""

    number: str
    kind: str
    issued_at: datetime
    reason: str
    here: bool


@dataclass(frozen=True, slots=True)
class Status:
    """``kind`` is "in-force", "corrected" or "revoked"."""

    kind: str
    icon: str
    sentence: str
    facts: tuple[tuple[str, str | Markup], ...]
    chain: tuple[Step, ...]


def status(certified: Certified) -> Status:
    """What the register says, in the visitor's language."""
    return Status(
        certified.status,
        _ICONS.get(certified.status, "help-circle"),
        _sentence(certified),
        tuple(_facts(certified)),
        tuple(_chain(certified)),
    )


def _sentence(certified: Certified) -> str:
    by = certified.by
    if certified.status == "in-force":
        return str(gettext("In force"))
    if by is None:
        return str(gettext("No longer in force"))
    if certified.status == "corrected":
        return str(gettext("Corrected by No. %(number)s", number=by.number))
    return str(gettext("Revoked by No. %(number)s", number=by.number))


def _facts(certified: Certified) -> Iterator[tuple[str, str | Markup]]:
    yield gettext("Certificate"), Markup('<span class="number">{}</span>').format(certified.number)
    yield gettext("Kind"), str(KINDS.get(certified.kind, certified.kind))
    if certified.template:
        yield gettext("Concerns"), str(TEMPLATES.get(certified.template, certified.template))
    yield gettext("Issued"), moment(certified.issued_at)
    if (by := certified.by) is not None:
        label = gettext("Revoked") if certified.status == "revoked" else gettext("Corrected")
        yield label, moment(by.issued_at)
    if certified.subject_number:
        yield gettext("Deposit concerned"), _linked(certified.subject_number)
    if certified.deposit_number:
        yield gettext("Its own deposit"), _linked(certified.deposit_number)


def _linked(number: str) -> Markup:
    address = url_for("verification.page", n=number)
    return Markup('<a class="number" href="{}">{}</a>').format(address, number)


def _chain(certified: Certified) -> Iterator[Step]:
    if not certified.chain:
        return
    own = (certified.number, certified.kind, certified.issued_at, "")
    links = {
        each.number: (each.number, each.kind, each.issued_at, each.reason)
        for each in certified.chain
    }
    links.setdefault(certified.number, own)
    for number, kind, at, reason in sorted(links.values(), key=lambda link: link[2]):
        yield Step(number, str(KINDS.get(kind, kind)), at, reason, number == certified.number)
