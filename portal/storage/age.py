"""The age v1 format (age-encryption.org/v1, X25519 recipients), written and read as a stream.

The format is age's, so that any age tool opens what the vault holds; the tests hold both directions
against pyrage. The streaming is our own, because pyrage holds the interpreter's lock for a whole
file, pulls its input 8 KiB at a time and cannot be pushed to: an upload would stop all other
requests of its process. ``cryptography`` releases the lock for each chunk.
"""

from __future__ import annotations

import hmac
import io
import os
from base64 import b64decode, b64encode
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.storage.errors import Damaged

#: Plain bytes in a chunk, and the tag each one gains.
CHUNK: Final = 64 * 1024
TAG: Final = 16
_VERSION: Final = b"age-encryption.org/v1"
_LABEL: Final = b"age-encryption.org/v1/X25519"
_MAX_HEADER: Final = 64 * 1024


class Encryptor:
    """Turns plain bytes into an age file: ``header`` first, then chunk after chunk."""

    def __init__(self, recipient: X25519PublicKey) -> None:
        file_key = os.urandom(16)
        nonce = os.urandom(16)
        self.header = _header(file_key, recipient) + nonce
        self._cipher = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
        self._counter = 0

    def encrypt(self, plain: memoryview, sealed: memoryview, *, last: bool) -> int:
        """Encrypt ``plain`` into ``sealed``; the number of bytes written.

        ``plain`` is a whole number of chunks, except in the last call, which alone may be empty
        (and only when the content is).
        """
        written = 0
        for start in range(0, max(len(plain), 1), CHUNK):
            part = plain[start : start + CHUNK]
            final = last and start + CHUNK >= len(plain)
            end = written + len(part) + TAG
            self._cipher.encrypt_into(_nonce(self._counter, final), part, None, sealed[written:end])
            self._counter += 1
            written = end
        return written


class AgeReader(io.RawIOBase):
    """The plain content of an age file, chunk by chunk; closes the file beneath.

    Raises:
        Damaged: at the first byte that was not written by the vault: altered, cut short, prolonged,
            or encrypted to another key.
    """

    def __init__(self, source: IO[bytes], identity: X25519PrivateKey) -> None:
        super().__init__()
        self._source = source
        file_key = _open_header(source, identity)
        nonce = source.read(16)
        if len(nonce) != 16:
            raise Damaged("the stored file ends inside its header")
        self._cipher = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
        self._counter = 0
        self._ahead = source.read(CHUNK + TAG)
        self._plain = memoryview(b"")
        self._done = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._plain and not self._done:
            self._plain = memoryview(self._next_chunk())
        count = min(len(buffer), len(self._plain))
        buffer[:count] = self._plain[:count]
        self._plain = self._plain[count:]
        return count

    def close(self) -> None:
        self._source.close()
        super().close()

    def _next_chunk(self) -> bytes:
        sealed, self._ahead = self._ahead, self._source.read(CHUNK + TAG)
        self._done = not self._ahead
        try:
            plain = self._cipher.decrypt(_nonce(self._counter, self._done), sealed, None)
        except InvalidTag as error:
            raise Damaged(f"chunk {self._counter} of the stored file was altered") from error
        if not plain and self._counter:
            raise Damaged("the stored file ends in an empty chunk")
        self._counter += 1
        return plain


def _header(file_key: bytes, recipient: X25519PublicKey) -> bytes:
    ephemeral = X25519PrivateKey.generate()
    share = ephemeral.public_key().public_bytes_raw()
    wrapping = _wrapping_key(ephemeral.exchange(recipient), share, recipient)
    body = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    head = b"%b\n-> X25519 %b\n%b\n---" % (_VERSION, _base64(share), _base64(body))
    return head + b" " + _base64(_mac(file_key, head)) + b"\n"


def _open_header(source: IO[bytes], identity: X25519PrivateKey) -> bytes:
    """The file key, after the header's MAC was checked."""
    try:
        head, mac = _read_header(source)
        share, body = _x25519_stanza(head)
        shared = identity.exchange(X25519PublicKey.from_public_bytes(share))
        wrapping = _wrapping_key(shared, share, identity.public_key())
        file_key = ChaCha20Poly1305(wrapping).decrypt(bytes(12), body, None)
        if not hmac.compare_digest(_mac(file_key, head), mac):
            raise ValueError("the header's MAC does not match")
    except (ValueError, InvalidTag) as error:
        raise Damaged("the stored file's header was altered, or is for another key") from error
    return file_key


def _read_header(source: IO[bytes]) -> tuple[bytes, bytes]:
    """What the MAC covers (up to and with ``---``), and the MAC."""
    head = b""
    while not (line := source.readline(_MAX_HEADER)).startswith(b"---"):
        head += line
        if not line or len(head) > _MAX_HEADER:
            raise ValueError("no end of the header")
    mark, mac = line.rstrip(b"\n").split(b" ")
    return head + mark, _unbase64(mac)


def _x25519_stanza(head: bytes) -> tuple[bytes, bytes]:
    """Share and body of the X25519 stanza; age tools add stanzas of other kinds as "grease"."""
    version, *stanzas = head.removesuffix(b"\n---").split(b"\n-> ")
    for stanza in stanzas:
        arguments, *body = stanza.split(b"\n")
        kind, *values = arguments.split(b" ")
        if version == _VERSION and kind == b"X25519" and len(values) == 1:
            return _unbase64(values[0]), _unbase64(b"".join(body))
    raise ValueError("no X25519 stanza")


def _wrapping_key(shared: bytes, share: bytes, recipient: X25519PublicKey) -> bytes:
    return _derive(shared, share + recipient.public_bytes_raw(), _LABEL)


def _mac(file_key: bytes, head: bytes) -> bytes:
    return hmac.digest(_derive(file_key, b"", b"header"), head, "sha256")


def _derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, info).derive(secret)


def _nonce(counter: int, last: bool) -> bytes:
    return counter.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _base64(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=")


def _unbase64(text: bytes) -> bytes:
    data = b64decode(text + b"=" * (-len(text) % 4), validate=True)
    if _base64(data) != text:
        raise ValueError("base64 with stray bits")
    return data
