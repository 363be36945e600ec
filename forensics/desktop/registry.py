"""Desktop hosts by URL: ``scheme:data`` in one setting, several separated by spaces.

``local`` is built in: the desktop service of this machine, whose folder the rest names (``desk``
when it is empty). Other schemes are entry points of the group ``notary.desktops``, each naming a
callable of the data and the folder relative paths begin at, which gives a
:class:`~forensics.desktop.interface.Desktop`.
"""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from forensics.desktop.interface import Desktop
from forensics.errors import InvalidSpec

GROUP: Final = "notary.desktops"
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")


def open_desktops(urls: str, *, base: Path) -> list[Desktop]:
    """One provider for each address, in their order. None is asked yet.

    Raises:
        InvalidSpec: no such scheme, or it is not named like one.
    """
    return [_open(url, base) for url in urls.split()]


def _open(url: str, base: Path) -> Desktop:
    scheme, separator, data = url.partition(":")
    if not separator or not _SCHEME.fullmatch(scheme):
        raise InvalidSpec(f"a desktop host is named scheme:data, not {url[:100]!r}")
    if scheme == "local":
        return open_local(data, base)
    for point in entry_points(group=GROUP, name=scheme):
        found = point.load()(data, base)
        if not isinstance(found, Desktop):
            raise InvalidSpec(f"the plug-in {point.value} for {scheme!r} gives no Desktop")
        return found
    raise InvalidSpec(f"no desktop host is installed for the scheme {scheme!r}")


def open_local(data: str, base: Path) -> Desktop:
    """The desktop service of this machine with the folder ``data``."""
    from forensics.deskd.client import LocalDesktop

    return LocalDesktop(base / (data or "desk"))
