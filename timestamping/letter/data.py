"""What a deposit letter says: plain values, no layout.

Nothing here is optional by silence. A field that nobody stated stays empty and the letter prints
"not stated"; what a platform does not know it must not suggest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chain_adapter.digest import Digest, digest_of
from chain_adapter.entry import Entry
from chain_adapter.receipt import Receipt
from chain_adapter.verification.examination import LedgerProof
from timestamping.filelist import FileList
from timestamping.letter.capture import Capture
from timestamping.letter.draw import Drawn
from timestamping.letter.notarial import Notarial
from timestamping.letter.strength import StrengthFacts
from timestamping.letter.words import NOTHING, Words
from timestamping.package_trust import PackageTrust
from timestamping.pdf.errors import LetterError
from timestamping.token import Token


@dataclass(frozen=True, slots=True)
class Office:
    """Who issues the letter. ``registration``: the 区块链备案 number, empty when there is none."""

    name: Words
    platform: Words
    location: Words = NOTHING
    website: str = ""
    registration: str = ""


@dataclass(frozen=True, slots=True)
class Depositor:
    """``masked`` is the name as it may be shown (see :func:`timestamping.letter.masking.mask`);
    ``identity`` says in words how the platform established who this is."""

    masked: str
    identity: Words


@dataclass(frozen=True, slots=True)
class Item:
    """One evidence item (最高人民法院关于互联网法院审理案件若干问题的规定 art. 11; 电子签名法 5–6;
    民诉证据规定 19, 94). ``size`` in bytes, None when only a digest was deposited."""

    name: str
    digests: tuple[Digest, ...]
    size: int | None = None
    media_type: str = ""
    producer: str = ""
    created: str = ""
    summary: str = ""
    medium: str = ""
    location: str = ""
    custody: str = ""
    captured_by: str = ""
    tool: str = ""
    method: str = ""
    completeness: str = ""
    sender: str = ""
    receiver: str = ""
    purpose: str = ""
    ordinary_course: bool | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Aware times by the platform's clock. The token and the receipt bring their own."""

    received: datetime
    hashed: datetime
    issued: datetime


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    """One line of the custody log: when, what, who in which role, from where."""

    time: datetime
    action: Words
    actor: str
    role: Words = NOTHING
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Further:
    """The record on a further ledger, final there."""

    receipt: Receipt
    proof: LedgerProof

    @property
    def ledger(self) -> str:
        """The ledger's id."""
        return self.receipt.ledger


@dataclass(frozen=True, slots=True)
class LetterData:
    """Everything of one letter.

    ``items[0]`` is what was deposited: its digests are the entry's and its SHA-256 (or the entry's
    first digest) is what the token covers. Further items are listed inside it with their digests,
    as in a capture's manifest. ``files`` is the list of a folder: then it is what was deposited,
    and its digests are the entry's. ``capture`` says how a capture went, ``drawn`` how a draw
    went, ``notarial`` what document of the office it is. ``further`` are the ledgers that hold the
    entry beside the first one, in the order in which they came to; a letter's are the first of a
    later package's. ``salt`` and ``metadata`` are what
    ``entry.meta`` commits to. ``zone`` is an IANA name; ``revocation`` tells where revocation data
    came from.

    Raises:
        LetterError: no item, a time without zone, or an item or list that is not what the entry
            records.
    """

    number: str
    code: str
    verify_url: str
    office: Office
    depositor: Depositor
    items: tuple[Item, ...]
    times: Times
    token: Token
    entry: Entry
    receipt: Receipt
    proof: LedgerProof
    salt: bytes
    metadata: Mapping[str, Any]
    trust: PackageTrust
    strength: StrengthFacts
    custody: tuple[CustodyEvent, ...] = ()
    revocation: Words = field(
        default=Words(
            "内嵌于本函及证明包的证书吊销列表", "CRL embedded in this letter and the package"
        )
    )
    zone: str = "Asia/Shanghai"
    files: FileList | None = None
    capture: Capture | None = None
    drawn: Drawn | None = None
    notarial: Notarial | None = None
    further: tuple[Further, ...] = ()

    def __post_init__(self) -> None:
        if not self.items:
            raise LetterError("a letter needs at least one item", field="items")
        for name in ("received", "hashed", "issued"):
            if getattr(self.times, name).tzinfo is None:
                raise LetterError(f"the time {name} has no zone", field=f"times.{name}")
        missing = set(self.entry.digests) - set(self.items[0].digests)
        if missing:
            raise LetterError(
                f"the first item lacks the recorded digest {min(missing)}", field="items.0.digests"
            )
        if self.files is not None:
            content = self.files.encode()
            made = {digest_of(content, each.algorithm) for each in self.entry.digests}
            if made != set(self.entry.digests):
                raise LetterError("the file list is not what the entry records", field="files")
