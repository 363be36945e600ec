"""The site serves what tests rely on, with a certificate that its own authority vouches for."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import urllib.request

import pytest


@pytest.mark.parametrize("tls", [False, True])
def test_it_serves_until_it_is_ended(tls: bool) -> None:
    command = [sys.executable, "-m", "tests.site", *(["--tls"] if tls else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        context = ssl.create_default_context(cafile=ready["authority"]) if tls else None
        with urllib.request.urlopen(ready["url"] + "/moved", context=context, timeout=10) as got:
            assert got.url == ready["url"] + "/article"
            assert "作品被擅自转载" in got.read().decode()
        assert ready["scheme"] == ("https" if tls else "http")
        process.terminate()
        assert process.wait(10) == 0
