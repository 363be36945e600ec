"""The four-validator chain in ``deploy/besu``: what can be checked without a container engine."""

from __future__ import annotations

import importlib.util
import json
import re
import secrets
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from coincurve import PrivateKey

from chain_adapter.evm.__main__ import _parser
from chain_adapter.evm.config import EvmConfig
from chain_adapter.evm.cosigning import address_of

FOLDER = Path(__file__).resolve().parents[3] / "deploy/besu"
#: Options of Besu's reference for public and private networks that the file may use.
DOCUMENTED = {
    "data-path",
    "genesis-file",
    "node-private-key-file",
    "static-nodes-file",
    "discovery-enabled",
    "p2p-host",
    "rpc-http-enabled",
    "rpc-http-host",
    "rpc-http-api",
    "host-allowlist",
    "min-gas-price",
    "sync-mode",
    "data-storage-format",
}


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    return found


@pytest.fixture
def arranging() -> ModuleType:
    spec = importlib.util.spec_from_file_location("arrange", FOLDER / "arrange.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def options(service: dict[str, Any]) -> dict[str, str]:
    pairs = [each.removeprefix("--").partition("=") for each in service["command"]]
    assert all(each.startswith("--") for each in service["command"])
    return {name: value for name, _, value in pairs}


def test_four_validators_differ_only_in_who_they_are(services: dict[str, Any]) -> None:
    assert list(services) == [f"validator-{number}" for number in range(1, 5)]
    alike = []
    for number, (name, service) in enumerate(services.items(), start=1):
        text = json.dumps(service).replace(name, "validator-N")
        text = text.replace(f"172.28.7.{10 + number}", "ADDRESS").replace(f"854{number}:", "PORT:")
        alike.append(text)
    assert len(set(alike)) == 1


def test_options_are_documented_ones(services: dict[str, Any]) -> None:
    for service in services.values():
        assert options(service).keys() <= DOCUMENTED


def test_nothing_listens_beyond_this_machine(services: dict[str, Any]) -> None:
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_gas_is_free_where_it_has_to_be_said(services: dict[str, Any]) -> None:
    genesis = json.loads((FOLDER / "qbft.json").read_text())
    assert genesis["genesis"]["config"]["zeroBaseFee"] is True
    assert genesis["blockchain"]["nodes"]["count"] == len(services)
    assert {options(each)["min-gas-price"] for each in services.values()} == {"0"}
    fee = EvmConfig.load(FOLDER / "evm.json").fee
    assert (fee.most, fee.priority) == (0, 0)


def test_the_ledgers_example_speaks_of_this_chain(services: dict[str, Any]) -> None:
    config = EvmConfig.load(FOLDER / "evm.json")
    genesis = json.loads((FOLDER / "qbft.json").read_text())
    assert config.chain_id == genesis["genesis"]["config"]["chainId"]
    published = {f"http://{each['ports'][0].rpartition(':')[0]}" for each in services.values()}
    assert set(config.endpoints) == published
    # As many as must seal a block: two thirds, rounded up.
    assert config.agree == -(-2 * len(services) // 3)


def test_keys_and_peers_come_where_the_file_looks(
    tmp_path: Path, arranging: ModuleType, services: dict[str, Any]
) -> None:
    keys = [secrets.token_bytes(32) for _ in range(4)]
    for key in keys:
        folder = tmp_path / "keys" / address_of(key)
        folder.mkdir(parents=True)
        (folder / "key").write_text("0x" + key.hex())
        public = PrivateKey(key).public_key.format(compressed=False)[1:]
        (folder / "key.pub").write_text("0x" + public.hex())
    assert arranging.arrange(tmp_path) == sorted(map(address_of, keys))
    peers = json.loads((tmp_path / "static-nodes.json").read_text())
    for number, (name, service) in enumerate(services.items()):
        assert (tmp_path / name / "key").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / name / "data").is_dir()
        key = bytes.fromhex((tmp_path / name / "key").read_text()[2:])
        public = PrivateKey(key).public_key.format(compressed=False)[1:].hex()
        address = service["networks"]["consortium"]["ipv4_address"]
        assert peers[number] == f"enode://{public}@{address}:30303"
        assert options(service)["p2p-host"] == address
        mounted = [volume.split(":")[0] for volume in service["volumes"]]
        assert f"./network/{name}/key" in mounted


def test_a_strange_folder_is_refused(tmp_path: Path, arranging: ModuleType) -> None:
    (tmp_path / "keys" / "validator").mkdir(parents=True)
    with pytest.raises(ValueError, match="not named"):
        arranging.arrange(tmp_path)


def test_commands_in_the_readme_are_ours() -> None:
    text = (FOLDER / "README.md").read_text().replace("\\\n", " ")
    commands = re.findall(r"python -m chain_adapter\.evm ([^\n`#]+)", text)
    assert len(commands) >= 4
    for command in commands:
        words = command.replace("0xTHE-PORTALS-ADDRESS", "0x" + "00" * 20)
        _parser().parse_args(words.replace("0xADDRESS", "0x" + "00" * 20).split())
