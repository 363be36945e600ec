"""One PKI per key type and test process; tests that change a PKI make their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.timestamping.authority.support import open_pki
from timestamping.authority import Authority, KeyType, Pki


@pytest.fixture(scope="session")
def pkis(tmp_path_factory: pytest.TempPathFactory) -> dict[KeyType, tuple[Path, Pki]]:
    made = {}
    for kind in KeyType:
        folder = tmp_path_factory.mktemp("pki") / kind
        made[kind] = folder, open_pki(folder, key_type=kind)
    return made


@pytest.fixture(params=list(KeyType))
def each_pki(
    request: pytest.FixtureRequest, pkis: dict[KeyType, tuple[Path, Pki]]
) -> tuple[Path, Pki]:
    """The folder and the PKI of each key type in turn."""
    return pkis[request.param]


@pytest.fixture
def pki(pkis: dict[KeyType, tuple[Path, Pki]]) -> Pki:
    return pkis[KeyType.P256][1]


@pytest.fixture
def authority(pki: Pki) -> Authority:
    return pki.authority()
