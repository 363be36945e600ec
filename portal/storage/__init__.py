"""The vault: content kept encrypted, immutable, and digested on its way in.

::

    VaultError
    ├── TooLarge          more bytes than the limit; nothing is left behind
    ├── AlreadyStored     the key holds other content, and content is never replaced
    ├── Missing           nothing under this key
    ├── Damaged           what came back is not what was stored
    └── VaultUnavailable  the place itself failed: full, read-only, unreachable; may pass
"""

from portal.storage.errors import (
    AlreadyStored,
    Damaged,
    Missing,
    TooLarge,
    VaultError,
    VaultUnavailable,
)
from portal.storage.identity import VaultIdentity
from portal.storage.intake import Content, Intake, Stored
from portal.storage.registry import open_vault
from portal.storage.vault import Vault

__all__ = [
    "AlreadyStored",
    "Content",
    "Damaged",
    "Intake",
    "Missing",
    "Stored",
    "TooLarge",
    "Vault",
    "VaultError",
    "VaultIdentity",
    "VaultUnavailable",
    "open_vault",
]
