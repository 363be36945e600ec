"""Puts what Besu generated where compose.yaml looks for it, and says who the validators are.

    python arrange.py network

``network`` holds what ``besu operator generate-blockchain-config`` wrote: ``genesis.json`` and
``keys/<address>/key`` and ``key.pub``. Afterwards it holds ``validator-<n>/key`` and ``data/`` for
each, and ``static-nodes.json`` with everybody's address on the compose network. Prints the
validators' addresses as the ledger's configuration wants them. Needs nothing but Python.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

#: The compose network's first address; validator n is n above it.
SUBNET = "172.28.7."
FIRST = 10
PORT = 30303


def arrange(network: Path) -> list[str]:
    """Move the keys and write the list of peers; the validators' addresses in order."""
    found = sorted(path for path in (network / "keys").iterdir() if path.is_dir())
    addresses, peers = [], []
    for number, folder in enumerate(found, start=1):
        if re.fullmatch(r"0x[0-9a-fA-F]{40}", folder.name) is None:
            raise ValueError(f"{folder} is not named by a validator's address")
        public = (folder / "key.pub").read_text().strip().removeprefix("0x")
        if re.fullmatch(r"[0-9a-fA-F]{128}", public) is None:
            raise ValueError(f"{folder / 'key.pub'} is not a public key")
        place = network / f"validator-{number}"
        (place / "data").mkdir(parents=True, exist_ok=True)
        (folder / "key").rename(place / "key")
        (place / "key").chmod(0o600)
        addresses.append(folder.name.lower())
        peers.append(f"enode://{public}@{SUBNET}{FIRST + number}:{PORT}")
    (network / "static-nodes.json").write_text(json.dumps(peers, indent=2) + "\n")
    return addresses


if __name__ == "__main__":
    print(json.dumps(arrange(Path(sys.argv[1]))))
