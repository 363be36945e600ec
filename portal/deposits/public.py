"""What anybody may learn of a deposit, and may verify of it: no names, no file names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from portal.deposits.models import Deposit, State
from timestamping.filelist import FileList


@dataclass(frozen=True, slots=True)
class PublicDeposit:
    """What a stranger who knows the number or the digest may learn: no names, no file names."""

    number: str
    code: str
    state: State
    kind: str
    sha256: str
    sm3: str | None
    size: int | None
    received_at: datetime
    gen_time: datetime | None
    anchored_at: datetime | None
    issued_at: datetime | None
    receipts: str | None
    letter_sha256: str | None
    erased_at: datetime | None
    erased_for: str | None
    file_count: int | None
    files_seen: bool | None
    #: the tokens and the primary ledger's proof, as the row has them; neither holds a name
    stamps: str | None = None
    proof: str | None = None
    #: JSON as the row has it: the further ledgers
    further: str | None = None


@dataclass(frozen=True, slots=True)
class PublicEvidence:
    """What anybody may verify: ``deposit`` and its proof, which holds no names either. DER token,
    encoded entry, the primary ledger's receipt as JSON, encoded proof; None while they are to come.
    ``later`` are further deposits of the same digest. ``listed`` is the list of a folder, written
    again from what is stored of it: whoever compares a file with it looks at its digest first.
    ``letter``: what was asked for is the letter itself, by its digest. ``further`` are receipt and
    proof of each further ledger that holds it for good, encoded likewise."""

    deposit: PublicDeposit
    token: bytes | None
    entry: bytes | None
    receipt: bytes | None
    proof: bytes | None
    later: tuple[PublicDeposit, ...] = ()
    listed: FileList | None = None
    letter: bool = False
    further: tuple[tuple[bytes, bytes], ...] = ()
    #: what the depositor's signature is verified by; empty when the platform alone signed
    signed_with: bytes = b""


#: Whatever knows a deposit's kind, state and proof: its row, or what anybody may see of it.
Proven: TypeAlias = Deposit | PublicDeposit
