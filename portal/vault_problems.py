"""A vault's errors as answers to whoever asked."""

from __future__ import annotations

from portal.problems import PortalError, TooLarge, Unavailable
from portal.storage.errors import TooLarge as TooMuch
from portal.storage.errors import VaultError, VaultUnavailable


def vault_problem(error: VaultError) -> PortalError:
    """The vault's error as an answer to the caller."""
    if isinstance(error, TooMuch):
        message = "The file is larger than the limit of %(limit)s bytes."
        return TooLarge("file_too_large", message, field="file", limit=error.limit)
    if isinstance(error, VaultUnavailable):
        message = "The vault cannot take or give content just now; try again later."
        return Unavailable("vault_unavailable", message)
    return Unavailable("vault", "The stored content cannot be read; an operator is needed.")
