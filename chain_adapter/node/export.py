"""What a court is given: blocks, tokens and entries as files that anybody can verify.

::

    node.json                  the node's name and keys, and the logs it follows
    blocks/<seq>.json          the block, RFC 8785; its SHA-256 is the transaction hash
    blocks/<seq>.tst           RFC 3161 token over it: openssl ts -verify -token_in -in … -data …
    blocks/<seq>.note          the log's checkpoint with this node's cosignature
    logs/<n>/entries/<position>.json   and .tst, .depositor, .content beside it
    logs/<n>/refusals.json     checkpoints that were refused, with the log's signatures
    VERIFY.md                  the commands
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from chain_adapter.canonical import canonical_json
from chain_adapter.checkpoint import cosign, verify_cosignature
from chain_adapter.digest import digest_of
from chain_adapter.entry import Entry
from chain_adapter.errors import Fatal, InvalidProof
from chain_adapter.keyfile import load_key
from chain_adapter.merkle import leaf_hash
from chain_adapter.node.block import MAX_BLOCK, NO_BLOCK, Block
from chain_adapter.node.config import LogConfig, NodeConfig
from chain_adapter.node.logcopy import PAGE, LogCopy, block_at
from chain_adapter.node.refusals import MOST, Refusals
from chain_adapter.node.service import DATABASE, KEY
from chain_adapter.node.storage import NodeStorage
from chain_adapter.node.submission import read_checkpoint
from chain_adapter.note import COSIGNATURE, ED25519, Note, NoteSigner, VerifierKey
from chain_adapter.supplement import Supplement
from chain_adapter.tlog.edge import Edge

_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


def export_node(config: NodeConfig, out: Path, passphrase: str | None = None) -> int:
    """Write everything a node holds below ``out``, which must not exist; how many blocks.

    Safe while the node runs: what was cosigned never changes.

    Raises:
        Fatal: ``out`` exists, or the node's files cannot be read.
    """
    try:
        out.mkdir(parents=True)
    except FileExistsError as error:
        raise Fatal(f"{out} exists already") from error
    signer = NoteSigner(config.name, load_key(config.folder / KEY, passphrase))
    storage = NodeStorage(config.folder / DATABASE, config.name)
    try:
        _write(out / "node.json", canonical_json(_about(config, signer)))
        # Blocks first: what comes meanwhile leaves entries too many then, and none missing.
        count = _export_blocks(storage, signer, out / "blocks")
        for number, log in enumerate(config.logs, 1):
            _export_log(LogCopy(storage, log.origin), out / "logs" / str(number))
    finally:
        storage.close()
    _write(out / "VERIFY.md", _VERIFY.encode())
    return count


def check_export(folder: Path) -> Iterator[str]:
    """Examine what :func:`export_node` wrote; one sentence for each thing found in order.

    Tokens are left to ``openssl ts -verify``, as VERIFY.md says. Steps: (1) the blocks are
    numbered and chained; (2) each checkpoint is signed by its log and by the node; (3) the entries
    have exactly the roots that the blocks name; (4) each token and key is the one its entry names.

    Raises:
        ValueError: the first thing that is not in order.
    """
    about = json.loads((folder / "node.json").read_bytes())
    node = VerifierKey.parse(about["vkey"], COSIGNATURE)
    logs = [(each["origin"], VerifierKey.parse(each["vkey"])) for each in about["logs"]]
    edges = {origin: Edge() for origin, _ in logs}
    since = {each["origin"]: each["since"] for each in about["logs"]}
    prev, seq = NO_BLOCK, 0
    while (path := folder / "blocks" / f"{seq + 1}.json").exists():
        seq += 1
        data = path.read_bytes()
        block = Block.from_json(data)
        if (block.seq, block.prev, block.node) != (seq, prev, node.name):
            raise ValueError(f"block {seq} does not follow the one before it")  # 1
        number, origin = _require_signed(block, folder / "blocks" / f"{seq}.note", node, logs)  # 2
        entries = folder / "logs" / str(number) / "entries"
        _require_root(block, entries, edges[origin], since[origin])  # 3, 4
        prev = digest_of(data).value
        yield f"block {seq}: {block.size} entries of {origin}, {block.time:{_TIME}}"
    yield f"{seq} blocks are in order"


def _about(config: NodeConfig, signer: NoteSigner) -> dict[str, Any]:
    logs = [_about_log(log) for log in config.logs]
    return {"name": config.name, "vkey": signer.verifier.vkey(COSIGNATURE), "logs": logs}


def _about_log(log: LogConfig) -> dict[str, Any]:
    return {
        "origin": log.origin,
        "vkey": str(log.key),
        "platforms": {name: key.hex() for name, key in log.platforms.items()},
        "since": log.since,
    }


def _export_blocks(storage: NodeStorage, signer: NoteSigner, folder: Path) -> int:
    seq = 0
    while True:
        with storage.read() as connection:
            stamped = block_at(connection, seq + 1)
        if stamped is None:
            return seq
        seq += 1
        block = Block.from_json(stamped.data)
        note = Note.parse(block.checkpoint)
        # Ed25519 is deterministic: at the block's time this is always the same line.
        line = cosign(signer, note.text, block.time)
        _write(folder / f"{seq}.json", stamped.data)
        _write(folder / f"{seq}.tst", stamped.token)
        _write(folder / f"{seq}.note", Note(note.text, (*note.signatures, line)).encode().encode())


def _export_log(copy: LogCopy, folder: Path) -> None:
    size = copy.head().size
    for first in range(0, size, PAGE):
        rows = copy.rows(first, min(first + PAGE, size))
        for position, (data, beside) in enumerate(rows, first):
            _write_entry(folder / "entries" / str(position), data, beside)
    refusals = [
        {"time": f"{time:{_TIME}}", "code": code, "detail": detail, "note": note}
        for time, code, detail, note in Refusals(copy.storage).kept(copy.id, MOST)
    ]
    _write(folder / "refusals.json", canonical_json({"refusals": refusals}))


def _write_entry(place: Path, data: bytes, beside: Supplement | None) -> None:
    _write(place.with_name(f"{place.name}.json"), data)
    if beside is None:
        return
    _write(place.with_name(f"{place.name}.tst"), beside.token)
    for name in ("depositor", "content"):
        if value := getattr(beside, name):
            _write(place.with_name(f"{place.name}.{name}"), value)


def _require_signed(
    block: Block, path: Path, node: VerifierKey, logs: list[tuple[str, VerifierKey]]
) -> tuple[int, str]:
    """Number and origin of the log that signed the block's checkpoint."""
    note = Note.parse(path.read_text(encoding="utf-8"))
    checkpoint = read_checkpoint(note.text)
    if note.text != Note.parse(block.checkpoint).text:
        raise ValueError(f"block {block.seq} has another checkpoint than {path.name}")
    if (checkpoint.size, checkpoint.root) != (block.size, block.root):
        raise ValueError(f"block {block.seq} names another tree than its checkpoint")
    verify_cosignature(node, note.text, node.line(note, COSIGNATURE))
    for number, (origin, key) in enumerate(logs, 1):
        if origin == checkpoint.origin:
            key.verify(note.text.encode(), key.line(note, ED25519).value)
            return number, origin
    raise InvalidProof(f"block {block.seq} is of a log that node.json does not name")


