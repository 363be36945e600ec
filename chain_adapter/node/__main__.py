"""``python -m chain_adapter.node init|serve|status|export FOLDER``.

``NODE_PASSPHRASE`` in the environment opens (and, with ``init``, seals) the node's key.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chain_adapter.errors import Fatal, LedgerError
from chain_adapter.node.config import read_config
from chain_adapter.node.export import check_export, export_node
from chain_adapter.node.fetch import TooMuch, Unreachable, Web
from chain_adapter.node.server import NodeServer, serving
from chain_adapter.node.service import Node
from chain_adapter.node.setup import Wanted, make_node


def main(arguments: list[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except (LedgerError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def init(parsed: argparse.Namespace) -> int:
    wanted = Wanted(
        name=parsed.name,
        listen=parsed.listen,
        vkey=parsed.log,
        url=parsed.url,
        profile=parsed.profile,
        platforms=[bytes.fromhex(each) for each in parsed.platform],
        tsa=str(Path(parsed.tsa).absolute()) if parsed.tsa else "",
        stamper=parsed.stamper,
        stamper_trust=str(Path(parsed.stamper_trust).absolute()) if parsed.stamper_trust else "",
        relay=parsed.relay,
        since=parsed.since,
    )
    print(make_node(parsed.folder, wanted, _passphrase()))
    return 0


def serve(parsed: argparse.Namespace) -> int:
    config = read_config(parsed.folder)
    with _alone(parsed.folder):
        node = Node(config, passphrase=_passphrase(), accept_copy=parsed.accept_copy)
        server = NodeServer(config.listen, node.routes, config.limits)
        host, port = serving(server)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"{node.vkey} listens at http://{host}:{port}", flush=True)
        server.serve_forever(poll_interval=0.1)
        server.server_close()
        node.close()
    return 0


def status(parsed: argparse.Namespace) -> int:
    """What the running node says."""
    host, port = read_config(parsed.folder).listen
    place = f"[{host}]" if ":" in host else host
    web = Web()
    try:
        answer = web.get(f"http://{place}:{port}/status", seconds=5.0, limit=1024 * 1024)
    except (Unreachable, TooMuch) as error:
        raise Fatal(str(error)) from error
    finally:
        web.close()
    print(json.dumps(json.loads(answer.body), indent=2, ensure_ascii=False))
    return 0


def export(parsed: argparse.Namespace) -> int:
    count = export_node(read_config(parsed.folder), parsed.out, _passphrase())
    print(f"{count} blocks written to {parsed.out}")
    return 0


def check(parsed: argparse.Namespace) -> int:
    for sentence in check_export(parsed.folder):
        print(sentence)
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Raises Fatal: another process serves this folder."""
    with (folder / "node.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Fatal(f"another process serves {folder}") from error
        yield


def _passphrase() -> str | None:
    return os.environ.get("NODE_PASSPHRASE") or None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chain_adapter.node", description="deposit node"
    )
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("init", help="make a node: key and configuration")
    making.add_argument("folder", type=Path)
    making.add_argument("--name", required=True, help="as it signs, node-a.example for one")
    making.add_argument("--listen", default="127.0.0.1:8471")
    making.add_argument("--log", default="", help="the log's vkey")
    making.add_argument("--url", default="", help="the log's address")
    making.add_argument("--profile", default="deposit", choices=("deposit", "consistency"))
    making.add_argument("--platform", action="append", default=[], help="public key, hexadecimal")
    making.add_argument("--tsa", default="", help="PEM file of trusted TSA roots")
    making.add_argument("--stamper", default="", help="TSA that stamps this node's blocks")
    making.add_argument("--stamper-trust", default="", help="PEM file of its roots")
    making.add_argument("--relay", action="append", default=[], help="the node after this one")
    making.add_argument("--since", type=int, default=0, help="entries that were there first")
    making.set_defaults(run=init)
    running = commands.add_parser("serve", help="run the node")
    running.add_argument("folder", type=Path)
    running.add_argument("--accept-copy", action="store_true", help="make a lost guard file anew")
    running.set_defaults(run=serve)
    asking = commands.add_parser("status", help="what the running node says")
    asking.add_argument("folder", type=Path)
    asking.set_defaults(run=status)
    writing = commands.add_parser("export", help="blocks, tokens and entries for a court")
    writing.add_argument("folder", type=Path)
    writing.add_argument("out", type=Path)
    writing.set_defaults(run=export)
    checking = commands.add_parser("check", help="examine what `export` wrote")
    checking.add_argument("folder", type=Path)
    checking.set_defaults(run=check)
    return parser


if __name__ == "__main__":
    sys.exit(main())
