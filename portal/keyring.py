"""The portal's own keys and secrets, below DATA_DIR/keys: made at the first start, never replaced.

Files are 0600 in a folder of 0700; several processes may start at once. What is made here (beside
the PKI, which keeps its own folder): ``platform.key`` signs ledger entries, ``vault.age`` opens the
vault, ``pseudonyms.key`` names depositors on ledgers.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from chain_adapter import EntryKey
from chain_adapter.durable import write_new
from chain_adapter.keyfile import load_or_create_key
from portal.storage import VaultIdentity

_SECRET_BYTES: Final = 32


class Keyring:
    """Opens the folder, making it first."""

    def __init__(self, folder: Path, passphrase: str | None) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._folder = folder
        self._passphrase = passphrase

    def entry_key(self) -> EntryKey:
        """What the platform signs ledger entries with."""
        return EntryKey(load_or_create_key(self._folder / "platform.key", self._passphrase))

    def vault_identity(self) -> VaultIdentity:
        """The vault's age identity.

        Raises:
            WrongPassphrase: the file is encrypted and the passphrase does not open it.
        """
        data = self._once("vault.age", lambda: VaultIdentity.generate().to_file(self._passphrase))
        return VaultIdentity.from_file(data, self._passphrase)

    def secret(self, name: str) -> bytes:
        """32 random bytes, the same for ever."""
        data = self._once(f"{name}.key", lambda: secrets.token_bytes(_SECRET_BYTES))
        if len(data) != _SECRET_BYTES:
            raise ValueError(f"{self._folder / name}.key is damaged")
        return data

    def _once(self, name: str, make: Callable[[], bytes]) -> bytes:
        path = self._folder / name
        if not path.exists():
            with suppress(FileExistsError):  # another process was quicker
                write_new(path, make())
        if path.stat().st_mode & 0o077:
            os.chmod(path, 0o600)  # noqa: PTH101 (one call, no race worth naming)
        return path.read_bytes()
