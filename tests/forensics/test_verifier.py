"""Checks 31 to 41: each passes on sound evidence, and names the culprit for each lie."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain_adapter.verdict import Outcome
from forensics import fingerprint_of, verify_capture
from forensics.desktop import layout
from forensics.verifier import STEPS
from tests.forensics.evidence import BEGAN, Evidence, later, response
from tests.forensics.session.judging import judged
from timestamping.authority.pki import Pki
from timestamping.trust import TrustStore

SEGMENT = layout.segment(2)
EVENTS, CHAIN = layout.EVENTS, layout.CHAIN


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    return Pki.open(folder, passphrase=None, base_url="https://x.example", organisation="x")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, pki: Pki) -> Evidence:
    authority = pki.authority()
    folder = tmp_path_factory.mktemp("evidence")
    return Evidence.made(folder, lambda head: response(authority, head))


@pytest.fixture
def evidence(sound: Evidence, tmp_path: Path) -> Evidence:
    """A copy to do something to."""
    return Evidence(shutil.copytree(sound.folder, tmp_path / "evidence"))


def failing(evidence: Evidence, trust: TrustStore) -> dict[int, str]:
    checks = judged(evidence.folder, trust)
    assert [check.number for check in checks] == [number for number, *_ in STEPS]
    return {check.number: check.detail for check in checks if check.failed}


def test_sound_evidence_passes_every_check(sound: Evidence, pki: Pki) -> None:
    checks = judged(sound.folder, pki.trust())
    assert [check.number for check in checks if check.passed] == list(range(31, 42))
    details = {check.number: check.detail for check in checks}
    assert details[33].startswith("all 10 files")
    assert details[36] == "3 segments from start to end"
    assert details[38] == "1 gaps, 19 ticks missed"
    assert details[39].startswith("2 time-stamps")


Lie = Callable[[Evidence], object]
#: What is done to the files while the manifest stays: check 33 or 32 names it, and so do those
#: that look at the file itself.
FILES: dict[str, tuple[Lie, int, str]] = {
    "segment flipped": (lambda e: e.flip(SEGMENT, 1000), 33, f"{SEGMENT} is not the file listed"),
    "segment deleted": (lambda e: (e.folder / SEGMENT).unlink(), 33, f"{SEGMENT} is missing"),
    "segment cut off": (
        lambda e: (e.folder / SEGMENT).write_bytes((e.folder / SEGMENT).read_bytes()[:-9]),
        *(33, f"{SEGMENT} has "),
    ),
    "segments swapped": (
        lambda e: _swap(e, layout.segment(1), SEGMENT),
        *(33, f"{layout.segment(1)} "),
    ),
    "a file too many": (
        lambda e: (e.folder / "stills/9.png").write_bytes(b"x"),
        *(33, "stills/9.png is not in the manifest"),
    ),
    "upload changed": (lambda e: e.flip("uploads/合同.txt"), 33, "uploads/合同.txt is not"),
    "event flipped": (lambda e: e.flip(EVENTS, 40), 34, f"{EVENTS}: line 1"),
    "event deleted": (lambda e: _drop(e, EVENTS, 2), 34, f"{EVENTS}: line 3 does not follow"),
    "events moved": (lambda e: _move(e, EVENTS, 2), 34, f"{EVENTS}: line 3 does not follow"),
    "events cut off": (lambda e: _drop(e, EVENTS, -1), 34, f"{EVENTS} ends with line 6"),
    "events cut in a line": (
        lambda e: (e.folder / EVENTS).write_bytes((e.folder / EVENTS).read_bytes()[:-5]),
        *(34, f"{EVENTS}: line 7 is cut off"),
    ),
    "chain flipped": (lambda e: e.flip(CHAIN, 60), 35, f"{CHAIN}: line "),
    "chain line deleted": (lambda e: _drop(e, CHAIN, 2), 35, f"{CHAIN}: line 3 does not follow"),
    "chain lines moved": (lambda e: _move(e, CHAIN, 2), 35, f"{CHAIN}: line 3 does not follow"),
    "chain cut off": (lambda e: _drop(e, CHAIN, -1), 35, f"{CHAIN} ends with line 6"),
    "chain is gone": (lambda e: (e.folder / CHAIN).unlink(), 35, f"{CHAIN} is missing"),
}


@pytest.mark.parametrize("lie", FILES)
def test_files_that_were_touched_are_named(evidence: Evidence, pki: Pki, lie: str) -> None:
    act, number, sentence = FILES[lie]
    act(evidence)
    failed = failing(evidence, pki.trust())
    assert 33 in failed
    assert failed[number].startswith(sentence)


def _swap(evidence: Evidence, one: str, other: str) -> None:
    first, second = evidence.folder / one, evidence.folder / other
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def _drop(evidence: Evidence, path: str, at: int) -> None:
    lines = (evidence.folder / path).read_bytes().splitlines(keepends=True)
    del lines[at]
    (evidence.folder / path).write_bytes(b"".join(lines))


def _move(evidence: Evidence, path: str, at: int) -> None:
    lines = (evidence.folder / path).read_bytes().splitlines(keepends=True)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    (evidence.folder / path).write_bytes(b"".join(lines))


Change = Callable[[dict[str, Any]], object]
MANIFESTS: dict[str, tuple[Change, str]] = {
    "no session": (lambda m: m.pop("session"), "the manifest lacks session"),
    "something more": (lambda m: m.update(x=1), "the manifest lacks x, or must not have it"),
    "a strange list": (lambda m: m.update(lacking="x"), "the manifest has a strange lacking"),
    "no such end": (lambda m: m.update(terminal="fine"), "'fine' is not a valid Terminal"),
    "another schema": (lambda m: m.update(schema="x"), "the manifest's schema is not"),
    "a path out": (lambda m: m["files"][0].update(path="../x"), "a path leads"),
    "frames as text": (lambda m: m["recording"].update(frames="9"), "the manifest's recording"),
    "a gap of nothing": (lambda m: m["recording"].update(gaps=[{}]), "a gap of the manifest has"),
    "no clock": (lambda m: m.update(ended={"utc": "now", "mono": 1}), "a time is not written as"),
}


@pytest.mark.parametrize("lie", MANIFESTS)
def test_31_a_manifest_that_is_none(evidence: Evidence, pki: Pki, lie: str) -> None:
    change, sentence = MANIFESTS[lie]
    evidence.change_manifest(change)
    checks = judged(evidence.folder, pki.trust())
    assert checks[0].failed
    assert checks[0].detail.startswith(sentence)
    assert {check.outcome for check in checks[2:]} == {Outcome.UNKNOWN}


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"not", b'{"a": 1}', b"[" * 100_000])
def test_31_what_is_no_manifest_at_all(data: bytes) -> None:
    checks = verify_capture(data, None, expected=fingerprint_of(data))
    assert [check.outcome for check in checks] == [Outcome.FAIL, Outcome.PASS]


def test_32_another_manifest_than_the_one_deposited(evidence: Evidence) -> None:
    expected = fingerprint_of(evidence.manifest)
    evidence.change_manifest(lambda m: m.update(reason="another"))
    checks = verify_capture(evidence.manifest, None, expected=expected)
    assert [check.outcome for check in checks] == [Outcome.PASS, Outcome.FAIL]
    assert checks[1].detail.endswith(f"not {expected}")


def test_without_files_only_the_manifest_is_spoken_of(sound: Evidence) -> None:
    assert [check.number for check in verify_capture(sound.manifest, None)] == [31]


def test_34_an_event_that_names_another_file(evidence: Evidence, pki: Pki) -> None:
    (evidence.folder / layout.still(1)).write_bytes(b"a poser")
    evidence.seal()
    failed = failing(evidence, pki.trust())
    assert failed == {34: "stills/0001.png, which event 4 names, is another file"}


def edited(at: int, **changes: Any) -> Lie:
    """Change a line of the chain, and make every link fit again."""

    def act(evidence: Evidence) -> None:
        lines = evidence.lines(CHAIN)
        lines[at] |= changes
        evidence.relink(CHAIN, [{k: v for k, v in line.items() if v != ...} for line in lines])

    return act


def rearranged(arrange: Callable[[list[dict[str, Any]]], object]) -> Lie:
    def act(evidence: Evidence) -> None:
        lines = evidence.lines(CHAIN)
        arrange(lines)
        evidence.relink(CHAIN, lines)

    return act


#: Line numbers of the sound chain: start, token, three segments, token, end.
START, TOKEN, FIRST, SECOND, THIRD, LAST_TOKEN, END = range(7)
#: The forger makes links, heads, sums and listed digests fit; tokens still stand in the way, and
#: the check that names the culprit besides is asked for.
CHAINS: dict[str, tuple[Lie, int, str]] = {
    "unknown type": (edited(SECOND, type="scene"), 35, f"{CHAIN}: line 4: it is of no known type"),
    "no frames": (edited(SECOND, frames=...), 35, f"{CHAIN}: line 4: it has no frames"),
    "strange field": (
        edited(SECOND, colour="red"),
        35,
        f"{CHAIN}: line 4: it has a strange colour",
    ),
    "minus one": (edited(SECOND, missed=-1), 35, f"{CHAIN}: line 4: a number is none"),
    "another session": (edited(START, session="x"), 36, f"{CHAIN}: line 1 is not this session's"),
    "no start": (rearranged(lambda x: x.pop(START)), 36, f"{CHAIN}: line 1 is not this session's"),
    "no end": (rearranged(lambda x: x.pop(END)), 36, f"{CHAIN}: the last line is not the end"),
    "two ends": (rearranged(lambda x: x.append(x[END])), 36, f"{CHAIN}: line 7 is a second start"),
    "segment left out": (
        rearranged(lambda x: x.pop(SECOND)),
        *(36, f"{CHAIN}: segment 3 stands where 2 belongs"),
    ),
    "last segment left out": (
        rearranged(lambda x: x.pop(THIRD)),
        *(36, f"{CHAIN}: the end counts 3 segments"),
    ),
    "segments in another order": (
        rearranged(lambda x: x.insert(FIRST, x.pop(SECOND))),
        *(36, f"{CHAIN}: segment 2 stands where 1 belongs"),
    ),
    "another count": (edited(END, count=9), 36, f"{CHAIN}: the end counts 9 segments"),
    "another digest": (edited(SECOND, sha256="0" * 64), 37, f"{SEGMENT} is not the segment"),
    "more frames": (edited(SECOND, frames=11), 37, f"{SEGMENT} has other frames"),
    "broken off": (
        lambda e: _break_off(e, layout.segment(3)),
        *(37, f"{layout.segment(3)} has other frames"),
    ),
    "first gap hidden": (
        edited(FIRST, gaps=[], missed=0),
        *(38, f"2.0 seconds between {layout.segment(1)} and {SEGMENT} are not accounted for"),
    ),
    "missed hidden": (edited(FIRST, missed=3), 38, f"{layout.segment(1)} says that 3 ticks were"),
    "gap of another length": (
        edited(
            FIRST,
            gaps=[
                _gap := {
                    "from": BEGAN.later(0.9).to_json(),
                    "to": BEGAN.later(2.9).to_json(),
                    "seconds": 1.2,
                }
            ],
        ),
        *(38, "the gap at 2026-11-21T02:00:00.900000Z says 1.2 seconds, not 2.000"),
    ),
    "gap before the segment": (
        edited(SECOND, missed=40, gaps=[_gap | {"seconds": 2.0}]),
        *(38, f"{SEGMENT} names a gap at 2026-11-21T02:00:00.900000Z, before it began"),
    ),
    "clock turned back": (
        edited(THIRD, last=BEGAN.later(-60.0).to_json() | {"mono": BEGAN.mono + 4.4}),
        *(38, "the clocks differ by -64.4 seconds at 2026-11-21T01:59:00.000000Z"),
    ),
    "token over nothing": (
        edited(TOKEN, head="0" * 64),
        *(39, f"{layout.token(1)} is over no line of the chain before it"),
    ),
    "token left out": (
        rearranged(lambda x: x.pop(LAST_TOKEN)),
        *(39, f"{layout.token(2)} stands in no line of the chain"),
    ),
    "token before what it is over": (
        rearranged(lambda x: x.insert(FIRST, x.pop(LAST_TOKEN))),
        *(39, f"{layout.token(2)} is over no line of the chain before it"),
    ),
}


def _break_off(evidence: Evidence, path: str) -> None:
    data = (evidence.folder / path).read_bytes()
    (evidence.folder / path).write_bytes(data[: data.rindex(b"moof") - 4])
    found = {"sha256": fingerprint_of((evidence.folder / path).read_bytes())}
    found["bytes"] = (evidence.folder / path).stat().st_size  # type: ignore[assignment]
    edited(THIRD, **found)(evidence)


@pytest.mark.parametrize("lie", CHAINS)
def test_35_to_39_a_chain_made_to_fit_again_is_seen_through(
    evidence: Evidence, pki: Pki, lie: str
) -> None:
    act, number, sentence = CHAINS[lie]
    act(evidence)
    _seal_as_a_forger(evidence)
    failed = failing(evidence, pki.trust())
    assert failed[number].startswith(sentence)


def _seal_as_a_forger(evidence: Evidence) -> None:
    try:
        evidence.seal()
    except (KeyError, TypeError):
        # Too broken for our own writer: what the forger cannot compute stays as it was.
        files = {path: fingerprint_of((evidence.folder / path).read_bytes()) for path in (CHAIN,)}
        head = fingerprint_of((evidence.folder / CHAIN).read_bytes().splitlines()[-1])

        def change(value: dict[str, Any]) -> None:
            value["recording"]["head"] = head
            for each in value["files"]:
                if each["path"] in files:
                    data = (evidence.folder / each["path"]).read_bytes()
                    each |= {"sha256": fingerprint_of(data), "size": len(data)}

        evidence.change_manifest(change)


def test_36_sums_that_the_manifest_makes_up(evidence: Evidence, pki: Pki) -> None:
    evidence.change_manifest(lambda m: m["recording"].update(frames=99))
    assert failing(evidence, pki.trust()) == {36: "the manifest says frames 99, the chain 26"}


def test_37_a_segment_nobody_speaks_of(evidence: Evidence, pki: Pki) -> None:
    shutil.copy(evidence.folder / SEGMENT, evidence.folder / layout.segment(4))
    evidence.seal()
    failed = failing(evidence, pki.trust())
    assert failed == {37: f"{layout.segment(4)} stands in no line of the chain"}


def test_38_gaps_that_the_manifest_leaves_out(evidence: Evidence, pki: Pki) -> None:
    evidence.change_manifest(lambda m: m["recording"].update(gaps=[]))
    failed = failing(evidence, pki.trust())
    assert failed == {38: "the manifest names other gaps than the chain"}


def restamped(evidence: Evidence, token: bytes) -> None:
    """Put another token in the place of the second, with all digests made to fit."""
    (evidence.folder / layout.token(2)).write_bytes(token)
    edited(LAST_TOKEN, sha256=fingerprint_of(token))(evidence)
    evidence.seal()


def test_39_a_token_over_another_head(evidence: Evidence, pki: Pki) -> None:
    restamped(evidence, response(pki.authority(), "ab" * 32))
    assert failing(evidence, pki.trust())[39].startswith(f"{layout.token(2)} is not over the head")


def test_39_a_token_of_nobody_we_trust(evidence: Evidence, pki: Pki, tmp_path: Path) -> None:
    other = Pki.open(tmp_path / "pki", passphrase=None, base_url="https://y", organisation="y")
    restamped(evidence, response(other.authority(), evidence.lines(CHAIN)[LAST_TOKEN]["head"]))
    assert failing(evidence, pki.trust())[39].startswith(f"{layout.token(2)} does not hold")


def test_39_what_is_no_token(evidence: Evidence, pki: Pki) -> None:
    restamped(evidence, b"no token")
    assert failing(evidence, pki.trust())[39].startswith(f"{layout.token(2)}: ")


def test_39_a_final_time_stamp_that_was_not(evidence: Evidence, pki: Pki) -> None:
    evidence.change_manifest(lambda m: m["recording"].update(final_token=False))
    assert failing(evidence, pki.trust())[39].startswith("the manifest says otherwise")


def test_39_a_token_older_than_what_it_is_over(evidence: Evidence, pki: Pki) -> None:
    lines = evidence.lines(CHAIN)
    for line in lines:
        for name in ("first", "last"):
            if name in line:
                line[name] |= {"utc": line[name]["utc"].replace("2026", "2099")}
    evidence.relink(CHAIN, lines)
    heads = [line["prev"] for line in evidence.lines(CHAIN)]
    stamped = response(pki.authority(), heads[LAST_TOKEN])
    (evidence.folder / layout.token(2)).write_bytes(stamped)
    edited(LAST_TOKEN, head=heads[LAST_TOKEN], sha256=fingerprint_of(stamped))(evidence)
    evidence.seal()
    assert failing(evidence, pki.trust())[39] == f"{layout.token(2)} is older than what it is over"


def test_39_without_roots_nothing_is_decided(sound: Evidence) -> None:
    checks = verify_capture(sound.manifest, lambda path: (sound.folder / path).open("rb"))
    assert [check.number for check in checks if not check.passed] == [39]
    assert checks[7].outcome is Outcome.UNKNOWN


RESULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "one left out": (lambda r: r["results"].pop(), "the manifest says"),
    "turned": (lambda r: r["results"][1].update(outcome="pass"), "the manifest says"),
    "no outcome": (lambda r: r["results"][1].pop("outcome"), "environment.json has a result"),
    "of another session": (lambda r: r.update(session="x"), "environment.json is of another"),
    "none": (lambda r: r.update(results=[]), "environment.json is of another"),
}


@pytest.mark.parametrize("lie", RESULTS)
def test_40_results_that_are_not_those_of_the_manifest(
    evidence: Evidence, pki: Pki, lie: str
) -> None:
    change, sentence = RESULTS[lie]
    path = evidence.folder / layout.ENVIRONMENT
    value = json.loads(path.read_bytes())
    change(value)
    path.write_bytes(json.dumps(value).encode())
    assert failing(evidence, pki.trust())[40].startswith(sentence)


def test_40_nothing_was_checked(evidence: Evidence, pki: Pki) -> None:
    (evidence.folder / layout.ENVIRONMENT).unlink()
    evidence.seal()
    failed = failing(evidence, pki.trust())
    assert failed == {40: "environment.json is missing: nothing was checked"}


def test_41_a_manifest_that_ends_otherwise_than_the_log(evidence: Evidence, pki: Pki) -> None:
    evidence.change_manifest(lambda m: m.update(terminal="interrupted"))
    failed = failing(evidence, pki.trust())
    assert failed == {41: "the manifest says interrupted, the last event complete"}


def relogged(evidence: Evidence, arrange: Callable[[list[dict[str, Any]]], object]) -> None:
    lines = evidence.lines(EVENTS)
    arrange(lines)
    evidence.relink(EVENTS, [line | {"n": n} for n, line in enumerate(lines, 1)])


ENDS: dict[str, tuple[Lie, str]] = {
    "no last event": (
        lambda e: relogged(e, lambda x: x.pop()),
        f"{EVENTS} does not end with the session's end",
    ),
    "another reason": (edited(END, reason="tired"), "the recording's chain gives another reason"),
    "a broken segment": (
        edited(THIRD, whole=False),
        f"the session is called complete, but {layout.segment(3)} breaks off",
    ),
    "input after the end": (
        lambda e: relogged(e, lambda x: (x[-2].update(_at(90)), x[-1].update(_at(91)))),
        "event 6: there was input that is not on the recording",
    ),
    "input before the start": (
        lambda e: relogged(e, lambda x: x.insert(0, x.pop(1) | _at(-5))),
        "event 1: there was input that is not on the recording",
    ),
    "a gap at the end": (
        rearranged(
            lambda x: x.insert(
                END,
                {"type": "gap", "reason": "x", "seconds": 1.5}
                | {
                    "from": BEGAN.later(4.4).to_json(),
                    "to": BEGAN.later(5.9).to_json(),
                },
            )
        ),
        "the session is called complete, but the screen was not seen for 1.5 s",
    ),
}


def _at(seconds: float) -> dict[str, Any]:
    moment = BEGAN.later(seconds).to_json()
    return {"at": moment["utc"], "mono": moment["mono"]}


@pytest.mark.parametrize("lie", ENDS)
def test_41_complete_is_said_of_what_is_not(evidence: Evidence, pki: Pki, lie: str) -> None:
    act, sentence = ENDS[lie]
    act(evidence)
    evidence.seal()
    assert failing(evidence, pki.trust())[41] == sentence or lie == "another reason"
    assert failing(evidence, pki.trust())[41].startswith(sentence)


def test_41_something_is_lacking(evidence: Evidence, pki: Pki) -> None:
    evidence.change_manifest(lambda m: m.update(lacking=["the web archive"]))
    failed = failing(evidence, pki.trust())
    assert failed == {41: "the session is called complete, but: the web archive"}


def test_41_a_long_gap_is_not_complete(evidence: Evidence, pki: Pki) -> None:
    lines = evidence.lines(CHAIN)
    for at in (SECOND, THIRD):
        for name in ("first", "last"):
            lines[at][name] = later(lines[at][name], 10)
    gap = lines[FIRST]["gaps"][0]
    gap |= {"to": later(gap["to"], 10), "seconds": 12.0}
    lines[FIRST]["missed"] = 119
    evidence.relink(CHAIN, lines)
    evidence.seal()
    failed = failing(evidence, pki.trust())
    assert failed[41].endswith("the screen was not seen for 12.0 s")


def test_every_number_has_its_failing_test() -> None:
    """Each check is named by at least one lie above."""
    told = {number for _, number, _ in (*FILES.values(), *CHAINS.values())}
    assert told | {31, 32, 40, 41} == {number for number, *_ in STEPS}
