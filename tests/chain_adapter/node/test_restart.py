"""Nodes that come back: after a crash, with an old copy, with a copy that is not theirs."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from chain_adapter import Fatal
from chain_adapter.node.config import read_config
from chain_adapter.node.export import check_export, export_node
from chain_adapter.node.guard import CosignedGuard
from chain_adapter.node.logcopy import Head
from chain_adapter.node.service import Node, guard_of
from tests.chain_adapter.node.conftest import MakeNode, NodeHere
from tests.chain_adapter.node.serving import LogServer, Platform, forged


def sizes(node: NodeHere) -> tuple[int, int]:
    """Of the copy, and of the tree cosigned last."""
    log = next(iter(node.node.logs.values()))
    return log.copy.head().size, log.witness.head().size


def old_copy(node: NodeHere, log: LogServer, platform: Platform, tmp_path: Path) -> None:
    """``node`` has cosigned 5 entries, and comes back with its copy of 2."""
    log.append(platform.deposits("old", 2))
    assert node.add_checkpoint(log).status == 200
    node.close()
    saved = shutil.copytree(node.folder, tmp_path / "saved")
    node.open()
    log.append(platform.deposits("new", 3))
    assert node.add_checkpoint(log).status == 200
    node.close()
    shutil.rmtree(node.folder)
    saved.rename(node.folder)
    node.open()


def test_a_node_with_an_old_copy_catches_up(
    node: NodeHere, log: LogServer, platform: Platform, tmp_path: Path
) -> None:
    old_copy(node, log, platform, tmp_path)
    assert sizes(node) == (2, 5)
    assert node.status()["logs"][0]["behind"] is True
    log.append(platform.deposits("newer", 1))
    said = node.submit(log.submission(5))
    assert said.status == 200, said.text
    assert sizes(node) == (6, 6)
    assert node.status()["logs"][0]["behind"] is False


def test_a_node_with_an_old_copy_catches_up_from_the_same_checkpoint(
    node: NodeHere, log: LogServer, platform: Platform, tmp_path: Path
) -> None:
    old_copy(node, log, platform, tmp_path)
    assert node.submit(log.submission(5)).status == 200
    assert sizes(node) == (5, 5)


def test_a_node_with_an_old_copy_cosigns_no_fork_of_what_it_has_forgotten(
    node: NodeHere, log: LogServer, platform: Platform, tmp_path: Path
) -> None:
    old_copy(node, log, platform, tmp_path)
    for size, code in ((5, "fork"), (4, "rollback")):
        said = node.submit(forged(log.submission(2), log.ledger, size, bytes(32)))
        assert (said.status, said.code, said.text) == (409, code, "5\n")


def test_what_was_copied_before_an_interruption_is_not_copied_again(
    make: MakeNode, log: LogServer, platform: Platform
) -> None:
    node = make(more="[limits]\nentries = 3\n")
    log.append(platform.deposits("many", 8))
    for copied in (3, 6):
        said = node.submit(log.submission())
        assert (said.status, said.code) == (503, "catching_up")
        assert f"{copied} of 8" in said.text
        assert sizes(node) == (0, 0)
        node.again()
    assert node.submit(log.submission()).status == 200
    assert sizes(node) == (8, 8)
    assert sum(path.startswith("supplement") for path in log.asked) == 3


def test_more_than_a_page_and_more_than_one_tile(
    node: NodeHere, log: LogServer, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chain_adapter.node.takeover._HELD", 100)
    log.append(platform.deposits("tile", 250))
    assert node.submit(log.submission()).status == 200
    log.append(platform.deposits("next", 10))
    assert node.submit(log.submission(250)).status == 200
    copy = node.node.logs[log.ledger.id].copy
    tree = copy.forest.tree(260)
    assert tree.root() == log.submission().checkpoint.root
    assert tree.consistency(257) == log.ledger.consistency(257, 260)
    node.again()
    log.append(platform.deposits("last", 1))
    assert node.submit(log.submission(260)).status == 200


def test_a_false_tree_leaves_nothing_written_down(
    node: NodeHere, log: LogServer, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chain_adapter.node.takeover._HELD", 2)
    submission = log.append(platform.deposits("false", 5))
    assert node.submit(forged(submission, log.ledger, 5, bytes(32))).code == "root"
    assert node.node.logs[log.ledger.id].copy.reach() == 0
    assert node.submit(submission).status == 200


def test_a_lost_guard_is_told_and_made_anew_only_when_said(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    log.append(platform.deposits("guard", 2))
    assert node.add_checkpoint(log).status == 200
    node.close()
    config = read_config(node.folder)
    guard_of(node.folder).unlink()
    with pytest.raises(Fatal, match="--accept-copy"):
        Node(config)
    Node(config, accept_copy=True).close()
    node.open()
    assert sizes(node) == (2, 2)


def test_damage_and_foreign_copies_are_refused_at_the_start(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    log.append(platform.deposits("damage", 3))
    assert node.add_checkpoint(log).status == 200
    node.close()
    config, database = read_config(node.folder), node.folder / "node.sqlite"

    def refused(match: str) -> None:
        with pytest.raises(Fatal, match=match):
            Node(config)

    guard = guard_of(node.folder)
    whole = guard.read_bytes()
    CosignedGuard(guard).move(log.ledger.id, Head(2, bytes(32)))
    refused("belongs to")
    CosignedGuard(guard).move(log.ledger.id, Head(3, bytes(32)))
    refused("belongs to")
    guard.write_bytes(b"{")
    refused("damaged")
    guard.write_bytes(whole)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE entry SET data = ? WHERE position = 1", (b"x",))
    connection.close()
    refused("is damaged")
    (node.folder / "node.key").rename(node.folder / "lost.key")
    refused("key .* is missing")
    (node.folder / "lost.key").rename(node.folder / "node.key")
    toml = node.folder / "node.toml"
    toml.write_text(toml.read_text().replace("node-a.example", "node-z.example"))
    config = read_config(node.folder)
    refused("is the copy of node-a.example")


def test_what_was_recorded_before_there_were_nodes_is_copied_and_not_examined(
    make: MakeNode, log: LogServer, platform: Platform, tmp_path: Path
) -> None:
    old = [(entry, None) for entry, _ in platform.deposits("before", 258)]
    log.append(old)
    node = make(log_more="since = 257")
    said = node.submit(log.submission())
    assert (said.status, said.code) == (422, "supplement")
    assert "entry 257" in said.text
    later = make("b", log_more="since = 258")
    log.append(platform.deposits("after", 2))
    assert later.submit(log.submission()).status == 200
    asked = [path for path in log.asked if path.startswith("supplement")]
    assert asked[-1] == "supplement/258-259"
    rows = later.node.logs[log.ledger.id].copy.rows(256, 260)
    assert [beside is None for _, beside in rows] == [True, True, False, False]
    later.again()
    assert export_node(read_config(later.folder), tmp_path / "out") == 1
    assert len(list(check_export(tmp_path / "out"))) == 2
    (tmp_path / "out/logs/1/entries/259.tst").unlink()
    with pytest.raises(ValueError, match="brings the token"):
        list(check_export(tmp_path / "out"))
