"""A draw's bundle: each check passes on a good one and fails on the culprit it names."""

from __future__ import annotations

import hashlib
import inspect
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import rfc8785

from chain_adapter import Digest, Entry, Trust
from chain_adapter.verdict import Check, Outcome
from lottery import verifier
from lottery.bundle import (
    BundleFile,
    BundleManifest,
    Seal,
    Winner,
    facts_of,
    layout,
    read_manifest,
    read_seals,
    read_winners,
    verify_bundle,
    winning_positions,
    write_seals,
    write_winners,
)
from lottery.bundle.manifest import BadBundle
from tests.lottery.building import Draw, draw
from tests.timestamping.evidence import House
from timestamping.filelist import DRAW, FileList

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House.at(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def drawn() -> Draw:
    return draw(sample=3, withheld=["organiser"])


@pytest.fixture(scope="module")
def bundle(house: House, drawn: Draw) -> Files:
    return files_of(house, drawn)


def files_of(house: House, drawn: Draw) -> Files:
    """Everything but the manifest."""
    files: Files = {
        layout.TRANSCRIPT: drawn.transcript(),
        layout.VERIFIER: inspect.getsource(verifier).encode(),
        layout.LEAVES: b"".join(drawn.plan.leaves()),
    }
    seals = []
    for number, step in enumerate(drawn.steps):
        digest = Digest("sha256", hashlib.sha256(step).digest())
        token = house.token(digest)
        entry = house.platform.sign(
            Entry(
                kind="deposit",
                id=f"step-{number}",
                digests=(digest,),
                token=token.sha256,
                meta=bytes(32),
                by="acct:1",
                platform=house.platform.key_id,
            )
        )
        receipt, proof = house.log.append(entry)
        files[layout.token(number)] = token.response()
        texts = entry.encode(), receipt.to_json(), proof.encode()
        seals.append(Seal(number, f"NE-{number}", *(as_text(each) for each in texts)))
    files[layout.SEALS] = write_seals(seals)
    won = winning_positions(steps_of(drawn)) or set()
    files[layout.WINNERS] = write_winners(map(winner, won))
    return files


def as_text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode()


def steps_of(drawn: Draw) -> list[dict[str, Any]]:
    return [json.loads(each) for each in drawn.steps]


def winner(position: int) -> Winner:
    """As the plan's leaves are made."""
    tag = hashlib.sha256(b"tag %d" % position).digest()
    return Winner(position, tag[:16].hex(), tag.hex(), ("A", "1", f"Entry {position}"))


def manifest_of(drawn: Draw, files: Files, **changes: Any) -> bytes:
    digests = [hashlib.sha256(each).digest() for each in drawn.steps]
    facts = dict(facts_of(steps_of(drawn), digests))
    listed = tuple(BundleFile.of(path, data) for path, data in files.items())
    return replace(BundleManifest(**facts, files=listed), **changes).encode()


def judge(house: House, manifest: bytes, files: Files) -> dict[str, Check]:
    def opener(path: str) -> BinaryIO:
        return io.BytesIO(files[path])

    trust = house.trust()
    checks = verify_bundle(manifest, opener, certificates=trust.certificates, ledger=trust.ledger)
    return {check.code: check for check in checks}


def failing(checks: dict[str, Check]) -> set[str]:
    return {check.code for check in checks.values() if check.failed}


def test_a_good_one_passes_every_check(house: House, drawn: Draw, bundle: Files) -> None:
    checks = judge(house, manifest_of(drawn, bundle), bundle)
    assert failing(checks) == set()
    assert {check.outcome for check in checks.values()} == {Outcome.PASS}
    numbers = [check.number for check in checks.values()]
    assert numbers == sorted(numbers)
    assert numbers[:6] == [51, 52, 53, 54, 55, 56]
    assert {"draw-recoveries", "draw-audit", "draw-leaves"} <= checks.keys()
    assert "draw-beacon" not in checks  # no part of this draw


def test_the_manifest_is_a_list_of_files(drawn: Draw, bundle: Files) -> None:
    listed = FileList.decode(manifest_of(drawn, bundle))
    assert listed.schema == DRAW
    assert {each.path for each in listed.files} == set(bundle)


def test_without_the_files_only_the_manifest_is_judged(
    house: House, drawn: Draw, bundle: Files
) -> None:
    checks = verify_bundle(manifest_of(drawn, bundle), None, certificates=None, ledger=Trust())
    assert [check.code for check in checks] == ["draw-manifest"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", "00" * 32), ("outcome", "final"), ("organiser", "Somebody"), ("steps", 3)],
)
def test_a_manifest_of_another_record(
    house: House, drawn: Draw, bundle: Files, name: str, value: Any
) -> None:
    checks = judge(house, manifest_of(drawn, bundle, **{name: value}), bundle)
    assert failing(checks) == {"draw-record"}
    assert name in checks["draw-record"].detail


def test_a_rehearsal_cannot_be_passed_off_as_real(house: House) -> None:
    drawn = draw(rehearsal=True)
    files = files_of(house, drawn)
    assert failing(judge(house, manifest_of(drawn, files), files)) == set()
    checks = judge(house, manifest_of(drawn, files, rehearsal=False), files)
    assert failing(checks) == {"draw-record"}


def test_a_step_without_its_token(house: House, drawn: Draw, bundle: Files) -> None:
    files = dict(bundle)
    del files[layout.token(4)]
    checks = judge(house, manifest_of(drawn, files), files)
    assert "draw-tokens" in failing(checks)
    assert layout.token(4) in checks["draw-tokens"].detail


def test_a_token_of_another_step(house: House, drawn: Draw, bundle: Files) -> None:
    files = bundle | {layout.token(4): bundle[layout.token(5)]}
    checks = judge(house, manifest_of(drawn, files), files)
    assert "not over step 4" in checks["draw-tokens"].detail


def test_a_token_too_many(house: House, drawn: Draw, bundle: Files) -> None:
    files = bundle | {layout.token(999): bundle[layout.token(5)]}
    checks = judge(house, manifest_of(drawn, files), files)
    assert failing(checks) == {"draw-tokens"}
    assert layout.token(999) in checks["draw-tokens"].detail


def test_a_token_of_a_stranger(house: House, drawn: Draw, bundle: Files, tmp_path: Path) -> None:
    stranger = House.at(tmp_path)
    step = Digest("sha256", hashlib.sha256(drawn.steps[2]).digest())
    files = bundle | {layout.token(2): stranger.token(step).response()}
    checks = judge(house, manifest_of(drawn, files), files)
    assert "does not hold" in checks["draw-tokens"].detail


def swapped(seals: list[Seal]) -> list[Seal]:
    """Step 3 is said to be recorded where step 4 is, and the other way round."""
    first, second = seals[3], seals[4]
    seals[3], seals[4] = replace(second, step=3), replace(first, step=4)
    return seals


def shorter(seals: list[Seal]) -> list[Seal]:
    return seals[:-1]


def forged(seals: list[Seal]) -> list[Seal]:
    """Another position, so that the path leads nowhere."""
    receipt = json.loads(seals[2].receipt)
    receipt["position"] += 1
    seals[2] = replace(seals[2], receipt=rfc8785.dumps(receipt).decode())
    return seals


@pytest.mark.parametrize("change", [swapped, shorter, forged])
def test_seals_that_do_not_fit(
    house: House, drawn: Draw, bundle: Files, change: Callable[[list[Seal]], list[Seal]]
) -> None:
    seals = change(list(read_seals(bundle[layout.SEALS])))
    files = bundle | {layout.SEALS: write_seals(seals)}
    assert failing(judge(house, manifest_of(drawn, files), files)) == {"draw-ledger"}


def test_steps_recorded_in_another_order(house: House, drawn: Draw, bundle: Files) -> None:
    """Each seal holds, but step 2 was recorded once more after step 3 and shown with that."""
    later = files_of(house, drawn)
    seals = list(read_seals(bundle[layout.SEALS]))
    again = read_seals(later[layout.SEALS])[2]
    seals[2] = again
    files = bundle | {layout.SEALS: write_seals(seals), layout.token(2): later[layout.token(2)]}
    checks = judge(house, manifest_of(drawn, files), files)
    assert failing(checks) == {"draw-ledger"}
    assert "step 3 is recorded before" in checks["draw-ledger"].detail


def test_secrets_stamped_after_the_beacon(house: House) -> None:
    """The record says in time, and the time-stamps, made today, say otherwise."""
    drawn = draw(public=("drand",))
    files = files_of(house, drawn)
    checks = judge(house, manifest_of(drawn, files), files)
    assert "draw-times" in failing(checks)
    assert "later than" in checks["draw-times"].detail


@pytest.mark.parametrize("change", ["somebody else", "one missing", "one more"])
def test_names_that_did_not_win(house: House, drawn: Draw, bundle: Files, change: str) -> None:
    named = list(read_winners(bundle[layout.WINNERS]))
    if change == "somebody else":
        named[0] = replace(named[0], fields=("A", "1", "A friend"))
    elif change == "one missing":
        named = named[1:]
    else:
        taken = {each.position for each in named}
        named.append(winner(next(n for n in range(12) if n not in taken)))
    files = bundle | {layout.WINNERS: write_winners(named)}
    checks = judge(house, manifest_of(drawn, files), files)
    assert failing(checks) == {"draw-named"}


def test_without_the_leaves_the_names_are_undecided(
    house: House, drawn: Draw, bundle: Files
) -> None:
    files = {path: data for path, data in bundle.items() if path != layout.LEAVES}
    checks = judge(house, manifest_of(drawn, files), files)
    assert failing(checks) == set()
    assert checks["draw-named"].outcome is Outcome.UNKNOWN


def test_another_list(house: House, drawn: Draw, bundle: Files) -> None:
    leaves = bytearray(bundle[layout.LEAVES])
    leaves[40] ^= 1
    files = bundle | {layout.LEAVES: bytes(leaves)}
    assert "draw-leaves" in failing(judge(house, manifest_of(drawn, files), files))


def test_a_record_that_was_changed(house: House, drawn: Draw, bundle: Files) -> None:
    """What the record says of itself is judged by its own checks, under their numbers."""
    document = json.loads(bundle[layout.TRANSCRIPT])
    result = next(each for each in document["steps"] if each["type"] == "result")
    result["body"]["winners"].reverse()
    files = bundle | {layout.TRANSCRIPT: rfc8785.dumps(document)}
    checks = judge(house, manifest_of(drawn, files), files)
    assert {"draw-tokens", "draw-chain", "draw-winners"} <= failing(checks)
    assert checks["draw-winners"].number == 76


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"schema":"notary/draw/v1","steps":[1]}', b"\xff" * 40]
)
def test_rubbish_for_a_record_raises_nothing(
    house: House, drawn: Draw, bundle: Files, data: bytes
) -> None:
    files = bundle | {layout.TRANSCRIPT: data}
    checks = judge(house, manifest_of(drawn, files), files)
    assert "draw-record" in failing(checks)
    assert not checks["draw-record"].passed


