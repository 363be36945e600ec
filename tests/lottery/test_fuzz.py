"""No change of a single byte of a transcript verifies, wherever it is made."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lottery import verifier
from lottery.transcript import assemble
from tests.effort import examples, some
from tests.lottery.building import draw


@cache
def transcript() -> bytes:
    return draw(withheld=["organiser"]).transcript()


def refused(data: bytes) -> bool:
    """Whether some check fails; the first that does is enough, which makes this quick."""
    try:
        document = verifier.parse(data)
        verifier.TRANSCRIPT(document, "")
        if document["steps"][0]["type"] != "config":
            return True
        subject = verifier.Draw(document, verifier.QUICKNET, "", None)
    except verifier.Misshapen:
        return True
    broken = False
    for _, _, act in verifier.CHECKS[1:]:
        outcome, _ = verifier.judged(act, subject, broken)
        if outcome == "failed":
            return True
    return False


def changed(data: bytes, place: int, chance: random.Random) -> bytes:
    """Another byte there: mostly one of the same kind, which stays well-formed."""
    old = data[place]
    alike = b"0123456789abcdef" if chr(old) in "0123456789abcdef" else bytes(range(32, 127))
    new = chance.choice([each for each in alike if each != old])
    return data[:place] + bytes([new]) + data[place + 1 :]


def test_the_transcript_itself_is_not_refused() -> None:
    assert not refused(transcript())
    assert verifier.verify(transcript()).outcome == "verified"


@pytest.mark.parametrize("start", some(range(4), [0]))
def test_a_changed_byte(start: int) -> None:
    """Every 41st byte, in four turns, beginning elsewhere each time."""
    chance, data = random.Random(start), transcript()  # noqa: S311
    for place in range(start * 10, len(data), 41):
        assert refused(changed(data, place, chance)), place


@pytest.mark.parametrize("start", some(range(5), [0]))
def test_a_changed_byte_of_the_last_step(start: int) -> None:
    """No later step names its digest: it is the portal's signature alone that guards it."""
    chance, data = random.Random(5), transcript()  # noqa: S311
    last = data.rindex(b'{"at":', 0, data.rindex(b'"type":"final"'))
    for place in range(last + start, len(data), 5):
        assert refused(changed(data, place, chance)), place


@pytest.mark.parametrize("start", some(range(3), [0]))
def test_a_byte_left_out_or_put_in(start: int) -> None:
    data = transcript()
    for place in range(start * 37, len(data), 111):
        assert refused(data[:place] + data[place + 1 :]), place
        assert refused(data[:place] + b"0" + data[place:]), place


def test_a_bit_of_each_signature() -> None:
    """Ed25519 as such is not malleable when S is below the order of the group."""
    data, place = transcript(), 0
    while (place := data.find(b'"signature":"', place) + 13) > 12:
        for digit in (0, 63, 64, 127):
            old = int(data[place + digit : place + digit + 1], 16)
            new = f"{old ^ 1:x}".encode()
            assert refused(data[: place + digit] + new + data[place + digit + 1 :])


@settings(max_examples=examples(60), deadline=None)
@given(st.binary(max_size=200))
def test_noise(noise: bytes) -> None:
    report = verifier.verify(noise)
    assert report.failed() == ["form"]
    assert {check.outcome for check in report.checks[1:]} == {"undecided"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**54) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)


@settings(max_examples=examples(60), deadline=None)
@given(JSON, st.data())
def test_other_values_in_their_places(value: object, data: st.DataObject) -> None:
    """Whatever stands where something else is due: a verdict is given, and it is no good one."""
    document = verifier.parse(transcript())
    node, name = {"": document}, ""
    for _ in range(data.draw(st.integers(1, 7))):
        inner = node[name]
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        node, name = inner, data.draw(st.sampled_from(keys))
        if not isinstance(node[name], dict | list) or not node[name]:
            break
    if type(node[name]) is type(value) and node[name] == value:
        return
    node[name] = value
    try:
        bent = verifier.canonical(document)
    except UnicodeEncodeError:
        return
    assert verifier.verify(bent).outcome == "refused"


def test_steps_in_another_order() -> None:
    made = draw(public_parties=1)
    chance = random.Random(7)  # noqa: S311
    for _ in range(20):
        steps = list(made.steps)
        a, b = chance.sample(range(len(steps)), 2)
        steps[a], steps[b] = steps[b], steps[a]
        assert refused(assemble(steps))
