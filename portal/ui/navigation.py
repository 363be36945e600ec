"""The menus: what is offered to whom. An entry whose page is not installed is not shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app, request
from flask_babel import LazyString, lazy_gettext

from portal.audit.actor import Actor
from portal.ui.context import services


@dataclass(frozen=True)
class Item:
    """One entry of a menu. ``roles`` empty: everybody; ``("*",)``: whoever has signed in."""

    endpoint: str
    label: LazyString
    icon: str
    roles: tuple[str, ...] = ()

    @property
    def current(self) -> bool:
        """Whether the visitor is in this part of the portal."""
        here, part = request.endpoint or "", self.endpoint.split(".")[0]
        return here == self.endpoint if part == "ui" else here.split(".")[0] == part

    def visible_to(self, actor: Actor) -> bool:
        if self.endpoint not in current_app.view_functions:
            return False
        if self.endpoint == "consortium.members" and not services().consortium.membership.active:
            return False
        return not self.roles or actor.has(*self.roles) or (self.roles == ("*",) and bool(actor.id))


_MAIN = (
    Item("ui.home", lazy_gettext("Home"), "home"),
    Item("deposits.listing", lazy_gettext("Deposits"), "files", ("*",)),
    Item("captures.listing", lazy_gettext("Captures"), "camera", ("*",)),
    Item("draws.listing", lazy_gettext("Draws"), "ticket", ("*",)),
    Item("matters.listing", lazy_gettext("Notarisation"), "certificate", ("*",)),
    Item("cases.listing", lazy_gettext("Cases"), "briefcase", ("*",)),
    Item("desk.queue", lazy_gettext("Desk"), "scale", ("notary", "auditor")),
    Item("verification.page", lazy_gettext("Verify"), "shield-check"),
    Item("explorer.latest", lazy_gettext("Ledger"), "list-tree"),
    Item("consortium.members", lazy_gettext("Members"), "users"),
    Item("nodes.show", lazy_gettext("Nodes"), "network"),
    Item("audit.log", lazy_gettext("Custody log"), "history", ("auditor", "administrator")),
    Item(
        "operators.overview", lazy_gettext("Operation"), "activity", ("operator", "administrator")
    ),
)
_ACCOUNT = (
    Item("accounts.profile", lazy_gettext("My account"), "user", ("*",)),
    Item("organisations.listing", lazy_gettext("Organisations"), "building-bank", ("*",)),
    Item("access.shared", lazy_gettext("Shared with me"), "eye", ("*",)),
    Item("signing.listing", lazy_gettext("Signing keys"), "writing-sign", ("*",)),
    Item("accounts.api_keys", lazy_gettext("API keys"), "key", ("*",)),
    Item("identities.waiting", lazy_gettext("Check identities"), "id", ("notary",)),
    Item(
        "joining.clerk",
        lazy_gettext("Verify organisations"),
        "rosette-discount-check",
        ("notary", "administrator"),
    ),
    Item("own.activity", lazy_gettext("My activity"), "history", ("*",)),
    Item("own.data", lazy_gettext("My data"), "download", ("*",)),
    Item("privacy.holds", lazy_gettext("Legal holds"), "scale", ("notary", "operator")),
    Item("webhooks.listing", lazy_gettext("Webhooks"), "webhook", ("*",)),
    Item("security.change_password", lazy_gettext("Change password"), "lock", ("*",)),
)


def main_menu(actor: Actor) -> Iterator[Item]:
    return (item for item in _MAIN if item.visible_to(actor))


def account_menu(actor: Actor) -> Iterator[Item]:
    return (item for item in _ACCOUNT if item.visible_to(actor))
