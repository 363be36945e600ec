"""A digest and the algorithm that made it: the first value on the spine.

It lives in the lowest package because tokens, ledger entries and deposits all speak of digests
and imports run downward only.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

#: Algorithm name to digest length in bytes. SM3 stands beside SHA-256, never instead of it.
ALGORITHMS: Final = {"sha256": 32, "sha384": 48, "sha512": 64, "sm3": 32}

_HEX: Final = re.compile(r"[0-9a-f]*", re.ASCII)


class InvalidDigest(ValueError):
    """The text is not a digest of the algorithm it names."""


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """``value`` is the raw digest, exactly as long as ``algorithm`` says.

    Raises:
        InvalidDigest: unknown algorithm, or a value of another length.
    """

    algorithm: str
    value: bytes

    def __post_init__(self) -> None:
        length = ALGORITHMS.get(self.algorithm)
        if length is None:
            known = ", ".join(ALGORITHMS)
            raise InvalidDigest(f"unknown digest algorithm {self.algorithm!r}; known are {known}")
        if len(self.value) != length:
            raise InvalidDigest(
                f"a {self.algorithm} digest has {length} bytes ({2 * length} hex digits), "
                f"not {len(self.value)} bytes"
            )

    @classmethod
    def parse(cls, algorithm: str, text: str) -> Digest:
        """Read hexadecimal ``text``; upper case and surrounding white space are accepted.

        Raises:
            InvalidDigest: naming the length or the first character that is not hexadecimal.
        """
        digits = text.strip().lower()
        good = _HEX.match(digits)
        if good is not None and good.end() != len(digits):
            raise InvalidDigest(
                f"{digits[good.end()]!r} at place {good.end() + 1} is not a hexadecimal digit"
            )
        if len(digits) % 2:
            raise InvalidDigest(f"{len(digits)} hexadecimal digits are not whole bytes")
        return cls(algorithm, bytes.fromhex(digits))

    @property
    def hex(self) -> str:
        return self.value.hex()

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def digest_of(data: bytes, algorithm: str = "sha256") -> Digest:
    """Digest ``data`` held in memory; files are digested while they stream."""
    if algorithm not in ALGORITHMS:
        raise InvalidDigest(f"unknown digest algorithm {algorithm!r}")
    return Digest(algorithm, hashlib.new(algorithm, data).digest())
