"""From the setting to the desktop hosts."""

from __future__ import annotations

from typing import Final

from forensics.errors import ForensicsError
from portal.captures.hosts import Hosts
from portal.settings import Settings

_OFF: Final = "DESKTOPS is empty: name a desktop host there to switch captures on."
_MISSING: Final = (
    "The part that asks for desktops is not installed ({name}): install the extra 'capture'."
)


def open_hosts(settings: Settings) -> Hosts:
    """The hosts that DESKTOPS names. None is asked yet; what is missing switches captures off and
    stops nothing else.

    Raises:
        ValueError: the setting names no host that there could be.
    """
    urls = settings.desktops.split()
    if not urls:
        return Hosts({}, _OFF)
    try:
        from forensics.desktop.registry import open_desktops
    except ImportError as error:
        return Hosts({}, _MISSING.format(name=error.name or error))
    try:
        desktops = open_desktops(settings.desktops, base=settings.path("."))
    except ForensicsError as error:
        return Hosts({}, str(error))
    return Hosts(dict(zip(urls, desktops, strict=True)))