def _require_root(block: Block, entries: Path, edge: Edge, since: int) -> None:
    if edge.size != block.first or block.last != block.size - 1:
        raise ValueError(f"block {block.seq} leaves entries out")
    for position in range(block.first, block.size):
        data = (entries / f"{position}.json").read_bytes()
        entry = Entry.decode(data)
        if position >= since:
            _supplement(entries / str(position)).require_of(entry)
        edge.append(leaf_hash(data))
    if edge.root() != block.root:
        raise ValueError(f"the entries do not have the root of block {block.seq}")


def _supplement(place: Path) -> Supplement:
    def beside(name: str) -> bytes:
        path = place.with_name(f"{place.name}.{name}")
        return path.read_bytes() if path.exists() else b""

    return Supplement(beside("tst"), beside("depositor"), beside("content"))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


_VERIFY: Final = """# How to verify this copy

Everything at once, with the program of the node itself:

    python -m chain_adapter.node check FOLDER

By hand. The hash of a block, its "transaction hash", and the token over it (TSA.pem holds the
root certificate of the time-stamping authority, obtained from the authority itself):

    sha256sum blocks/1.json
    openssl ts -verify -data blocks/1.json -in blocks/1.tst -token_in -CAfile TSA.pem

Each block names the SHA-256 of the one before it in `prev`. The token beside an entry is over the
SHA-256 digest that the entry names, and the entry names the token's own SHA-256 in `token`:

    sha256sum logs/1/entries/0.tst
    openssl ts -verify -digest DIGEST -in logs/1/entries/0.tst -token_in -CAfile TSA.pem

`blocks/<seq>.note` is a checkpoint of c2sp.org/tlog-checkpoint with the signatures of the log and
of this node (c2sp.org/tlog-cosignature); the root in it is the RFC 6962 tree hash over
`logs/<n>/entries/0.json` onwards.
"""


__all__ = ["MAX_BLOCK", "check_export", "export_node"]
