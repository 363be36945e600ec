"""The log as others read it: paths, tiles, bundles, proofs from tiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter import NotFound, verify
from chain_adapter.checkpoint import open_checkpoint
from chain_adapter.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from chain_adapter.note import VerifierKey
from chain_adapter.tlog import TlogLedger, export_tiles
from chain_adapter.tlog.edge import Edge
from chain_adapter.tlog.layout import TilePath, paths_of, row_length, width_in
from chain_adapter.tlog.sequencer import Item
from chain_adapter.tlog.tree import Tree
from tests.chain_adapter.records import make_entries, make_entry, trust_of

# The examples of c2sp.org/tlog-tiles.
PATHS = {
    "tile/0/x001/x234/067": TilePath(0, 1234067, 256),
    "tile/0/000": TilePath(0, 0, 256),
    "tile/63/999.p/1": TilePath(63, 999, 1),
    "tile/1/x001/000.p/255": TilePath(1, 1000, 255),
    "tile/entries/273.p/112": TilePath(None, 273, 112),
}


@pytest.mark.parametrize("path", PATHS)
def test_paths_of_the_specification(path: str) -> None:
    assert TilePath.parse(path) == PATHS[path]
    assert str(PATHS[path]) == path


@given(
    level=st.none() | st.integers(0, 63), number=st.integers(0, 10**18), width=st.integers(1, 256)
)
def test_every_path_reads_back(level: int | None, number: int, width: int) -> None:
    tile = TilePath(level, number, width)
    assert TilePath.parse(str(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/64/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/07",
        "tile/0/000.p/999",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/../000",
        "tile/٠/000",
        "tile/0/000\n",
        "tile/entries/000.p/",
    ],
)
def test_other_spellings_are_not_paths(path: str, ledger: TlogLedger) -> None:
    with pytest.raises(NotFound):
        ledger.tile(path)


def test_the_specifications_example_of_70_000_entries() -> None:
    paths = set(map(str, paths_of(70_000)))
    levels = [[path for path in paths if path.startswith(f"tile/{level}/")] for level in range(4)]
    assert [len(level) for level in levels] == [274, 2, 1, 0]
    assert {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"} <= paths
    assert set(map(str, paths_of(256))) == {"tile/entries/000", "tile/0/000", "tile/1/000.p/1"}
    assert [row_length(70_000, level) for level in range(4)] == [70_000, 273, 1, 0]
    assert width_in(70_000, 0, 274) == 0


@given(size=st.integers(0, 1000))
def test_the_edge_has_the_root_of_the_list(size: int) -> None:
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(size)]
    edge, full = Edge(), []
    for leaf in leaves:
        full += edge.append(leaf)
    assert edge.root() == root_of(leaves)
    assert [len(row) for row in edge.rows] == [size % 256, size // 256][: 1 + (size >= 256)]
    for number, tile in enumerate(full):
        own = leaves[number * 256 : number * 256 + 256]
        assert tile == (0, number, root_of(own), b"".join(own))


def test_a_copied_edge_is_independent() -> None:
    edge = Edge()
    for number in range(300):
        edge.append(leaf_hash(bytes([number % 256])))
    copy, before = edge.copy(), edge.root()
    copy.append(b"x" * 32)
    assert edge.root() == before
    assert edge.size == 300


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory):
    """66,000 entries: three levels of tiles, each with a partial one."""
    with TlogLedger(tmp_path_factory.mktemp("big") / "ledger") as ledger:
        for start in range(0, 66_000, 4_000):
            end = min(start + 4_000, 66_000)
            ledger._writer.submit([Item(f"k:{n}", b"%d" % n) for n in range(start, end)])
        yield ledger


LEAVES = [leaf_hash(b"%d" % number) for number in range(66_000)]


def test_the_tree_read_from_tiles_is_the_tree(big: TlogLedger) -> None:
    for size in (1, 255, 256, 257, 65_535, 65_536, 65_537, 65_793, 66_000):
        tree = Tree(big._forest, size)
        assert tree.root() == root_of(LEAVES[:size])
        edge = tree.edge()
        assert edge.root() == tree.root()
        edge.append(b"n" * 32)
        assert edge.root() == root_of([*LEAVES[:size], b"n" * 32])


@given(data=st.data(), size=st.integers(1, 66_000))
def test_proofs_from_tiles_verify(big: TlogLedger, data: st.DataObject, size: int) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    tree = big._forest.tree(size)
    assert verify_inclusion(LEAVES[index], index, size, tree.inclusion(index), tree.root())
    assert verify_consistency(
        old, size, tree.consistency(old), big._forest.tree(old).root(), tree.root()
    )


def test_tiles_are_the_hashes_they_should_be(big: TlogLedger) -> None:
    assert big.tile("tile/0/000") == b"".join(LEAVES[:256])
    assert big.tile("tile/0/257.p/208") == b"".join(LEAVES[257 * 256 :])
    assert big.tile("tile/0/257.p/3") == b"".join(LEAVES[257 * 256 :][:3])
    assert big.tile("tile/1/001.p/1") == root_of(LEAVES[65_536:65_792])
    assert big.tile("tile/2/000.p/1") == root_of(LEAVES[:65_536])
    assert len(big.tile("tile/1/000")) == 8192
    for absent in ("tile/0/257", "tile/0/257.p/209", "tile/2/000", "tile/3/000", "tile/0/258.p/1"):
        with pytest.raises(NotFound):
            big.tile(absent)


def test_the_cache_of_hashes_is_bounded(big: TlogLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain_adapter.tlog.tree._KNOWN_HASHES", 100)
    tree = Tree(big._forest, 66_000)
    for index in range(0, 66_000, 500):
        path = tree.inclusion(index)
        assert verify_inclusion(LEAVES[index], index, 66_000, path, tree.root())
        assert len(tree._known) <= 100


def test_bundles_hold_the_entries_with_their_lengths(ledger: TlogLedger) -> None:
    entries = make_entries("bundle", 260)
    ledger.append(entries)
    for path, own in (
        ("000", entries[:256]),
        ("001.p/4", entries[256:]),
        ("001.p/1", [entries[256]]),
    ):
        expected = b"".join(
            len(entry.encode()).to_bytes(2, "big") + entry.encode() for entry in own
        )
        assert ledger.tile(f"tile/entries/{path}") == expected
    for absent in ("001", "001.p/5", "002.p/1"):
        with pytest.raises(NotFound):
            ledger.tile(f"tile/entries/{absent}")


def test_entries_one_by_one_and_in_pages(ledger: TlogLedger) -> None:
    entries = make_entries("page", 10)
    ledger.append(entries)
    assert ledger.entry_at(3) == entries[3]
    assert ledger.entries(8, 5) == [(8, entries[8]), (9, entries[9])]
    assert ledger.entries(10, 5) == []
    assert ledger.entries(-3, 2) == [(0, entries[0]), (1, entries[1])]
    for absent in (10, 10**9):
        with pytest.raises(NotFound):
            ledger.entry_at(absent)


def test_proofs_under_every_later_checkpoint(ledger: TlogLedger) -> None:
    (receipt,) = ledger.append([make_entry("first")])
    ledger.append(make_entries("more", 4))
    ledger.append(make_entries("yet more", 0) + make_entries("yet-more", 3))
    for size in (1, 5, 8):
        proof = ledger.prove_at(0, size)
        assert verify(make_entry("first"), receipt, proof, trust_of(ledger)).ok
    for index, size in ((0, 3), (5, 5), (0, 9), (-1, 5)):
        with pytest.raises(NotFound):
            ledger.prove_at(index, size)
    assert ledger.prove(receipt).checkpoint == receipt.checkpoint
    with pytest.raises(NotFound):
        ledger.consistency(5, 9)
    with pytest.raises(NotFound):
        ledger.consistency(5, 4)


def test_an_empty_log_has_a_checkpoint(ledger: TlogLedger) -> None:
    opened = open_checkpoint(ledger.latest(), VerifierKey.parse(ledger.vkey))
    assert opened.checkpoint.size == ledger.size() == 0
    assert opened.checkpoint.root == root_of([])
    assert list(ledger.events()) == []


def test_an_exported_log_is_complete(ledger: TlogLedger, tmp_path: Path) -> None:
    ledger.append(make_entries("export", 300))
    out = tmp_path / "out"
    assert export_tiles(ledger, out) == 300
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert files == {"checkpoint", "vkey", *map(str, paths_of(300))}
    assert (out / "tile/1/000.p/1").read_bytes() == root_of(
        [leaf_hash(entry.encode()) for entry in make_entries("export", 256)]
    )
