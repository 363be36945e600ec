from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.plugins import TOY, install


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where the toy plug-in is installed."""
    return install(TOY, tmp_path_factory.mktemp("toy"))
