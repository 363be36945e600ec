"""Nodes as processes of their own: four of them, killed, restarted, asked for their papers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from chain_adapter.node.__main__ import main
from chain_adapter.note import Note
from chain_adapter.quorum import Quorum, cosigners
from tests.chain_adapter.node.conftest import NodeHere
from tests.chain_adapter.node.serving import (
    ROOT,
    LogServer,
    NodeProcess,
    Platform,
    forged,
    wanted,
)

pytestmark = pytest.mark.fault


@pytest.fixture
def four(tmp_path: Path, log: LogServer, platform: Platform) -> Iterator[list[NodeProcess]]:
    nodes = [
        NodeProcess(tmp_path / letter, wanted(f"node-{letter}.example", log, platform))
        for letter in "abcd"
    ]
    with ExitStack() as stopping:
        for node in nodes:
            node.launch()
            stopping.callback(node.stop)
        for node in nodes:
            node.wait()
        yield nodes


def collect(nodes: list[NodeProcess], log: LogServer) -> tuple[str, ...]:
    """Who of ``nodes`` cosigns the newest checkpoint when all are asked at once."""

    def asked(node: NodeProcess) -> str:
        try:
            said = node.add_checkpoint(log)
        except OSError:
            return ""
        return said.text if said.status == 200 else ""

    with ThreadPoolExecutor(len(nodes)) as pool:
        lines = "".join(pool.map(asked, nodes))
    note = Note.parse(log.ledger.latest())
    if lines:
        note = Note(note.text, (*note.signatures, *Note.parse("x\n\n" + lines).signatures))
    quorum = Quorum(1, tuple(node.vkey for node in nodes))
    found = cosigners(note.encode(), quorum)
    return tuple(name.removeprefix("node-").removesuffix(".example") for name in found)


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """What a command of the node's program answers: status, output, errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        status = main([str(each) for each in arguments])
        return (status, *capsys.readouterr())

    return run


def test_four_nodes_one_killed_two_killed_and_back(
    four: list[NodeProcess], log: LogServer, platform: Platform, tmp_path: Path, command: Command
) -> None:
    a, _, c, d = four
    log.append(platform.deposits("all", 3))
    assert collect(four, log) == ("a", "b", "c", "d")
    saved = shutil.copytree(c.folder, tmp_path / "old-copy-of-c")
    d.kill()
    log.append(platform.deposits("three", 3))
    assert collect(four, log) == ("a", "b", "c")
    c.kill()
    log.append(platform.deposits("two", 3))
    assert collect(four, log) == ("a", "b")
    # d comes back as it was, c with a copy from before: both fetch what they lack.
    shutil.rmtree(c.folder)
    saved.rename(c.folder)
    c.launch()
    d.launch()
    c.wait()
    d.wait()
    assert collect(four, log) == ("a", "b", "c", "d")
    roots = {node.status()["logs"][0]["root"] for node in four}
    assert roots == {log.submission().checkpoint.root.hex()}
    # A second process leaves the folder alone.
    status, _, told = command("serve", a.folder)
    assert (status, "another process serves" in told) == (1, True)
    assert json.loads(command("status", a.folder)[1])["node"] == "node-a.example"
    # What it holds can be taken out while it runs.
    assert command("export", a.folder, tmp_path / "out")[1].startswith("3 blocks")
    assert command("check", tmp_path / "out")[1].endswith("3 blocks are in order\n")
    assert a.stop() == 0


@pytest.mark.parametrize(("point", "size"), [("block", 0), ("commit", 2), ("cosigning", 2)])
def test_killed_between_block_and_cosignature_it_never_cosigns_two_trees(
    point: str, size: int, tmp_path: Path, log: LogServer, platform: Platform
) -> None:
    node = NodeProcess(tmp_path / "a", wanted("node-a.example", log, platform))
    submission = log.append(platform.deposits("killed", 2))
    node.run(str(ROOT / "tests/chain_adapter/node/crashing.py"), point, str(node.folder))
    node.wait()
    with pytest.raises(OSError):
        node.submit(submission)
    assert node.ended() == -9
    back = NodeHere(node.folder)
    try:
        assert back.status()["logs"][0]["size"] == size
        said = back.submit(forged(log.submission(size), log.ledger, 2, bytes(32)))
        assert (said.status, said.code) == ((409, "fork") if size else (422, "root"))
        said = back.submit(log.submission(size))
        assert said.status == 200
        assert said.headers["notary-block"].startswith("1 ")
        assert back.node.guard.head(log.ledger.id).size == 2
    finally:
        back.close()


def test_init_makes_a_node_once(tmp_path: Path, command: Command) -> None:
    folder = tmp_path / "new"
    assert command("init", folder, "--name", "node-n.example")[1].startswith("node-n.example+")
    assert (folder / "node.key").stat().st_mode & 0o777 == 0o600
    status, _, told = command("init", folder, "--name", "node-n.example")
    assert (status, "holds a node already" in told) == (1, True)
    assert "cannot be reached" in command("status", folder)[2]
    assert "make a node" in command("serve", tmp_path / "nothing")[2]
    assert command("check", tmp_path)[0] == 1
