"""The body of a submission: one spelling, and nothing that makes the parser fail otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_adapter.checkpoint import Checkpoint
from chain_adapter.node.block import Block
from chain_adapter.node.routes import Rejection
from chain_adapter.node.submission import Submission, read_submission
from chain_adapter.note import Note, SignatureLine

HASH = st.binary(min_size=32, max_size=32)
LINE = st.builds(
    SignatureLine,
    st.sampled_from(["log.example", "w1.example", "节点.example"]),
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=72),
)


@st.composite
def submissions(draw: st.DrawFn) -> Submission:
    size = draw(st.integers(0, 2**62))
    checkpoint = Checkpoint("log.example/ledger", size, draw(HASH))
    note = Note(checkpoint.text(), tuple(draw(st.lists(LINE, min_size=1, max_size=5))))
    proof = tuple(draw(st.lists(HASH, max_size=63)))
    return Submission(draw(st.integers(0, size)), proof, note, checkpoint)


@given(submissions())
def test_what_is_written_is_read(submission: Submission) -> None:
    assert read_submission(submission.encode()) == submission


@given(submissions(), st.data())
@settings(max_examples=200)
def test_any_other_bytes_are_read_the_same_or_refused(
    submission: Submission, data: st.DataObject
) -> None:
    body = bytearray(submission.encode())
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] = data.draw(st.integers(0, 255))
    try:
        found = read_submission(bytes(body)).encode()
    except Rejection:
        return
    assert found == bytes(body)


@given(st.binary(max_size=300))
def test_noise_is_refused(body: bytes) -> None:
    with pytest.raises(Rejection) as refused:
        read_submission(body)
    assert refused.value.status == 400


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_noise_is_no_block(data: bytes) -> None:
    with pytest.raises(ValueError):
        Block.from_json(data)


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        (
            b'{"checkpoint":1,"first":0,"last":0,"node":"n","prev":"","root":"","seq":1,"size":1,'
            b'"time":"x","v":1}'
        ),
        (
            b'{"checkpoint":"","first":[],"last":0,"node":"n","prev":"","root":"","seq":1,"size":1,'
            b'"time":"2026-01-01T00:00:00Z","v":1}'
        ),
    ],
)
def test_what_only_looks_like_a_block_is_none(data: bytes) -> None:
    with pytest.raises(ValueError):
        Block.from_json(data)
