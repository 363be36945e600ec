"""The pieces of a deposit as they were found, before anything is judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from chain_adapter.trust import Trust
from chain_adapter.verdict import Check
from timestamping.package_files import (
    ANCHORS,
    ATTACHED,
    FACTS,
    FILES,
    LETTER,
    LETTER_SCHEMA,
    MAX_LEDGERS,
    co_token,
    further_attached,
    further_receipt,
)
from timestamping.package_trust import PackageTrust
from timestamping.pdf.errors import BadPdf
from timestamping.pdf.verifier import letter_attachments
from timestamping.trust import TrustStore


@dataclass(frozen=True, slots=True)
class Evidence:
    """``members`` by package name, small ones only. ``number`` is the manifest's, None when a
    letter came alone. ``digests`` maps each file to its digests by algorithm: those the package
    holds by member, the one offered beside it by its name."""

    members: Mapping[str, bytes]
    trust: PackageTrust
    number: str | None = None
    digests: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)

    def carried(self) -> dict[str, dict[str, bytes]]:
        """The digests of what lies in ``files/``."""
        return {k: dict(v) for k, v in self.digests.items() if k.startswith(FILES)}

    def offered(self) -> dict[str, dict[str, bytes]]:
        """The digests of the file offered beside the evidence; at most one."""
        return {k: dict(v) for k, v in self.digests.items() if not k.startswith(FILES)}

    def further_ledgers(self) -> list[int]:
        """The numbers of the further ledgers, counted from 2."""
        count = 0
        while further_receipt(count + 2) in self.members:
            count += 1
        return list(range(2, count + 2))

    def co_tokens(self) -> list[bytes]:
        """The co-stamps, in order."""
        found: list[bytes] = []
        while (data := self.members.get(co_token(len(found) + 2))) is not None:
            found.append(data)
        return found


@dataclass(frozen=True, slots=True)
class Carried:
    """What a package holds of several files deposited together, for whoever can judge more of it.

    ``listed`` is the list, ``sha256`` the digest recorded (hexadecimal; empty when there is no
    well-formed entry), ``open`` a seekable stream of the file with that path in the list, None when
    the package holds none of them. ``trust`` are the certificates to judge by, ``ledger`` the keys
    of platforms and ledgers; ``anchors`` is all of that together, with the roots of notaries.
    """

    listed: bytes
    sha256: str
    open: Callable[[str], BinaryIO] | None
    trust: TrustStore
    ledger: Trust
    anchors: PackageTrust | None = None


#: Further checks of what a list names; numbered on from those of a package.
More = Callable[[Carried], Sequence[Check]]


def from_letter(pdf: bytes) -> tuple[dict[str, bytes], bytes]:
    """The members a letter carries, as if they came in a package, and its ``trust.json``.

    Raises:
        BadPdf: no readable PDF, or one without the attachments of a letter.
    """
    attached = letter_attachments(pdf)
    names = dict(ATTACHED)
    for number in range(2, MAX_LEDGERS + 1):
        names |= further_attached(number)
    members = {names.get(name, name): data for name, data in attached.items()}
    if FACTS not in attached or ANCHORS not in attached:
        raise BadPdf("this PDF is no deposit letter: it carries no evidence")
    members[LETTER] = pdf
    return members, attached[ANCHORS]


def letter_facts(attached: Mapping[str, bytes]) -> dict[str, Any]:
    """``letter.json`` as an object.

    Raises:
        BadPdf: missing, or not of this schema.
    """
    try:
        facts = json.loads(attached[FACTS])
    except (KeyError, ValueError, RecursionError) as error:
        raise BadPdf("the letter does not state its facts") from error
    if not isinstance(facts, dict) or facts.get("schema") != LETTER_SCHEMA:
        raise BadPdf("the letter's facts are of another schema")
    return facts
