"""What needs no screen: status, commands, uploads, the watch, and the lines of the chain."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.chained import Line
from forensics.clock import Moment, parse_utc, rfc3339
from forensics.desktop.interface import Observation, Phase, Step, StepReport, Terminal
from forensics.errors import DeskUnavailable, InvalidEvidence, InvalidSpec
from forensics.recording import parse_entry
from forensics.session import watch
from forensics.session.client import ask
from forensics.session.commands import COMMANDS, check_command
from forensics.session.spec import Settings, read_spec
from forensics.session.state import State
from forensics.session.status import from_json, read_status, to_json, write_status
from forensics.session.uploads import UploadBox, harmless
from forensics.session.watch import Signs

SESSION = "5e" * 16
SEEN = Observation(
    session=SESSION,
    phase=Phase.ENDING,
    terminal=Terminal.INTERRUPTED,
    steps=(StepReport(Step.RECORDER, "done", datetime(2026, 11, 21, tzinfo=UTC), "…"),),
    input_on=True,
    head="ab" * 32,
    count=3,
    seconds=12.5,
    checks={"pass": 2},
    counts={"stills": 1},
    reason="录制中断",
)


def test_a_status_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert from_json(to_json(SEEN)) == SEEN
    path = tmp_path / "status.json"
    write_status(path, SEEN)
    write_status(path, replace(SEEN, frames=7))
    assert read_status(path).frames == 7
    assert [each.name for each in tmp_path.iterdir()] == ["status.json"]


def test_a_later_version_may_say_more() -> None:
    value = json.loads(to_json(SEEN)) | {"colour": "red"}
    assert from_json(json.dumps(value).encode()) == SEEN


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(name=st.sampled_from(sorted(json.loads(to_json(SEEN)))), value=_JSON)
def test_a_strange_status_is_refused_in_one_way(name: str, value: Any) -> None:
    data = json.dumps(json.loads(to_json(SEEN)) | {name: value}).encode()
    try:
        assert from_json(data).session
    except InvalidEvidence as error:
        assert name in str(error)  # noqa: PT017


@pytest.mark.parametrize("data", [b"", b"[]", b"x", b"{}", b" " * 300_000, b"[" * 200_000])
def test_what_is_no_status(data: bytes) -> None:
    with pytest.raises(InvalidEvidence):
        from_json(data)


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_have_one_spelling(moment: datetime) -> None:
    assert parse_utc(rfc3339(moment)) == moment


@given(_JSON)
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(InvalidEvidence):
        parse_utc(value)


_AT = Moment(datetime(2026, 11, 21, tzinfo=UTC), 5.0)
_SEGMENT: dict[str, Any] = {
    "type": "segment", "prev": "0" * 64, "seq": 1, "file": "recording/segment-000001.mp4",
    "sha256": "ab" * 32, "bytes": 5, "frames": 2, "first": _AT.to_json(),
    "last": _AT.later(1).to_json(), "missed": 0, "gaps": [], "whole": True,
}  # fmt: skip


@given(name=st.sampled_from(sorted(_SEGMENT)), value=_JSON)
def test_a_line_of_the_chain_is_read_or_refused(name: str, value: Any) -> None:
    fields = _SEGMENT | {name: value}
    try:
        parse_entry(Line(1, fields, "0" * 64, "0" * 64))
    except InvalidEvidence as error:
        assert str(error).startswith("line 1: ")  # noqa: PT017


@given(st.dictionaries(st.sampled_from([*_SEGMENT, "head", "count", "at"]), _JSON))
def test_anything_is_no_line_of_the_chain(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvidence):
        parse_entry(Line(3, {"prev": "", **fields}, "", ""))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_takes_its_arguments_and_no_others(name: str) -> None:
    blank = {"text": "x", "yes or no": True, "a whole number": 1, "a list of objects": [{}]}
    right = {key: blank[kind] for key, kind in COMMANDS[name].items()}
    assert check_command(name, right) == right
    for key in right:
        with pytest.raises(InvalidSpec, match=key):
            check_command(name, right | {key: None})
        with pytest.raises(InvalidSpec, match=key):
            check_command(name, {other: each for other, each in right.items() if other != key})
    with pytest.raises(InvalidSpec, match="colour"):
        check_command(name, right | {"colour": 7})


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(DeskUnavailable):
        ask(tmp_path / "keeper.sock", "activity")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("合同.pdf", "合同.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".bashrc", "bashrc"),
        ("a\x00b\n.txt", "a_b_.txt"),
        ("", "file"),
        (" . ", "file"),
        ("x" * 300 + ".jpg", "x" * 176 + ".jpg"),
        ("中" * 300, "中" * 60),
        ("a\u202egpj.exe", "a_gpj.exe"),
    ],
)
def test_names_are_harmless(name: str, expected: str) -> None:
    assert harmless(name) == expected


@given(st.text(max_size=300))
def test_no_name_leads_anywhere(name: str) -> None:
    found = harmless(name)
    assert 0 < len(found.encode()) <= 180
    assert not set(found) & set('/\\:*?"<>|\x00')
    assert not found.startswith(".")


def test_too_many_uploads_at_once(tmp_path: Path) -> None:
    box = UploadBox(tmp_path, tmp_path / "kept", tmp_path)
    for _ in range(4):
        box.begin("a", 1)
    with pytest.raises(Exception, match="too many"):
        box.begin("a", 1)
    box.close()
    assert list(tmp_path.iterdir()) == []


NOW = 100.0
SIGNS = Signs(NOW, None, 90 << 20, 5 << 30)
WELL = State(heard=NOW - 0.1, grabbed=NOW - 0.1, frames=9, active=NOW, began=_AT, input_on=True)
TROUBLES = {
    "nothing": (WELL, SIGNS, ""),
    "killed": (WELL, replace(SIGNS, status=-9), "unexpectedly (signal 9)"),
    "left": (WELL, replace(SIGNS, status=1), "unexpectedly (status 1)"),
    "full": (WELL, replace(SIGNS, free_bytes=5 << 20), "nearly full (5 MiB are free)"),
    "fat": (WELL, replace(SIGNS, memory_bytes=600 << 20), "too much memory (600 MiB)"),
    "silent": (replace(WELL, heard=NOW - 2.1), SIGNS, "the recorder stands still"),
    "frozen": (replace(WELL, grabbed=NOW - 2.6), SIGNS, "the screen does not answer"),
    "slow": (replace(WELL, grabbed=NOW - 2.4), SIGNS, ""),
    "waiting": (replace(WELL, grabbed=None, launched=NOW - 5), SIGNS, ""),
    "never": (replace(WELL, grabbed=None, launched=NOW - 25), SIGNS, "saw no picture"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_what_ends_a_session(name: str) -> None:
    state, signs, sentence = TROUBLES[name]
    found = watch.trouble(state, signs, Settings())
    assert sentence in found
    assert bool(found) == bool(sentence)


def test_how_long_a_recorder_may_be_silent_is_a_setting() -> None:
    silent = replace(WELL, heard=NOW - 2.1)
    assert watch.trouble(silent, SIGNS, Settings(silence_seconds=2.2)) == ""
    assert "stands still" in watch.trouble(silent, SIGNS, Settings(silence_seconds=2.0))


def test_input_passes_only_while_the_screen_is_seen() -> None:
    assert watch.holds(WELL, SIGNS, Settings())
    assert not watch.holds(replace(WELL, grabbed=NOW - 1.1), SIGNS, Settings())
    assert not watch.holds(replace(WELL, heard=NOW - 1.1), SIGNS, Settings())
    assert not watch.holds(replace(WELL, grabbed=None), SIGNS, Settings())


def test_time_and_idleness() -> None:
    settings = Settings(idle_seconds=60, warn_seconds=10)
    assert watch.time_is_up(WELL, NOW, settings, 3600) == ""
    assert watch.time_is_up(WELL, NOW, settings, 90) == "limit"
    assert watch.time_is_up(replace(WELL, active=NOW - 60), NOW, settings, 3600) == "idle"
    unattended = replace(WELL, active=NOW - 60, input_on=False)
    assert watch.time_is_up(unattended, NOW, settings, 3600) == ""
    assert watch.warnings(WELL, NOW, settings, 100) == {"limit": 5}
    assert watch.warnings(replace(WELL, active=NOW - 55), NOW, settings, 3600) == {"idle": 5}


def test_a_spec_is_the_desktops_and_its_services_facts(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    said: dict[str, Any] = {"session": SESSION, "urls": ["https://example.org/"], "fps": 5}
    said |= {"isolation": "isolated", "display": 40, "cdp_port": 9222, "limits": {"seconds": 60}}
    path.write_text(json.dumps(said))
    spec = read_spec(path)
    assert (spec.settings.display, spec.settings.cdp_port) == (":40", 9222)
    assert spec.desktop.limits.seconds == 60
    assert spec.facts == {"isolation": "isolated", "display": 40, "cdp_port": 9222}
    assert spec.asked()["urls"] == ["https://example.org/"]


@pytest.mark.parametrize(
    "said",
    [[], {}, {"session": "x"}, {"session": SESSION, "fps": 99}, {"session": SESSION, "limits": 3},
     {"session": SESSION, "cdp_port": "x"}],
)  # fmt: skip
def test_a_spec_that_is_none(tmp_path: Path, said: Any) -> None:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(said))
    with pytest.raises(InvalidSpec):
        read_spec(path)
