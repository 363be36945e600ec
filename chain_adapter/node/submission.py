"""What is sent to ``/add-checkpoint``: c2sp.org/tlog-witness. Parsed is not verified, except that
:func:`opened` says which of the note's signatures are the log's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain_adapter._strict import base64, decimal, unbase64
from chain_adapter.checkpoint import Checkpoint
from chain_adapter.errors import InvalidProof
from chain_adapter.node.routes import Rejection
from chain_adapter.note import ED25519, Note, SignatureLine, VerifierKey

#: Lines of a consistency proof, as the specification bounds them.
MAX_PROOF: Final = 63


@dataclass(frozen=True, slots=True)
class Submission:
    """``old`` is the size the proof starts from, ``proof`` 32 bytes a line. Checkpoints of foreign
    logs may have extension lines; ``note.text`` keeps them, because they are cosigned too."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    def encode(self) -> bytes:
        lines = [f"old {self.old}", *map(base64, self.proof), "", ""]
        return "\n".join(lines).encode() + self.note.encode().encode()


def read_submission(body: bytes) -> Submission:
    """Read a request's body.

    Raises:
        Rejection: 400, naming what is wrong.
    """
    try:
        head, separator, note_text = body.decode("utf-8").partition("\n\n")
        if not separator:
            raise InvalidProof("there is no empty line before the checkpoint")
        first, *proof = head.split("\n")
        if not first.startswith("old "):
            raise InvalidProof("the first line is not `old` and a size")
        old, path = decimal(first[4:]), tuple(map(_hash, proof))
        if len(path) > MAX_PROOF:
            raise InvalidProof(f"a proof has at most {MAX_PROOF} lines")
        note = Note.parse(note_text)
        checkpoint = read_checkpoint(note.text)
    except ValueError as error:
        raise Rejection(400, "malformed", f"the request is malformed: {error}") from error
    if old > checkpoint.size:
        sentence = f"the old size {old} is larger than the checkpoint's, {checkpoint.size}"
        raise Rejection(400, "malformed", sentence)
    return Submission(old, path, note, checkpoint)


def read_checkpoint(text: str) -> Checkpoint:
    """Origin, size and root of any log's checkpoint: extension lines are allowed, and origins that
    are no key names (c2sp.org/tlog-checkpoint).

    Raises:
        InvalidProof, ValueError: it is none.
    """
    origin, *rest = text[:-1].split("\n")
    if len(rest) < 2 or not origin or not all(rest):
        raise InvalidProof("a checkpoint has three lines: origin, size, root hash")
    if origin == "cosignature/v1":
        raise InvalidProof("that is no log's origin")
    root = unbase64(rest[1])
    if len(root) != 32:
        raise InvalidProof("a checkpoint's root has 32 bytes")
    return Checkpoint(origin, decimal(rest[0]), root)


def opened(submission: Submission, key: VerifierKey) -> tuple[SignatureLine, ...]:
    """The lines of the note that carry the log's name and key, its plain signature verified.

    Raises:
        Rejection: 403; the log has not signed it, or a signature of its stands there twice.
    """
    note = submission.note
    if len(set(map(str, note.signatures))) != len(note.signatures):
        raise Rejection(403, "duplicate_signature", "a signature stands twice in the note")
    wanted = (key.name, key.key_id(ED25519))
    found = [each for each in note.signatures if (each.name, each.key_id) == wanted]
    if len(found) > 1:
        raise Rejection(403, "duplicate_signature", f"{key.name} has signed the note twice")
    if not found:
        raise Rejection(403, "unknown_signature", f"no signature of the note is {key.name}'s")
    try:
        key.verify(note.text.encode(), found[0].value)
    except InvalidProof as error:
        raise Rejection(403, "signature", str(error)) from error
    return tuple(each for each in note.signatures if each.name == key.name)


def _hash(line: str) -> bytes:
    value = unbase64(line)
    if len(value) != 32:
        raise InvalidProof("a line of the proof is no hash of 32 bytes")
    return value
