"""``python -m chain_adapter.evm key|deploy|permit|revoke|status``.

``KEY_PASSPHRASE`` in the environment opens keys that are under a passphrase, as for the portal.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path

from chain_adapter.errors import LedgerError
from chain_adapter.evm.config import GWEI, EvmConfig, Fee


def main(arguments: list[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except ModuleNotFoundError as error:
        print(f"error: {error.name} is not installed: install the extra 'evm'", file=sys.stderr)
    except (LedgerError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


def key(parsed: argparse.Namespace) -> int:
    """Make a key; only its address is shown."""
    from chain_adapter.evm.key import create_sender

    print(create_sender(parsed.file))
    return 0


def deploy(parsed: argparse.Namespace) -> int:
    """Put the contract on the chain and permit the platforms."""
    from chain_adapter.evm import calls
    from chain_adapter.evm.deploying import Operator
    from chain_adapter.evm.key import load_sender

    account = load_sender(parsed.key, _passphrase())
    operator = Operator(parsed.endpoint, parsed.chain_id, account, fee=_fee(parsed))
    contract, block = operator.deploy(calls.creation_code())
    for platform in parsed.platform:
        operator.permit(contract, platform, True)
    _show(
        {
            "ledger": f"evm:{parsed.chain_id}:{contract}",
            "contract": contract,
            "chain_id": parsed.chain_id,
            "block": block,
            "owner": str(account.address).lower(),
            "platforms": parsed.platform,
        }
    )
    return 0


def permit(parsed: argparse.Namespace) -> int:
    """Let a platform write to the contract, or no longer."""
    from chain_adapter.evm.deploying import Operator
    from chain_adapter.evm.key import load_sender

    config = EvmConfig.load(parsed.config)
    account = load_sender(parsed.key, _passphrase())
    operator = Operator(config.endpoints[0], config.chain_id, account, fee=config.fee)
    operator.permit(config.contract, parsed.address, parsed.permitted)
    _show({"contract": config.contract, "platform": parsed.address, "permitted": parsed.permitted})
    return 0


def status(parsed: argparse.Namespace) -> int:
    """How the ledger stands; exit status 1 when it could not take an entry now."""
    from chain_adapter.evm.adapter import EvmLedger

    path: Path = parsed.config
    with EvmLedger.open(path.name, base=path.parent, passphrase=_passphrase()) as ledger:
        if parsed.acknowledge:
            ledger.acknowledge()
        told = ledger.status()
    _show(told)
    return 0 if told["ok"] else 1


def _show(value: dict[str, object]) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _fee(parsed: argparse.Namespace) -> Fee:
    return Fee(most=round(parsed.most_gwei * GWEI), priority=round(parsed.priority_gwei * GWEI))


def _passphrase() -> str | None:
    return os.environ.get("KEY_PASSPHRASE") or None


def _address(text: str) -> str:
    if re.fullmatch(r"0x[0-9a-fA-F]{40}", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address")
    return text.lower()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chain_adapter.evm", description=__doc__)
    commands = parser.add_subparsers(required=True)
    found = commands.add_parser("key", help="make a sender's key and show its address")
    found.add_argument("file", type=Path)
    found.set_defaults(run=key)
    found = commands.add_parser("deploy", help="put the contract on a chain")
    found.add_argument("--endpoint", required=True, metavar="URL")
    found.add_argument("--chain-id", required=True, type=int)
    found.add_argument("--key", required=True, type=Path, help="the owner's key file")
    found.add_argument("--platform", action="append", default=[], type=_address)
    found.add_argument("--most-gwei", type=float, default=100.0, help="0 where gas is free")
    found.add_argument("--priority-gwei", type=float, default=1.0, help="0 where gas is free")
    found.set_defaults(run=deploy)
    for name, permitted in (("permit", True), ("revoke", False)):
        words = "let a platform write" if permitted else "let a platform write no longer"
        found = commands.add_parser(name, help=words)
        found.add_argument("config", type=Path)
        found.add_argument("address", type=_address)
        found.add_argument("--key", required=True, type=Path, help="the owner's key file")
        found.set_defaults(run=permit, permitted=permitted)
    found = commands.add_parser("status", help="how the ledger of a configuration stands")
    found.add_argument("config", type=Path)
    found.add_argument("--acknowledge", action="store_true", help="the alarm was read")
    found.set_defaults(run=status)
    return parser


if __name__ == "__main__":
    sys.exit(main())
