"""What importing web3 must not do to whoever does it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("web3")

_ATTACK = """
import json, sys
before = sys.getrecursionlimit()
import chain_adapter.evm.adapter, chain_adapter.evm.deploying, chain_adapter.evm.key
assert "web3" in sys.modules
assert sys.getrecursionlimit() == before, sys.getrecursionlimit()
try:
    json.loads("[" * 100_000)
except RecursionError:
    print("refused")
"""


def test_deeply_nested_json_is_still_refused() -> None:
    """With the limit that py_ecc sets, the interpreter ends here with a signal."""
    done = subprocess.run([sys.executable, "-c", _ATTACK], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "refused"), done.stderr
