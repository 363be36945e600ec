"""How a deposit is signed: what the forms that ask are given, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask_babel import LazyString, lazy_gettext

from chain_adapter.algorithms import algorithm_of
from portal.signing.models import PLATFORM
from portal.signing.names import SCHEME_NAMES
from portal.ui.context import current_actor, services

#: Sentences of the script; it fills the %(…)s places itself.
SIGNING_WORDS: Final = {
    "sign-later": lazy_gettext("What will be signed is shown here once the digest is known."),
    "sign-none": lazy_gettext(
        "You sign nothing. The portal alone signs the record, and the letter says so."
    ),
    "sign-held": lazy_gettext(
        "The portal signs with the key that it holds for you, as soon as it has the digests. The "
        "letter says that the portal holds the key."
    ),
    "sign-text": lazy_gettext(
        "With your key %(key)s you sign: the platform %(platform)s shall record the digests "
        "%(digests)s once, as deposit %(id)s."
    ),
    "sign-files": lazy_gettext(
        "With your key %(key)s you sign, for each of the %(count)s files: the platform "
        "%(platform)s shall record its digests once, as a deposit of its own."
    ),
    "sign-list": lazy_gettext(
        "With your key %(key)s you sign: the platform %(platform)s shall record the list of these "
        "%(count)s files, %(digests)s, once, as deposit %(id)s."
    ),
    "sign-gone": lazy_gettext("The key is no longer in this browser. Restore it from its backup."),
    "sign-secure": lazy_gettext("Browsers sign only on pages that came over https."),
    "sign-failed": lazy_gettext("The browser could not sign: %(why)s"),
    "signing": lazy_gettext("Signing …"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A key to choose; ``held`` by the portal, else it must be in the browser."""

    key_id: str
    label: str
    kind: LazyString
    algorithm: str
    held: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """``chosen``: the key id the form came back with. The rest goes into each transaction."""

    keys: tuple[Choice, ...]
    chosen: str
    platform: str
    kind: str
    digests: tuple[str, ...]


def choices(chosen: str = "") -> Choices:
    """The keys that the one who has signed in may use now."""
    signing = services().signing
    keys = tuple(
        Choice(
            each.key_id,
            each.label,
            SCHEME_NAMES[each.scheme],
            algorithm_of(each.key),
            each.scheme == PLATFORM,
        )
        for each in signing.keys(current_actor())
        if each.revoked_at is None
    )
    algorithms = services().deposits.limits().algorithms
    return Choices(keys, chosen, signing.platform, signing.kind, algorithms)
