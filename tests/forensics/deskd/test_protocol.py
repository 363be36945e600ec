"""What travels between portal and desktop service, strange things too."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics import errors
from forensics.deskd import protocol
from forensics.desktop.interface import DesktopSpec, Isolation, Limits, Probe
from forensics.errors import DeskUnavailable, InvalidSpec, NoCapacity

SESSION = "0123456789abcdef" * 2


def test_a_spec_comes_back_as_it_was() -> None:
    spec = DesktopSpec(
        SESSION,
        width=1920,
        height=1080,
        language="en-US",
        keyboard="de",
        timezone="Europe/Berlin",
        urls=("https://example.org/",),
        limits=Limits(memory_bytes=1 << 30, cores=0.5),
        subject={"case": "案件"},
    )
    sent = json.loads(protocol.encode(protocol.spec_to_json(spec)))
    assert protocol.spec_from_json(sent) == spec


def test_a_probe_comes_back_as_it_was() -> None:
    probe = Probe(True, Isolation.ISOLATED, 4, 1, ("a reason",), {"chromium": "1"})
    sent = json.loads(protocol.encode(protocol.probe_to_json(probe)))
    assert protocol.probe_from_json(sent) == probe


@pytest.mark.parametrize(
    "change",
    [
        {"session": "../../etc"},
        {"session": None},
        {"width": 1280.0},
        {"width": True},
        {"fps": "10"},
        {"timezone": "../../etc/passwd"},
        {"timezone": "Asia/Shanghai\n"},
        {"start_url": "file:///etc/passwd"},
        {"urls": "http://x/"},
        {"urls": [1]},
        {"limits": {"memory_bytes": 1}},
        {"limits": {"cores": float("nan")}},
        {"limits": {"processes": 3.5}},
        {"limits": {"uid": 0}},
        {"limits": []},
        {"subject": []},
        {"uid": 0},
    ],
)
def test_no_desktop_is_made_of_this(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec):
        protocol.spec_from_json(protocol.spec_to_json(DesktopSpec(SESSION)) | change)


def test_errors_keep_their_class_and_words() -> None:
    said = json.loads(protocol.encode(protocol.error_of(NoCapacity("all taken"))))
    with pytest.raises(NoCapacity, match="all taken"):
        protocol.raise_error(said["error"])


@pytest.mark.parametrize("strange", [None, {}, {"kind": "SystemExit"}, {"kind": "annotations"}])
def test_no_other_class_is_raised(strange: Any) -> None:
    with pytest.raises(DeskUnavailable):
        protocol.raise_error(strange)


@given(st.binary(max_size=300))
def test_a_line_is_an_object_or_refused(data: bytes) -> None:
    try:
        found = protocol.read_line(io.BytesIO(data), 100)
    except ValueError:
        return
    assert found is None or isinstance(found, dict)
    assert found is None or len(data.split(b"\n")[0]) < 100


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda each: (
            st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=12), each, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_whatever_is_no_spec_is_refused_as_such(value: Any) -> None:
    with pytest.raises(errors.ForensicsError):
        protocol.spec_from_json(value)
