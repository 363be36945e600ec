"""Desktops with less around them: without root, and without anything."""

from __future__ import annotations

import os
import shutil
import site
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.desktop import components
from forensics.desktop.interface import Isolation, Terminal
from tests.forensics.deskd.conftest import new_session
from tests.forensics.deskd.service import Service

NOBODY = 65534
_SYSTEM = "/usr/bin/python3"

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(bool(components.missing(Isolation.BARE)), reason="no X server or browser"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Somewhere that everybody can reach, and short."""
    found = Path(tempfile.mkdtemp(prefix="desk"))
    found.chmod(0o711)
    yield found
    shutil.rmtree(found)


def _through(service: Service, isolation: Isolation) -> None:
    try:
        probe = service.client.probe()
        assert (probe.available, probe.isolation) == (True, isolation), probe
        live = service.live(new_session())
        assert live.look().checks["unknown"] > 0, "what is shared cannot be vouched for"
        service.client.finish(live.session)
        assert live.ended().terminal is Terminal.COMPLETE
        assert live.manifest()["desktop"]["isolation"] == isolation
        service.client.destroy(live.session)
        assert service.client.sessions() == []
    finally:
        service.stop()


def test_bare(folder: Path) -> None:
    _through(Service(folder / "desk", "--mode", "bare"), Isolation.BARE)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody without")
@pytest.mark.skipif(
    not Path(_SYSTEM).exists()
    or f"python3.{sys.version_info.minor}" not in os.path.realpath(_SYSTEM),
    reason="no interpreter of this version that everybody can run",
)
def test_without_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(site.getsitepackages()))
    desk = folder / "desk"
    desk.mkdir()
    os.chown(desk, NOBODY, NOBODY)
    become = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
    service = Service(desk, program=(*become, _SYSTEM))
    assert "as root" in " ".join(service.client.probe().reasons)
    _through(service, Isolation.SHARED_NETWORK)
