"""Signed notes, c2sp.org/signed-note: a text and the lines of those who sign it.

Parsed is not verified: :class:`Note` only says what is written. Trust begins at
:meth:`VerifierKey.verify`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chain_adapter._strict import base64, unbase64
from chain_adapter.errors import InvalidProof

#: Signature type bytes: Ed25519 over the text, and the timestamped cosignature of tlog-cosignature.
ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
#: Longest note read, in characters: a checkpoint with room for 16 large signatures.
MAX_NOTE: Final = 100_000
_MAX_LINES: Final = 64
_DASH: Final = "\u2014 "


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """``key_id`` is 4 bytes, ``value`` what the signature type prescribes."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """``text`` ends in a newline."""

    text: str
    signatures: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, note: str) -> Note:
        """Read a note; :meth:`encode` gives the same characters back.

        Raises:
            InvalidProof: naming what is wrong.
        """
        if len(note) > MAX_NOTE:
            raise InvalidProof(f"a note of {len(note)} characters is too long")
        if any(character < " " and character != "\n" for character in note):
            raise InvalidProof("a note must not hold control characters")
        body, separator, tail = note.rpartition("\n\n")
        if not separator or not tail.endswith("\n"):
            raise InvalidProof(
                "a note needs a blank line before its signatures, and a last newline"
            )
        lines = tail[:-1].split("\n")
        if len(lines) > _MAX_LINES:
            raise InvalidProof(f"a note with {len(lines)} signatures is refused")
        return cls(body + "\n", tuple(_parse_line(line) for line in lines))

    def encode(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Who signs: ``name`` and the raw Ed25519 public key. Written as a vkey,
    ``name+8 hex digits of the key id+base64(type ‖ key)``; the type is :data:`ED25519` for logs and
    :data:`COSIGNATURE` for those who cosign."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.public) != 32:
            raise InvalidProof("an Ed25519 public key has 32 bytes")

    @classmethod
    def parse(cls, vkey: str, kind: int = ED25519) -> VerifierKey:
        """Read a vkey of signature type ``kind``, a log's unless said otherwise.

        Raises:
            InvalidProof: not such a key, of another type, or its id does not fit.
        """
        name, _, rest = vkey.partition("+")
        _, _, encoded = rest.partition("+")
        try:
            material = unbase64(encoded)
        except ValueError as error:
            raise InvalidProof(f"a verifier key is name+id+base64, not {vkey[:80]!r}") from error
        if material[:1] != bytes([kind]):
            raise InvalidProof(f"{vkey[:80]!r} is not an Ed25519 verifier key of type {kind:#04x}")
        key = cls(name, material[1:])
        if key.vkey(kind) != vkey:
            raise InvalidProof(f"the key id in {vkey[:80]!r} does not fit the key")
        return key

    def __str__(self) -> str:
        return self.vkey(ED25519)

    def vkey(self, kind: int) -> str:
        """The vkey for signatures of type ``kind``."""
        return f"{self.name}+{self.key_id(kind).hex()}+{base64(bytes([kind]) + self.public)}"

    def key_id(self, kind: int) -> bytes:
        """First 4 bytes of ``SHA256(name ‖ "\\n" ‖ signature type ‖ public key)``."""
        material = self.name.encode() + b"\n" + bytes([kind]) + self.public
        return hashlib.sha256(material).digest()[:4]

    def line(self, note: Note, kind: int) -> SignatureLine:
        """The one line in ``note`` that claims to be this key's signature of type ``kind``.

        Raises:
            InvalidProof: there is none, or more than one.
        """
        wanted = (self.name, self.key_id(kind))
        found = [each for each in note.signatures if (each.name, each.key_id) == wanted]
        if len(found) != 1:
            raise InvalidProof(f"{len(found)} signatures of {self.name}, one is needed")
        return found[0]

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check one Ed25519 signature (RFC 8032).

        Raises:
            InvalidProof: it does not fit.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise InvalidProof(f"the signature of {self.name} does not fit the text") from error


class NoteSigner:
    """Signs notes under ``name`` with an Ed25519 key."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.verifier: Final = VerifierKey(name, private.public_key().public_bytes_raw())

    def line(self, kind: int, message: bytes, prefix: bytes = b"") -> SignatureLine:
        """A signature line of type ``kind`` over ``message``; ``prefix`` goes before the raw
        signature (a cosignature's timestamp)."""
        value = prefix + self._private.sign(message)
        return SignatureLine(self.verifier.name, self.verifier.key_id(kind), value)


def require_name(name: str) -> None:
    """A key name is not empty and holds no spaces, control characters or plus signs.

    Raises:
        InvalidProof: it does.
    """
    if not name or "+" in name or not name.isprintable() or any(map(str.isspace, name)):
        raise InvalidProof(f"{name[:80]!r} cannot name a key")


def _parse_line(line: str) -> SignatureLine:
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator:
        raise InvalidProof(f"{line[:80]!r} is not a signature line")
    require_name(name)
    try:
        value = unbase64(encoded)
    except ValueError as error:
        raise InvalidProof(f"the signature of {name} is not base64") from error
    if len(value) < 5:
        raise InvalidProof(f"the signature of {name} is too short")
    return SignatureLine(name, value[:4], value[4:])
