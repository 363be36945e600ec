"""What can go wrong with a ledger, sorted by what the caller may do about it.

::

    LedgerError
    ├── Retryable          nothing was written; try again later
    ├── Unknown            perhaps written; look the key up before trying again
    ├── Conflict           the same key holds other content; never retry
    ├── Denied             the ledger refuses this caller
    ├── QuorumNotReached   too few parties agreed; nothing is final
    ├── Fatal              an operator has to act first; the sentence says how
    ├── NotFound           no such entry, tile, checkpoint
    ├── InvalidEntry       not a well-formed entry (also a ValueError)
    ├── InvalidReceipt     not a well-formed receipt (also a ValueError)
    └── InvalidProof       not a well-formed proof, checkpoint or note (also a ValueError)
"""

from __future__ import annotations

from typing import ClassVar


class LedgerError(Exception):
    """Base of the family. ``code`` is stable across releases; ``str()`` is one clear sentence."""

    code: ClassVar[str] = "ledger"


class Retryable(LedgerError):
    """Nothing was written; the same call may be made again."""

    code = "ledger_retryable"


class Unknown(LedgerError):
    """Perhaps written. ``lookup`` first; appending the same entry again is safe too."""

    code = "ledger_unknown"


class Conflict(LedgerError):
    """The ledger already holds this key with other content."""

    code = "ledger_conflict"


class Denied(LedgerError):
    """The ledger, or the system below it, does not allow this."""

    code = "ledger_denied"


class QuorumNotReached(LedgerError):
    """``got`` of the ``need`` parties agreed."""

    code = "ledger_quorum"

    def __init__(self, got: int, need: int) -> None:
        super().__init__(f"only {got} of the {need} needed parties agreed")
        self.got = got
        self.need = need


class Fatal(LedgerError):
    """Going on would do harm: an operator has to act, and the sentence says how."""

    code = "ledger_fatal"


class NotFound(LedgerError, LookupError):
    """The ledger holds no such thing."""

    code = "ledger_not_found"


class InvalidEntry(LedgerError, ValueError):
    """Not a well-formed entry; ``field`` names the part that is wrong."""

    code = "entry_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"entry field {field!r}: {reason}")
        self.field = field
        self.reason = reason


class InvalidReceipt(LedgerError, ValueError):
    """Not a well-formed receipt."""

    code = "receipt_invalid"


class InvalidProof(LedgerError, ValueError):
    """Not a well-formed proof, checkpoint or signed note."""

    code = "proof_invalid"
