from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter import InvalidProof
from chain_adapter.checkpoint import Checkpoint, open_checkpoint, require_origin, sign_checkpoint
from chain_adapter.note import ED25519, Note, NoteSigner, VerifierKey

NOW = datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=UTC)
SIGNER = NoteSigner("notary.example/ledger", Ed25519PrivateKey.from_private_bytes(b"l" * 32))
OTHER = NoteSigner("notary.example/ledger", Ed25519PrivateKey.from_private_bytes(b"o" * 32))
SIGNED = sign_checkpoint(SIGNER, 5, b"r" * 32, NOW)

# The example of golang.org/x/mod/sumdb/note (BSD-3-Clause): a key and a note others made.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)


def test_a_note_that_others_made_verifies() -> None:
    key, note = VerifierKey.parse(PETER), Note.parse(PETERS_NOTE)
    key.verify(note.text.encode(), key.line(note, ED25519).value)
    assert str(key) == PETER
    assert note.encode() == PETERS_NOTE
    with pytest.raises(InvalidProof, match="does not fit"):
        key.verify(note.text.encode() + b" ", key.line(note, ED25519).value)


def test_a_checkpoint_opens_with_its_time_in_whole_seconds() -> None:
    opened = open_checkpoint(SIGNED.note, SIGNER.verifier)
    assert opened == SIGNED
    assert opened.time == NOW.replace(microsecond=0)
    assert opened.checkpoint == Checkpoint("notary.example/ledger", 5, b"r" * 32)


def test_signatures_of_strangers_are_ignored() -> None:
    witness = NoteSigner("witness.example", Ed25519PrivateKey.generate())
    note = SIGNED.note + str(witness.line(ED25519, b"whatever"))
    assert open_checkpoint(note, SIGNER.verifier).checkpoint.size == 5


def without_line(number: int) -> str:
    head, lines = SIGNED.note.split("\n\n")
    kept = lines.splitlines(keepends=True)
    del kept[number]
    return head + "\n\n" + "".join(kept)


def signed_text(text: str) -> str:
    return Note(text, (SIGNER.line(ED25519, text.encode()),)).encode()


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (without_line(0), "0 signatures"),
        (without_line(1), "0 signatures"),
        (SIGNED.note + SIGNED.note.splitlines(keepends=True)[-1], "2 signatures"),
        (SIGNED.note.replace("\n5\n", "\n6\n"), "does not fit"),
        (sign_checkpoint(OTHER, 5, b"r" * 32, NOW).note, "0 signatures"),
        (signed_text("notary.example/ledger\n5\n"), "0 signatures"),
        (SIGNED.note[:-1], "blank line"),
        (SIGNED.note.replace("\n\n", "\n"), "blank line"),
        (SIGNED.note.replace("\u2014", "-", 1), "not a signature line"),
        (SIGNED.note.replace("\n", "\r\n"), "control characters"),
        (SIGNED.note + "x" * 100_000, "too long"),
        (SIGNED.note + "\u2014 a AAAAAAA=\n" * 70, "72 signatures"),
        (SIGNED.note + "\u2014 a+b AAAAAAA=\n", "cannot name a key"),
        (SIGNED.note + "\u2014 a AAAA\n", "too short"),
        (SIGNED.note + "\u2014 a AAAAAAB=\n", "not base64"),
        (SIGNED.note + "\u2014 a\n", "not a signature line"),
    ],
)
def test_a_note_that_is_not_as_it_should_be(note: str, reason: str) -> None:
    with pytest.raises(InvalidProof, match=reason):
        open_checkpoint(note, SIGNER.verifier)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\n1\n", "three lines"),
        ("a\n1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\nextension\n", "three lines"),
        ("a b\n1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n", "cannot name"),
        ("\n1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n", "cannot name"),
        ("a\n01\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n", "leading zeroes"),
        ("a\n00\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n", "leading zeroes"),
        ("a\n\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n", "leading zeroes"),
        ("a\n١\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n", "leading zeroes"),
        ("a\n9999999999999999999\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n", "too large"),
        ("a\n1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnJ=\n", "stray bits"),
        ("a\n1\ncnJy\n", "32 bytes"),
    ],
)
def test_a_checkpoint_text_that_is_not_as_it_should_be(text: str, reason: str) -> None:
    with pytest.raises(InvalidProof, match=reason):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER[:-1],
        PETER.replace("+AR", "+BR"),
        "a b+00000000+AQ==",
        "a+00000000+AQ==",
    ],
)
def test_a_verifier_key_is_read_strictly(vkey: str) -> None:
    with pytest.raises(InvalidProof):
        VerifierKey.parse(vkey)


@pytest.mark.parametrize(
    "origin", ["", "with space", "a+b", "tab\t", "cosignature/v1", "nb\u00a0sp"]
)
def test_an_origin_can_name_a_key(origin: str) -> None:
    with pytest.raises(InvalidProof):
        require_origin(origin)


def test_a_cosignature_states_a_possible_time() -> None:
    text = SIGNED.checkpoint.text()
    second = 2**62
    message = f"cosignature/v1\ntime {second}\n{text}".encode()
    lines = (
        SIGNER.line(ED25519, text.encode()),
        SIGNER.line(4, message, second.to_bytes(8, "big")),
    )
    with pytest.raises(InvalidProof, match="impossible time"):
        open_checkpoint(Note(text, lines).encode(), SIGNER.verifier)
    short = (lines[0], SIGNER.line(4, message))
    with pytest.raises(InvalidProof, match="8 \\+ 64"):
        open_checkpoint(Note(text, short).encode(), SIGNER.verifier)
