"""Who judges tokens and makes them: a plug-in, because this package knows nothing of RFC 3161.

Entry points of the group ``notary.vouchers`` are callables ``open(roots, stamper) -> Voucher``:
``roots`` the PEM file of the TSAs' root certificates that the node's operator believes in (None:
no tokens are examined here), ``stamper`` the address of the TSA that stamps the node's own blocks
("" when it stamps none), as in the setting STAMPERS, with ``#trust=FILE`` for its own roots.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, Protocol

from chain_adapter.digest import Digest
from chain_adapter.errors import Fatal

GROUP: Final = "notary.vouchers"
#: Where the house's own voucher lives, for a copy of the program that was never installed.
DEFAULT: Final = "timestamping.vouching:open_voucher"


class VoucherUnavailable(Exception):
    """No token can be had now; the sentence says why. Later may be better."""


class Voucher(Protocol):
    """May be used by many threads."""

    def check(self, token: bytes, digest: Digest) -> str | None:
        """Whether ``token`` (DER of a ContentInfo) is a good RFC 3161 token over ``digest`` under
        the trusted roots: None when it is, else one sentence saying why not."""

    def moment(self, token: bytes) -> datetime:
        """The time that a token states which :meth:`check` has found good; aware."""

    def stamp(self, digest: Digest) -> bytes:
        """A token (DER of a ContentInfo) over ``digest``, verified.

        Raises:
            VoucherUnavailable: none can be had now.
        """

    def close(self) -> None:
        """Give back connections."""


OpenVoucher = Callable[[Path | None, str], Voucher]


def open_voucher(roots: Path | None, stamper: str, *, name: str = "rfc3161") -> Voucher:
    """The voucher of the plug-in ``name``.

    Raises:
        Fatal: there is no such plug-in, or what it is given cannot be used.
    """
    found = _find(name)
    try:
        return found(roots, stamper)
    except (ValueError, OSError) as error:
        raise Fatal(f"tokens cannot be examined as configured: {error}") from error


def _find(name: str) -> OpenVoucher:
    for point in entry_points(group=GROUP, name=name):
        plugged: OpenVoucher = point.load()
        return plugged
    module, _, attribute = DEFAULT.partition(":")
    if name != "rfc3161":
        raise Fatal(f"no voucher is installed under the name {name!r}")
    try:
        own: OpenVoucher = getattr(import_module(module), attribute)
    except ImportError as error:
        raise Fatal(f"the examination of tokens is not installed: {error}") from error
    return own
