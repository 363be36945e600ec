"""What an operator types, against a real node."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chain_adapter import Denied, open_ledger
from chain_adapter.evm.__main__ import main
from tests.chain_adapter.evm.anvil import Anvil
from tests.chain_adapter.evm.chain import OWNER, STRANGER, WRITER, configure
from tests.chain_adapter.records import make_entry


def keyfile(folder: Path, node: Anvil, account: int) -> str:
    path = folder / f"{account}.key"
    path.touch(mode=0o600)
    path.write_text(node.keys[account] + "\n")
    return str(path)


def test_from_nothing_to_a_record(
    tmp_path: Path, node: Anvil, capsys: pytest.CaptureFixture[str]
) -> None:
    owner, writer = keyfile(tmp_path, node, OWNER), node.accounts[WRITER]
    common = ["--endpoint", node.url, "--chain-id", str(node.chain_id), "--key", owner]
    assert main(["deploy", *common]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["owner"] == node.accounts[OWNER]
    url = configure(tmp_path, node, told["contract"])
    config = str(tmp_path / "evm.json")
    with open_ledger(url, base=tmp_path) as ledger:
        with pytest.raises(Denied):
            ledger.append([make_entry("first")])
        assert main(["status", config]) == 1
        assert main(["permit", config, writer, "--key", owner]) == 0
        capsys.readouterr()
        ledger.append([make_entry("first")])
        assert main(["status", config]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["entries"] == {"final": 1}
    assert told["sender"] == writer
    assert told["balance_wei"] > 0
    assert main(["revoke", config, writer, "--key", owner]) == 0
    with open_ledger(url, base=tmp_path) as ledger, pytest.raises(Denied):
        ledger.append([make_entry("second")])


def test_strangers_permit_nobody(
    tmp_path: Path, node: Anvil, contract: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(tmp_path, node, contract)
    stranger = keyfile(tmp_path, node, STRANGER)
    arguments = ["permit", str(tmp_path / "evm.json"), node.accounts[STRANGER], "--key", stranger]
    assert main(arguments) == 1
    assert "its owner?" in capsys.readouterr().err


def test_the_wrong_chain_gets_no_contract(
    tmp_path: Path, node: Anvil, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = keyfile(tmp_path, node, OWNER)
    arguments = ["deploy", "--endpoint", node.url, "--chain-id", "1", "--key", owner]
    assert main(arguments) == 1
    assert "is on chain 31337, not on 1" in capsys.readouterr().err


def test_a_new_key_is_for_its_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new.key"
    assert main(["key", str(path)]) == 0
    address = capsys.readouterr().out.strip()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().strip() not in address
    assert main(["key", str(path)]) == 1, "a key is never overwritten"
    path.chmod(0o640)
    arguments = ["deploy", "--endpoint", "http://127.0.0.1:1", "--chain-id", "1", "--key"]
    assert main([*arguments, str(path)]) == 1
    assert "chmod 600" in capsys.readouterr().err
