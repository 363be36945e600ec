"""A vault in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.storage import VaultIdentity
from portal.storage.files import FileVault


@pytest.fixture(scope="session")
def identity() -> VaultIdentity:
    return VaultIdentity.generate()


@pytest.fixture
def vault(tmp_path: Path, identity: VaultIdentity) -> Iterator[FileVault]:
    vault = FileVault(tmp_path / "vault", identity, ("sha256", "sm3"))
    yield vault
    vault.close()
