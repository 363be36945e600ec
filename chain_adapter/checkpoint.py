"""Checkpoints, c2sp.org/tlog-checkpoint: what a log says about its tree, signed.

Our logs sign each checkpoint twice with one key: plainly (signature type 0x01, which every tool of
the family reads), and as a timestamped cosignature (type 0x04, c2sp.org/tlog-cosignature), which
binds the time a receipt states. The messages cannot be mistaken for one another: a cosignature's
begins with ``cosignature/v1``, which no origin may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from chain_adapter._strict import base64, decimal, unbase64
from chain_adapter.errors import InvalidProof
from chain_adapter.note import (
    COSIGNATURE,
    ED25519,
    Note,
    NoteSigner,
    SignatureLine,
    VerifierKey,
    require_name,
)

_COSIGNATURE_HEADER: Final = "cosignature/v1"
#: 9999-12-31T23:59:59Z, the last second a ``datetime`` can express.
_LAST_SECOND: Final = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``origin`` names the log, ``root`` is the RFC 6962 tree hash over ``size`` leaves."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's three lines; extension lines are refused.

        Raises:
            InvalidProof: naming the line.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise InvalidProof("a checkpoint has three lines: origin, size, root hash")
        require_origin(lines[0])
        try:
            size, root = decimal(lines[1]), unbase64(lines[2])
        except ValueError as error:
            raise InvalidProof(f"a checkpoint's size or root cannot be read: {error}") from error
        if len(root) != 32:
            raise InvalidProof(f"a checkpoint's root has 32 bytes, not {len(root)}")
        return cls(lines[0], size, root)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose two signatures were verified: ``time`` is the signed one, UTC, in whole
    seconds."""

    checkpoint: Checkpoint
    time: datetime
    note: str


def require_origin(origin: str) -> None:
    """An origin is usable as a key name and cannot be taken for a cosignature's header.

    Raises:
        InvalidProof: it is not.
    """
    require_name(origin)
    if origin == _COSIGNATURE_HEADER:
        raise InvalidProof(f"{origin!r} cannot be a log's origin")


def sign_checkpoint(signer: NoteSigner, size: int, root: bytes, time: datetime) -> SignedCheckpoint:
    """Sign the tree of ``size`` leaves at ``time`` (aware; kept in whole seconds)."""
    checkpoint = Checkpoint(signer.verifier.name, size, root)
    note, moment = sign_timed(signer, checkpoint.text(), time)
    return SignedCheckpoint(checkpoint, moment, note)


@lru_cache(maxsize=1024)
def open_checkpoint(note: str, key: VerifierKey) -> SignedCheckpoint:
    """Verify both of the log's signatures and read the checkpoint.

    Signatures of other keys are ignored, as signed-note demands. Pure, hence cached: one checkpoint
    covers many entries.

    Raises:
        InvalidProof: malformed, of another origin, or a signature is missing or wrong.
    """
    text, moment = open_timed(note, key)
    checkpoint = Checkpoint.parse(text)
    if checkpoint.origin != key.name:
        raise InvalidProof(f"the checkpoint is of {checkpoint.origin}, not of {key.name}")
    return SignedCheckpoint(checkpoint, moment, note)


def sign_timed(signer: NoteSigner, text: str, time: datetime) -> tuple[str, datetime]:
    """The note of ``text`` with both signatures, and the signed time in whole seconds."""
    second = int(time.timestamp())
    lines = (signer.line(ED25519, text.encode()), cosign(signer, text, time))
    return Note(text, lines).encode(), datetime.fromtimestamp(second, UTC)


def open_timed(note: str, key: VerifierKey) -> tuple[str, datetime]:
    """Verify both signatures of ``key``; the text and the signed time.

    Raises:
        InvalidProof: malformed, or a signature is missing or wrong.
    """
    parsed = Note.parse(note)
    key.verify(parsed.text.encode(), key.line(parsed, ED25519).value)
    return parsed.text, verify_cosignature(key, parsed.text, key.line(parsed, COSIGNATURE))


def cosign(signer: NoteSigner, text: str, time: datetime) -> SignatureLine:
    """The line of ``signer`` under a checkpoint's ``text``: c2sp.org/tlog-cosignature, stating
    ``time`` (aware; kept in whole seconds)."""
    second = int(time.timestamp())
    return signer.line(COSIGNATURE, _cosigned(text, second), second.to_bytes(8, "big"))


def verify_cosignature(key: VerifierKey, text: str, line: SignatureLine) -> datetime:
    """Verify that ``line`` is a cosignature by ``key`` under ``text``; the time it states.

    Raises:
        InvalidProof: another's line, malformed, or the signature does not fit.
    """
    if (line.name, line.key_id) != (key.name, key.key_id(COSIGNATURE)):
        raise InvalidProof(f"the line of {line.name} is not a cosignature of {key.name}")
    second, signature = _timestamped(line)
    key.verify(_cosigned(text, second), signature)
    return datetime.fromtimestamp(second, UTC)


def _cosigned(text: str, second: int) -> bytes:
    return f"{_COSIGNATURE_HEADER}\ntime {second}\n{text}".encode()


def _timestamped(line: SignatureLine) -> tuple[int, bytes]:
    if len(line.value) != 72:
        raise InvalidProof(f"the cosignature of {line.name} has not 8 + 64 bytes")
    second = int.from_bytes(line.value[:8], "big")
    if second > _LAST_SECOND:
        raise InvalidProof(f"the cosignature of {line.name} states an impossible time")
    return second, line.value[8:]
