"""Small secrets: open at their place only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.storage import VaultIdentity
from portal.storage.sealing import Box, Unsealable

BOX = Box(bytes(range(32)))


@given(st.binary(max_size=200), st.text(max_size=10), st.text(max_size=10))
def test_what_was_sealed_opens_at_its_place(plain: bytes, purpose: str, owner: str) -> None:
    sealed = BOX.seal(plain, purpose, owner)
    assert BOX.open(sealed, purpose, owner) == plain
    assert len(plain) < 8 or plain not in sealed


@pytest.mark.parametrize(("purpose", "owner"), [("totp", "b"), ("identity", "a"), ("totp\na", "")])
def test_it_does_not_open_elsewhere(purpose: str, owner: str) -> None:
    with pytest.raises(Unsealable):
        BOX.open(BOX.seal(b"secret", "totp", "a"), purpose, owner)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    sealed = bytearray(BOX.seal(b"secret", "p", "o"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(Unsealable):
        BOX.open(bytes(sealed), "p", "o")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), bytes(40)])
def test_rubbish_is_refused(sealed: bytes) -> None:
    with pytest.raises(Unsealable):
        BOX.open(sealed, "p", "o")


def test_equal_secrets_look_different() -> None:
    assert BOX.seal(b"x", "p", "o") != BOX.seal(b"x", "p", "o")


def test_the_key_follows_from_the_vaults_identity() -> None:
    identity = VaultIdentity.generate()
    again = VaultIdentity.from_file(identity.to_file())
    sealed = Box.of(identity).seal(b"x", "p", "o")
    assert Box.of(again).open(sealed, "p", "o") == b"x"
    with pytest.raises(Unsealable):
        Box.of(VaultIdentity.generate()).open(sealed, "p", "o")
