"""What can go wrong with the vault; the tree stands in the package's docstring."""

from __future__ import annotations


class VaultError(Exception):
    """Base of the family; ``str()`` is one clear sentence."""


class TooLarge(VaultError):
    """More than ``limit`` bytes arrived."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the content is larger than the {limit} bytes allowed")
        self.limit = limit


class AlreadyStored(VaultError):
    """Other content is kept under this key; stored content is never replaced."""


class Missing(VaultError):
    """Nothing is kept under this key."""


class Damaged(VaultError):
    """What came back is not what was stored: cut short, altered, or under another key."""


class VaultUnavailable(VaultError):
    """The place itself failed (disk full, read-only, unreachable). Nothing was stored."""
