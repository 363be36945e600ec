"""The vault's interface: the public methods encrypt and check, a kind of vault moves ciphertext."""

from __future__ import annotations

import hashlib
import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import IO, ClassVar, Final

from chain_adapter.digest import Digest
from portal.storage.age import AgeReader
from portal.storage.errors import Damaged, Missing, VaultUnavailable
from portal.storage.identity import VaultIdentity
from portal.storage.intake import Content, Intake, Staging, Stored

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}(/[a-z0-9][a-z0-9-]{0,63}){0,3}")
_READ: Final = 1024 * 1024
#: For content of ours (letters), which no user can make larger.
_OWN_LIMIT: Final = 256 * 1024 * 1024


class Vault(ABC):
    """Immutable encrypted content under keys such as ``original/1f0c…``.

    * Durability: when ``Intake.keep`` or ``put`` returns, the content survives power loss.
    * Immutability: a key never changes its content; storing the same again is harmless.
    * Concurrency: all methods may be called from several threads and processes.

    A kind of vault sets ``scheme`` and writes the underscored methods, which see ciphertext only.
    They raise OSError for what failed; FileNotFoundError when there is nothing under the key.
    """

    scheme: ClassVar[str]

    def __init__(self, identity: VaultIdentity, algorithms: tuple[str, ...] = ("sha256",)) -> None:
        if algorithms[:1] != ("sha256",):
            raise ValueError("SHA-256 is always digested, and first")
        self._identity = identity
        self._algorithms = algorithms
        self._hashing = ThreadPoolExecutor(4, thread_name_prefix="vault-hash")

    def intake(self, limit: int) -> Intake:
        """Begin to receive content of at most ``limit`` bytes.

        Raises:
            VaultUnavailable: the vault cannot write.
        """
        with _sentence("cannot write"):
            staging = self._stage()
        return Intake(
            staging,
            self._identity.private.public_key(),
            self._algorithms,
            limit,
            self._hashing,
            self._holds,
        )

    def put(self, key: str, data: bytes) -> Stored:
        """Store ``data`` under ``key``; see ``Intake.keep`` for what it raises."""
        with self.intake(max(_OWN_LIMIT, len(data))) as intake:
            intake.write(data)
            return intake.keep(self.checked(key))

    def open(self, key: str, expect: Digest | None = None) -> io.BufferedReader:
        """The plain content as a readable stream, to be closed by the caller.

        Args:
            expect: when given, reading to the end raises :class:`Damaged` unless it matches.

        Raises:
            Missing, VaultUnavailable: at once. Damaged: at once or while reading.
        """
        with _sentence("cannot read"):
            source = self._open(self.checked(key))
        try:
            plain = AgeReader(source, self._identity.private)
        except BaseException:
            source.close()
            raise
        return io.BufferedReader(plain if expect is None else _Checked(plain, expect), _READ)

    def read(self, key: str, expect: Digest | None = None) -> bytes:
        """The whole plain content; for letters and other small things."""
        with self.open(key, expect) as stream:
            return stream.read()

    def content(self, key: str) -> Content:
        """Size and digests of what is stored, by reading all of it. Raises as ``open``."""
        states = [(name, hashlib.new(name)) for name in self._algorithms]
        size = 0
        with self.open(key) as stream:
            while block := stream.read(_READ):
                size += len(block)
                for _, state in states:
                    state.update(block)
        return Content(size, tuple(Digest(name, state.digest()) for name, state in states))

    def exists(self, key: str) -> bool:
        with _sentence("cannot read"):
            return self._exists(self.checked(key))

    def delete(self, key: str) -> bool:
        """Erase the content under ``key``; False when there was none."""
        with _sentence("cannot delete"):
            return self._delete(self.checked(key))

    def sweep(self) -> int:
        """Remove what uploads that died left unnamed; the number of pieces removed."""
        with _sentence("cannot be swept"):
            return self._sweep()

    def kept(self) -> Iterator[tuple[str, datetime, int]]:
        """Everything there is, in no order: key, since when, bytes of ciphertext. What comes or
        goes meanwhile may be missed."""
        with _sentence("cannot be listed"):
            yield from self._kept()

    def close(self) -> None:
        self._hashing.shutdown()

    @staticmethod
    def checked(key: str) -> str:
        """``key``, unless it could be anything but a plain name (raises ValueError)."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no vault key")
        return key

    def _holds(self, key: str, content: Content) -> bool:
        return self.content(key) == content

    @abstractmethod
    def _stage(self) -> Staging: ...

    @abstractmethod
    def _open(self, key: str) -> IO[bytes]: ...

    @abstractmethod
    def _exists(self, key: str) -> bool: ...

    @abstractmethod
    def _delete(self, key: str) -> bool: ...

    @abstractmethod
    def _sweep(self) -> int: ...

    @abstractmethod
    def _kept(self) -> Iterator[tuple[str, datetime, int]]: ...


class _Checked(io.RawIOBase):
    """A reader that compares the whole content's digest when its end is reached."""

    def __init__(self, inner: AgeReader, expect: Digest) -> None:
        super().__init__()
        self._inner = inner
        self._expect = expect
        self._state = hashlib.new(expect.algorithm)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count = self._inner.readinto(buffer)
        if count:
            self._state.update(memoryview(buffer)[:count])
        elif len(buffer) and self._state.digest() != self._expect.value:
            raise Damaged(f"the stored content no longer has the digest {self._expect}")
        return count

    def close(self) -> None:
        self._inner.close()
        super().close()


@contextmanager
def _sentence(what: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Missing("nothing is kept under this key") from error
    except OSError as error:
        raise VaultUnavailable(f"the vault {what}: {error.strerror or error}") from error
