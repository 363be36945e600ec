"""One error of asn1crypto 1.5.1, mended while it is imported.

It takes a header whose last octet is 0x80 for one of indefinite length and encodes the whole value
anew. But definite lengths of 128, 384, 640 … octets end so too (X.690 §8.1.3.5), and at each level
of such an encoding the levels below are encoded two or three times: a time-stamp within a
signature, fourteen levels deep, then takes a minute. Whether it happens hangs on lengths that
differ by chance from one signature to the next (upstream: wbond/asn1crypto issues 249 and 256).

A header that is forgotten is written again from the contents, which are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from asn1crypto import core

_LENGTH_FOLLOWS: Final = 0x80
_TAG_FOLLOWS: Final = 0x1F


def definite(header: bytes) -> bool:
    """Whether every length in ``header`` is definite: that of the value, and before it those of
    explicit tags. Tags of more than one octet are nowhere used with it and not read."""
    at = 0
    while at + 1 < len(header):
        tag, length = header[at], header[at + 1]
        if tag & _TAG_FOLLOWS == _TAG_FOLLOWS or length == _LENGTH_FOLLOWS:
            return False
        at += 2 + (length & ~_LENGTH_FOLLOWS if length & _LENGTH_FOLLOWS else 0)
    return at == len(header)


def mend() -> None:
    """Let values be written out without being taken for what they are not. May be repeated."""
    for kind in (core.Asn1Value, core.Primitive, core.Choice, core.Sequence, core.SequenceOf):
        dump = kind.__dict__["dump"]
        if not hasattr(dump, "__wrapped__"):
            kind.dump = _minding(dump)


def _minding(dump: Callable[..., bytes]) -> Callable[..., bytes]:
    @wraps(dump)
    def minding(self: Any, force: bool = False) -> bytes:
        header = self._header
        if header is not None and header[-1:] == b"\x80" and definite(header):
            self._header = None
        return dump(self, force)

    return minding


mend()
