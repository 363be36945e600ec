"""``python -m chain_adapter.consortium``: a member is admitted and blacklisted by files alone."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from chain_adapter.consortium import Domain, Rule, decode, genesis_content
from chain_adapter.consortium.__main__ import main
from tests.chain_adapter.consortium.people import World, identity, key, regulators, rule

Out = pytest.CaptureFixture[str]


@pytest.fixture
def made(tmp_path: Path) -> tuple[World, str]:
    """A world whose keys lie in files, and its domain as the command takes it."""
    world = World(now=int(time.time()))
    for name in ("authority 0", "authority 1", "authority 2", "regulator 0", "ann", "regulator 1"):
        key(name).save(tmp_path / name)
    return world, f"log:log.example/notary,{world.made_of.digest.hex()}"


def test_keys_are_made_and_never_overwritten(tmp_path: Path, capsys: Out) -> None:
    path = tmp_path / "a.key"
    assert main(["keygen", str(path)]) == 0
    assert capsys.readouterr().out.startswith("0x")
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    assert main(["keygen", str(path)]) == 1
    assert path.read_bytes() == before


def test_a_rule_is_judged(tmp_path: Path, capsys: Out) -> None:
    path = tmp_path / "rule.json"
    path.write_text(json.dumps(rule().to_object(), indent=2))
    assert main(["rule", str(path)]) == 0
    out = capsys.readouterr().out
    assert rule().digest.hex() in out
    assert "3 of 4 authorities" in out
    wrong = rule().to_object() | {"certificates": 9}
    path.write_text(json.dumps(wrong))
    assert main(["rule", str(path)]) == 1
    assert "does not hold together" in capsys.readouterr().err


def test_certified_signed_and_inspected_by_files(
    made: tuple[World, str], tmp_path: Path, capsys: Out
) -> None:
    world, domain = made
    path = tmp_path / "application.json"
    path.write_text(json.dumps({"application": world.application("ann").to_object()}))
    for number in range(3):
        key_file = str(tmp_path / f"authority {number}")
        assert main(["certify", str(path), "--key", key_file, "--domain", domain]) == 0
        path.write_text(capsys.readouterr().out)
    certified: dict[str, Any] = json.loads(path.read_text())
    assert len(certified["certificates"]) == 3
    message = {
        "v": 1, "type": "register", **certified, "nonce": "ab" * 32,
        "expires": world.now + 3600, "signatures": [],
    }  # fmt: skip
    path.write_text(json.dumps(message))
    assert main(["sign", str(path), "--key", str(tmp_path / "ann"), "--domain", domain]) == 0
    captured = capsys.readouterr()
    assert "register the person" in captured.err, "people read what they sign"
    path.write_text(captured.out)
    assert main(["inspect", str(path), "--domain", domain]) == 0
    assert "signed this" in capsys.readouterr().out
    other = domain.replace("notary,", "another,")
    assert main(["inspect", str(path), "--domain", other]) == 0
    assert "DID NOT SIGN THIS" in capsys.readouterr().out
    world.apply(decode(path.read_bytes().strip()))


def test_a_stream_is_replayed(made: tuple[World, str], tmp_path: Path, capsys: Out) -> None:
    world, _ = made
    contents = [
        genesis_content(world.made_of),
        world.register("ann").encode(),
        world.act("blacklist", "ann", by=regulators()[:2]).encode(),
        world.act("blacklist", "ann").encode(),
    ]
    path = tmp_path / "stream.jsonl"
    lines = [
        json.dumps({"time": world.now, "content": b64encode(each).decode()}) for each in contents
    ]
    path.write_text("\n".join(lines))
    assert main(["replay", str(path), "--log", "log.example/notary"]) == 0
    out = capsys.readouterr().out
    assert "event 2 changed nothing: not_enough" in out
    state = json.loads(out.splitlines()[-1])
    assert state["counted"] == 2
    [member] = state["members"]
    assert (member["identity"], member["active"]) == (identity("ann").hex(), False)


def test_what_is_wrong_is_said(tmp_path: Path, capsys: Out) -> None:
    path = tmp_path / "x"
    path.write_text("{}")
    assert main(["inspect", str(path)]) == 1
    assert main(["inspect", str(tmp_path / "missing")]) == 1
    path.chmod(0o644)
    message = World().register("ann")
    (tmp_path / "m").write_bytes(message.encode())
    domain = f"chain:1,0x{'0' * 40},{'0' * 64}"
    assert main(["sign", str(tmp_path / "m"), "--key", str(path), "--domain", domain]) == 1
    assert "chmod 600" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["sign", str(tmp_path / "m"), "--key", str(path), "--domain", "elsewhere"])
    assert main(["calldata", str(tmp_path / "m")]) == 0
    assert capsys.readouterr().out.startswith("0x")


def test_the_domain_of_the_command_is_the_logs() -> None:
    from chain_adapter.consortium.__main__ import _domain

    made: Rule = rule()
    text = f"log:log.example/notary,{made.digest.hex()}"
    assert _domain(text) == Domain.of_log(made.digest, "log.example/notary")
