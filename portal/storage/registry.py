"""Chooses a vault by ``scheme:place``, as the VAULT setting gives it."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from portal.storage.files import FileVault
from portal.storage.identity import VaultIdentity
from portal.storage.vault import Vault

#: Further kinds register a callable ``(place, base, identity, algorithms) -> Vault`` here.
GROUP: Final = "notary.vaults"


def open_vault(
    url: str, *, base: Path, identity: VaultIdentity, algorithms: tuple[str, ...] = ("sha256",)
) -> Vault:
    """Open the vault that ``url`` names; a relative place is below ``base``.

    Raises:
        ValueError: no vault of that scheme is installed.
    """
    scheme, _, place = url.partition(":")
    if scheme == FileVault.scheme:
        return FileVault(base / place, identity, algorithms)
    for found in entry_points(group=GROUP, name=scheme):
        vault = found.load()(place, base, identity, algorithms)
        if not isinstance(vault, Vault):
            raise TypeError(f"{found.value} made something that is no Vault")
        return vault
    raise ValueError(f"VAULT={url!r}: no vault of the scheme {scheme!r} is installed")
