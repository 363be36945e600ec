"""Ledgers by URL: ``scheme:data`` in one setting chooses the implementation.

``tlog`` is built in, ``evm`` where its extra is installed; other schemes are entry points of the
group ``notary.ledgers``, each naming a subclass of :class:`~chain_adapter.ledger.Ledger`.
"""

from __future__ import annotations

import inspect
import re
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from chain_adapter.errors import Fatal, LedgerError
from chain_adapter.ledger import Caps, Ledger

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
    try:
        return _implementation(scheme).open(data, base=base, passphrase=passphrase)
    except LedgerError:
        raise
    except Exception as error:
        raise Fatal(f"ledger {url!r} cannot be opened: {type(error).__name__}: {error}") from error


def _implementation(scheme: str) -> type[Ledger]:
    if scheme == "tlog":
        from chain_adapter.tlog import TlogLedger

        return TlogLedger
    if scheme == "witness":
        from chain_adapter.witness import WitnessLedger

        return WitnessLedger
    if scheme == "evm":
        return _evm()
    points = list(entry_points(group=GROUP, name=scheme))
    if len(points) > 1:
        names = ", ".join(sorted(point.value for point in points))
        raise Fatal(f"more than one plug-in is installed for ledger scheme {scheme!r}: {names}")
    if points:
        return _plug_in(points[0], scheme)
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


def _plug_in(point: EntryPoint, scheme: str) -> type[Ledger]:
    """What ``point`` names, a class that can be opened; ``Fatal`` if it is none."""
    name = f"the plug-in {point.value} for ledger scheme {scheme!r}"
    try:
        found = point.load()
    except Exception as error:
        raise Fatal(f"{name} cannot be loaded: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Ledger)):
        raise Fatal(f"{name} is not a Ledger")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise Fatal(f"{name} does not write {missing}")
    for attribute, kind in (("scheme", str), ("caps", Caps)):
        if not isinstance(getattr(found, attribute, None), kind):
            raise Fatal(f"{name} has no {attribute}")
    if found.scheme != scheme:
        raise Fatal(f"{name} says its scheme is {found.scheme!r}")
    return found
