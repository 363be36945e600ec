"""mss on TigerVNC, with and without what :mod:`forensics.recorder.visuals` mends."""

from __future__ import annotations

import shutil
from pathlib import Path

import mss
import pytest
from mss.exception import ScreenShotError

from forensics.recorder import visuals
from tests.forensics.xvnc import xvnc

pytestmark = pytest.mark.skipif(shutil.which("Xvnc") is None, reason="Xvnc is not installed")


def test_mss_needs_the_visuals_in_another_order(tmp_path: Path) -> None:
    """When this fails, mss reads TigerVNC's screen as it comes: take recorder/visuals.py out."""
    with xvnc(tmp_path) as server:
        visuals.uninstall()
        with pytest.raises(ScreenShotError, match="visual"):
            mss.MSS(display=server.display).close()
        visuals.install()
        with mss.MSS(display=server.display) as screen:
            assert screen.grab(screen.monitors[0]).size == (1280, 800)
