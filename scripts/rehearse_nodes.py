"""Deposit nodes on this machine, for trying what a consortium does before there is one.

    .venv/bin/python scripts/rehearse_nodes.py make     # four nodes of the portal in DATA_DIR
    .venv/bin/python scripts/rehearse_nodes.py run      # run them until Ctrl-C

``make``, while the portal is stopped, prints the setting that makes the portal ask them; records
made before need nobody. Nodes that one party runs convince nobody else: for evidence, other
institutions run them (docs/operations.md).
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

from chain_adapter.node.setup import Wanted, make_node
from chain_adapter.tlog import TlogLedger
from portal.keyring import Keyring
from portal.settings import Settings
from timestamping.authority.pki import Pki
from timestamping.trust import TrustStore

FOLDER: Final = "nodes"
POLICY: Final = "policy.json"


def names(count: int) -> list[str]:
    return [f"node-{chr(ord('a') + at)}.example" for at in range(count)]


def make(settings: Settings, ports: Sequence[int], need: int) -> str:
    """Make a node for each port, and the policy; the value of LEDGERS that uses them.

    Raises:
        Fatal: there are nodes already, or the portal was never started.
    """
    folder = settings.path(FOLDER)
    folder.mkdir(mode=0o700, exist_ok=True)
    roots = folder / "roots.pem"
    roots.write_text(_roots(settings))
    platform = Keyring(settings.path("keys"), settings.passphrase).entry_key().public
    with TlogLedger(settings.path("ledger"), passphrase=settings.passphrase) as ledger:
        vkey, size = ledger.vkey, ledger.size()
    nodes = []
    for name, port in zip(names(len(ports)), ports, strict=True):
        wanted = Wanted(
            name=name,
            listen=f"127.0.0.1:{port}",
            vkey=vkey,
            url=f"{settings.base_url}/ledger",
            platforms=[platform],
            tsa=str(roots),
            stamper=f"{settings.base_url}/tsa",
            stamper_trust=str(roots),
            since=size,
        )
        key = make_node(folder / name, wanted)
        nodes.append({"name": name, "vkey": key, "url": f"http://127.0.0.1:{port}"})
    policy: dict[str, Any] = {"need": need, "patience": 2.0, "since": size, "nodes": nodes}
    (folder / POLICY).write_text(json.dumps(policy, indent=2) + "\n")
    return f"witness:ledger#policy={FOLDER}/{POLICY}"


def start(settings: Settings, name: str) -> subprocess.Popen[bytes]:
    """Run one node as a process of its own."""
    command = [sys.executable, "-m", "chain_adapter.node", "serve"]
    return subprocess.Popen([*command, str(settings.path(FOLDER) / name)])


def _roots(settings: Settings) -> str:
    pki = Pki.open(
        settings.path("keys/pki"),
        passphrase=settings.passphrase,
        base_url=settings.base_url,
        organisation=settings.platform_name_zh or settings.platform_name_en,
        key_type=settings.tsa_key_type,
    )
    return TrustStore(pki.trust().roots).roots_pem()


def _run(settings: Settings) -> int:
    folders = sorted(settings.path(FOLDER).glob("node-*"))
    if not folders:
        print("there are no nodes: make some first", file=sys.stderr)
        return 1
    # Ctrl-C reaches the nodes as well; this process waits for them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    processes = [start(settings, each.name) for each in folders]
    return max(process.wait() for process in processes)


def main() -> int:
    parser = argparse.ArgumentParser(description="deposit nodes on this machine, for trying")
    parser.add_argument("act", choices=("make", "run"))
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--need", type=int, default=3)
    parser.add_argument("--port", type=int, default=8471, help="of the first node")
    parsed = parser.parse_args()
    settings = Settings()
    if parsed.act == "run":
        return _run(settings)
    ports = range(parsed.port, parsed.port + parsed.count)
    print(f"LEDGERS={make(settings, ports, parsed.need)}")
    print("Put this line into .env, run the nodes beside the portal, and start the portal again.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
