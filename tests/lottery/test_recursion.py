"""A library that lifts the recursion limit must not lift it for strangers' documents."""

from __future__ import annotations

import subprocess
import sys

_DEEP = """
import json, sys
before = sys.getrecursionlimit()
from tests.lottery.building import beacon, chain
from lottery.randomness.drand import verify_beacon
verify_beacon(chain(), beacon(5))
from lottery import verifier
verifier.verify_bls(bytes.fromhex(chain().public_key), b"", bytes(48))
assert sys.getrecursionlimit() == before, sys.getrecursionlimit()
try:
    json.loads("[" * 100_000)
except RecursionError:
    print("refused")
"""


def test_deeply_nested_documents_are_still_refused() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _DEEP], capture_output=True, text=True, check=False, timeout=120
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "refused"), ran.stderr
