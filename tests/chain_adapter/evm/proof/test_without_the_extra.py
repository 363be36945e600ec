"""Who verifies a record on a chain needs neither web3 nor anything that comes with it."""

from __future__ import annotations

import subprocess
import sys

from tests.chain_adapter.evm.proof.test_verify import SEALED

SCRIPT = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {BLOCKED}:
            raise ImportError(name + " is not to be needed")

sys.meta_path.insert(0, Blocked())
from chain_adapter import Receipt, Trust, decode_proof, verify

entry, receipt, proof = (bytes.fromhex(line) for line in sys.stdin.read().split())
trust = {TRUST}
read = Receipt.from_json(receipt)
verdict = verify(entry, read, decode_proof(read.scheme, proof), trust)
assert verdict.ok, verdict.failed
assert not [name for name in sys.modules if name.split(".")[0] in {BLOCKED}]
print(verdict.result)
"""
BLOCKED = ["web3", "rlp", "eth_abi", "eth_account", "eth_hash", "eth_keys", "eth_rlp", "eth_utils"]
BLOCKED += ["eth_typing", "hexbytes", "requests", "aiohttp", "urllib3"]


def test_a_record_verifies_where_the_extra_is_not_installed() -> None:
    trust = SEALED.trust
    fields = ", ".join(
        f"{name}={dict(getattr(trust, name))!r}"
        for name in ("ledgers", "platforms", "depositors", "validators")
    )
    script = SCRIPT.replace("{BLOCKED}", repr(BLOCKED)).replace("{TRUST}", f"Trust({fields})")
    parts = [SEALED.entry.encode(), SEALED.receipt.to_json(), SEALED.proof.encode()]
    run = subprocess.run(
        [sys.executable, "-c", script],
        input="\n".join(part.hex() for part in parts),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "untampered\n"
