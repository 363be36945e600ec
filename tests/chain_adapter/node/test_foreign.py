"""A node as the witness of logs that are not ours: proofs and its own state alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter._strict import base64
from chain_adapter.merkle import consistency_proof, leaf_hash, root_of
from chain_adapter.note import COSIGNATURE, ED25519, Note, NoteSigner, VerifierKey
from chain_adapter.quorum import Quorum, cosigners
from tests.chain_adapter.node.conftest import NodeHere
from tests.chain_adapter.node.serving import ROOT, Said, ask

AICS = ROOT / ".judges/aics/bin/python"
#: aics-tlog signs checkpoints of 3 and 8 entries and proves them consistent; then it forks.
SCRIPT = """
import json, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from aics_tlog import MerkleTree
from aics_tlog.checkpoint import Checkpoint, sign_checkpoint
from aics_tlog.note import format_vkey, vkey_from_ed25519, b64_encode
key = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
name = "foreign.example/log"
def note(tree, size):
    signed = sign_checkpoint(Checkpoint(name, size, tree.root(size)), key, name)
    return signed.serialise() if hasattr(signed, "serialise") else str(signed)
tree = MerkleTree([b"entry %d" % n for n in range(8)])
fork = MerkleTree([b"other %d" % n for n in range(8)])
print(json.dumps({
    "vkey": format_vkey(vkey_from_ed25519(name, key.public_key())),
    "small": note(tree, 3), "large": note(tree, 8), "fork": note(fork, 8),
    "proof": [b64_encode(each) for each in tree.consistency_proof(3, 8)],
}))
"""


def follow(tmp_path: Path, vkey: str, origin: str = "") -> NodeHere:
    from chain_adapter.node.setup import Wanted, make_node

    folder = tmp_path / "witness"
    listen = "127.0.0.1:0"
    make_node(folder, Wanted("witness.example", listen, vkey=vkey, profile="consistency"))
    if origin:
        toml = folder / "node.toml"
        toml.write_text(toml.read_text() + f'origin = "{origin}"\n')
    return NodeHere(folder)


def submit(node: NodeHere, old: int, proof: list[str], note: str) -> Said:
    lines = [f"old {old}", *proof, "", ""]
    return ask(f"{node.url}/add-checkpoint", "\n".join(lines).encode() + note.encode())


def good(said: Said, note: str, node: NodeHere) -> bool:
    assert said.status == 200, said.text
    parsed = Note.parse(note)
    lines = Note.parse("x\n\n" + said.text).signatures
    quorum = Quorum(1, (node.node.vkey,))
    signed = Note(parsed.text, (*parsed.signatures, *lines)).encode()
    return cosigners(signed, quorum) == ("witness.example",)


def told(note: Any) -> str:
    return str(note)


@pytest.mark.judge
def test_a_log_by_aics_tlog_is_witnessed(tmp_path: Path) -> None:
    if not AICS.exists():
        pytest.skip("aics-tlog is not installed; scripts/judges/setup_aics.sh does it")
    done = subprocess.run([AICS, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    log = json.loads(done.stdout)
    node = follow(tmp_path, log["vkey"])
    try:
        assert good(submit(node, 0, [], log["small"]), log["small"], node)
        assert submit(node, 3, log["proof"][::-1], log["large"]).status == 422
        assert good(submit(node, 3, log["proof"], log["large"]), log["large"], node)
        assert submit(node, 8, [], log["fork"]).status == 409
        assert submit(node, 0, [], log["small"]).text == "8\n"
        assert node.refusals() == ["proof", "fork", "rollback"]
        node.again()
        assert submit(node, 8, [], log["fork"]).code == "fork"
        assert good(submit(node, 8, [], log["large"]), log["large"], node)
        assert "notary-block" not in submit(node, 8, [], log["large"]).headers
    finally:
        node.close()


def test_origins_and_lines_that_our_logs_do_not_have(tmp_path: Path) -> None:
    """Go's checksum database names its tree in words; others add extension lines."""
    signer = NoteSigner("sum.example.org", Ed25519PrivateKey.generate())
    leaves = [leaf_hash(b"%d" % number) for number in range(5)]

    def note(size: int) -> str:
        text = f"go.sum database tree\n{size}\n{base64(root_of(leaves[:size]))}\nextension 1\n"
        return Note(text, (signer.line(ED25519, text.encode()),)).encode()

    node = follow(tmp_path, str(signer.verifier), origin="go.sum database tree")
    try:
        assert good(submit(node, 0, [], note(2)), note(2), node)
        proof = [base64(each) for each in consistency_proof(leaves, 2)]
        assert good(submit(node, 2, proof, note(5)), note(5), node)
        assert ask(f"{node.url}/examine", b'{"origin":"go.sum database tree","items":[]}').code == (
            "profile"
        )
    finally:
        node.close()


def test_our_cosigner_key_is_one_that_others_read() -> None:
    key = VerifierKey("witness.example", bytes(range(32)))
    assert VerifierKey.parse(key.vkey(COSIGNATURE), COSIGNATURE) == key
