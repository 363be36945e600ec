"""Content on its way into the vault: pushed, bounded, digested and encrypted as it comes."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from chain_adapter.digest import Digest
from portal.storage.age import CHUNK, TAG, Encryptor
from portal.storage.errors import AlreadyStored, TooLarge, VaultUnavailable

_CHUNKS: Final = 16
_BLOCK: Final = _CHUNKS * CHUNK
#: Below this, handing a block to another thread costs more than it gains.
_THREADED: Final = 4 * CHUNK


@dataclass(frozen=True, slots=True)
class Content:
    """Size in bytes and digests of plain content, SHA-256 first."""

    size: int
    digests: tuple[Digest, ...]

    @property
    def sha256(self) -> Digest:
        return self.digests[0]


@dataclass(frozen=True, slots=True)
class Stored:
    """``content`` is durably kept under ``key``."""

    key: str
    content: Content


class Staging(ABC):
    """A place for ciphertext that has no name yet. What a kind of vault writes."""

    @abstractmethod
    def write(self, data: memoryview | bytes) -> None:
        """Append. Raises OSError."""

    @abstractmethod
    def sync(self) -> None:
        """Everything written is on stable storage when this returns. Raises OSError."""

    @abstractmethod
    def publish(self, key: str) -> None:
        """Give the content its name, durably. Raises FileExistsError when the name is taken."""

    @abstractmethod
    def discard(self) -> None:
        """Forget the content; never raises, may be called twice and after ``publish``."""


class Intake:
    """One content being received: ``write`` …, ``complete``, then ``keep(key)`` or ``abort``.

    Memory stays below 3 MiB whatever the size. Hashing, encrypting and writing run beside each
    other. After any error the intake has already aborted and nothing is left behind. Not for use by
    two threads at once.
    """

    def __init__(
        self,
        staging: Staging,
        recipient: X25519PublicKey,
        algorithms: Sequence[str],
        limit: int,
        hashing: Executor,
        same: Callable[[str, Content], bool],
    ) -> None:
        self.size = 0
        self.limit = limit
        self._staging = staging
        self._hashing = hashing
        self._same = same
        self._hashes = [(name, hashlib.new(name)) for name in algorithms]
        self._encryptor = Encryptor(recipient)
        self._plain = bytearray()
        self._sealed = bytearray()
        self._content: Content | None = None
        self._open = True
        self._guarded(lambda: staging.write(self._encryptor.header))

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take ``data``; returns its length, as a file's ``write`` does.

        Raises:
            TooLarge: the content passes the limit.
            VaultUnavailable: the vault cannot write.
        """
        self._require_open()
        view = memoryview(data)
        self.size += len(view)
        if self.size > self.limit:
            self.abort()
            raise TooLarge(self.limit)
        while view:
            if len(self._plain) == _BLOCK:  # kept back until more comes: the last chunk is special
                self._flush(last=False)
            room = _BLOCK - len(self._plain)
            self._plain += view[:room]
            view = view[room:]
        return len(data)

    def complete(self) -> Content:
        """End of content: everything is encrypted and on stable storage, without a name yet."""
        if self._content is None:
            self._require_open()
            self._flush(last=True)
            self._guarded(self._staging.sync)
            digests = tuple(Digest(name, state.digest()) for name, state in self._hashes)
            self._content = Content(self.size, digests)
            self._plain = self._sealed = bytearray()
        return self._content

    def keep(self, key: str) -> Stored:
        """Store the content durably under ``key``.

        Storing the same content under the same key again changes nothing and succeeds.

        Raises:
            AlreadyStored: the key holds other content.
            VaultUnavailable: the vault cannot write.
        """
        content = self.complete()
        self._require_open()
        try:
            self._guarded(lambda: self._staging.publish(key))
        except AlreadyStored:
            if not self._same(key, content):
                raise
        self.abort()  # the unnamed copy, if any
        return Stored(key, content)

    def abort(self) -> None:
        """Leave nothing behind. May be called at any time, also after ``keep``."""
        if self._open:
            self._open = False
            self._staging.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.abort()

    def _flush(self, *, last: bool) -> None:
        plain = memoryview(self._plain)
        if len(self._sealed) < len(plain) + (len(plain) // CHUNK + 1) * TAG:
            self._sealed = bytearray(len(plain) + (len(plain) // CHUNK + 1) * TAG)
        threaded = len(plain) >= _THREADED
        jobs = [self._hashing.submit(state.update, plain) for _, state in self._hashes if threaded]
        try:
            if not threaded:
                for _, state in self._hashes:
                    state.update(plain)
            sealed = memoryview(self._sealed)
            end = self._encryptor.encrypt(plain, sealed, last=last)
            self._guarded(lambda: self._staging.write(sealed[:end]))
        finally:
            for job in jobs:
                job.result()
        plain.release()
        self._plain.clear()

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except FileExistsError as error:
            raise AlreadyStored("other content is kept under this key") from error
        except OSError as error:
            self.abort()
            raise VaultUnavailable(f"the vault cannot write: {error.strerror or error}") from error

    def _require_open(self) -> None:
        if not self._open:
            raise ValueError("this intake has ended")
