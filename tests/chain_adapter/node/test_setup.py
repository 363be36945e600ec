"""A node's folder as ``init`` makes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter.errors import Fatal
from chain_adapter.node.__main__ import main
from chain_adapter.node.config import read_config
from chain_adapter.node.setup import Wanted, make_node
from chain_adapter.note import COSIGNATURE, NoteSigner, VerifierKey


def test_everything_asked_for_stands_in_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = NoteSigner("notary.example/ledger", Ed25519PrivateKey.generate()).verifier
    platform = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    command = ["init", str(tmp_path / "node"), "--name", "node-a.example", "--log", str(log)]
    command += ["--url", "https://notary.example/ledger", "--platform", platform.hex()]
    command += ["--tsa", str(tmp_path / "roots.pem"), "--stamper", "https://tsa.example/tsr"]
    command += ["--since", "7", "--relay", "https://node-b.example"]
    assert main(command) == 0
    key = VerifierKey.parse(capsys.readouterr().out.strip(), COSIGNATURE)
    assert key.name == "node-a.example"
    config = read_config(tmp_path / "node")
    (followed,) = config.logs
    assert (followed.origin, followed.since) == ("notary.example/ledger", 7)
    assert list(followed.platforms.values()) == [platform]
    assert config.relay == ("https://node-b.example",)
    assert (tmp_path / "node/node.key").stat().st_mode & 0o777 == 0o600


def test_a_folder_with_a_node_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["init", str(tmp_path / "node"), "--name", "node-a.example"]
    assert main(command) == 0
    before = (tmp_path / "node/node.key").read_bytes()
    assert main(command) == 1
    assert "holds a node already" in capsys.readouterr().err
    assert (tmp_path / "node/node.key").read_bytes() == before


@pytest.mark.parametrize("name", ["", "two words", "with+plus"])
def test_a_name_that_cannot_sign(tmp_path: Path, name: str) -> None:
    with pytest.raises(Fatal, match="cannot name a key"):
        make_node(tmp_path / "node", Wanted(name))
    assert not (tmp_path / "node").exists()