@pytest.mark.parametrize("path", [layout.TRANSCRIPT, layout.SEALS, layout.WINNERS, layout.LEAVES])
def test_a_file_that_is_not_there(house: House, drawn: Draw, bundle: Files, path: str) -> None:
    manifest = manifest_of(drawn, bundle)
    files = {name: data for name, data in bundle.items() if name != path}
    checks = judge(house, manifest, files)
    assert any(path in check.detail for check in checks.values() if check.failed)


class TestDocuments:
    def test_they_are_read_as_they_are_written(self, drawn: Draw, bundle: Files) -> None:
        manifest = manifest_of(drawn, bundle)
        assert read_manifest(manifest).encode() == manifest
        seals = bundle[layout.SEALS]
        assert write_seals(read_seals(seals)) == seals
        named = bundle[layout.WINNERS]
        assert write_winners(read_winners(named)) == named

    @pytest.mark.parametrize("read", [read_seals, read_winners, read_manifest])
    @pytest.mark.parametrize(
        "data", [b"", b"{}", b"[]", b"null", b'{"schema":"x"}', b"[" * 100_000, b"\xff\xfe"]
    )
    def test_nothing_else_is(self, read: Callable[[bytes], Any], data: bytes) -> None:
        with pytest.raises(BadBundle):
            read(data)

    @pytest.mark.parametrize("at", range(0, 400, 7))
    def test_no_lenient_form_of_the_winners(self, bundle: Files, at: int) -> None:
        data = bytearray(bundle[layout.WINNERS])
        data.insert(at % len(data), 0x20)
        try:
            found = read_winners(bytes(data))
        except BadBundle:
            return
        assert write_winners(found) == bytes(data)  # a space within a name
