"""What stands beside an entry: read strictly, bounded, and belonging to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter import Entry, EntryKey, InvalidEntry, digest_of
from chain_adapter.supplement import MAX_CONTENT, MAX_KEY, MAX_TOKEN, Supplement

DEPOSITOR = EntryKey.generate()


def entry() -> Entry:
    return Entry(
        kind="member",
        id="one",
        digests=(digest_of(b"content"),),
        token=digest_of(b"token").value,
        meta=bytes(32),
        by=DEPOSITOR.key_id,
        platform="ed25519:" + "0" * 32,
    )


@given(st.binary(min_size=1, max_size=99), st.binary(max_size=99), st.binary(max_size=99))
def test_what_is_written_is_read(token: bytes, depositor: bytes, content: bytes) -> None:
    made = Supplement(token, depositor, content)
    assert Supplement.from_object(made.to_object()) == made


def test_what_belongs_to_the_entry_passes() -> None:
    Supplement(b"token").require_of(entry())
    Supplement(b"token", DEPOSITOR.public, b"content").require_of(entry())


@pytest.mark.parametrize(
    ("supplement", "field"),
    [
        (Supplement(b"other"), "token"),
        (Supplement(b"token", bytes(32)), "depositor"),
        (Supplement(b"token", b"", b"other"), "content"),
    ],
)
def test_what_belongs_elsewhere_is_named(supplement: Supplement, field: str) -> None:
    with pytest.raises(InvalidEntry) as refused:
        supplement.require_of(entry())
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, "supplement"),
        ([], "supplement"),
        ({}, "content"),
        ({"token": "", "depositor": "", "content": ""}, "token"),
        ({"token": "AA==", "depositor": "", "content": "", "more": ""}, "more"),
        ({"token": "AA", "depositor": "", "content": ""}, "token"),
        ({"token": "AB==", "depositor": "", "content": ""}, "token"),
        ({"token": 7, "depositor": "", "content": ""}, "token"),
        ({"token": "AA==", "depositor": None, "content": ""}, "depositor"),
        ({"token": "AA==", "depositor": "", "content": "A" * 100_000}, "content"),
        ({"token": "AAAA" * 30_000, "depositor": "", "content": ""}, "token"),
    ],
)
def test_only_the_one_spelling_is_read(value: object, field: str) -> None:
    with pytest.raises(InvalidEntry) as refused:
        Supplement.from_object(value)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "limit"), [("token", MAX_TOKEN), ("depositor", MAX_KEY), ("content", MAX_CONTENT)]
)
def test_everything_is_bounded(field: str, limit: int) -> None:
    fields = {"token": b"t"}
    Supplement(**(fields | {field: bytes(limit)}))
    with pytest.raises(InvalidEntry, match=str(limit)):
        Supplement(**(fields | {field: bytes(limit + 1)}))
