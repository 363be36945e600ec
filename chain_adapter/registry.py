"""Ledgers by URL: ``scheme:data`` in one setting chooses the implementation.

``tlog`` is built in, and ``evm`` where its extra is installed; other schemes are entry points of the
group ``notary.ledgers``, each naming a subclass of :class:`~chain_adapter.ledger.Ledger`.
"""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from chain_adapter.errors import Fatal
from chain_adapter.ledger import Ledger

GROUP: Final = "notary.ledgers"
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")


def open_ledger(url: str, *, base: Path, passphrase: str | None = None) -> Ledger:
    """Open the ledger ``url`` names, "tlog:var/ledger" for one; relative paths start at ``base``.

    Raises:
        Fatal: no such scheme, or the ledger cannot be opened as it is.
    """
    scheme, separator, data = url.partition(":")
    if not separator or not _SCHEME.fullmatch(scheme):
        raise Fatal(f"a ledger is named scheme:data, not {url!r}")
    return _implementation(scheme).open(data, base=base, passphrase=passphrase)


def _implementation(scheme: str) -> type[Ledger]:
    if scheme == "tlog":
        from chain_adapter.tlog import TlogLedger

        return TlogLedger
    if scheme == "evm":
        return _evm()
    for point in entry_points(group=GROUP, name=scheme):
        found = point.load()
        if not (isinstance(found, type) and issubclass(found, Ledger)):
            raise Fatal(f"the plug-in {point.value} for ledger scheme {scheme!r} is not a Ledger")
        return found
    raise Fatal(f"no ledger is installed for the scheme {scheme!r}")


def _evm() -> type[Ledger]:
    try:
        from chain_adapter.evm.adapter import EvmLedger
    except ModuleNotFoundError as error:
        raise Fatal(
            f"ledgers of scheme 'evm' need {error.name}, which is not installed: install the extra "
            "'evm'"
        ) from error
    return EvmLedger
