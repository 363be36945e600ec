"""What the portal and its gateway agree on: whose tickets hold, and from which pages."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

#: the name of what signs tickets, in the keyring
SECRET: Final = "desktop-tickets"  # noqa: S105 (a name, not the secret)
#: this machine's names for itself
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})


def origins(base_url: str) -> frozenset[str]:
    """Pages that may connect: the portal's own; on this machine under either of its names."""
    base = urlsplit(base_url)
    port = f":{base.port}" if base.port else ""
    names = LOOPBACK if base.hostname in LOOPBACK else {base.hostname or ""}
    return frozenset(f"{base.scheme}://{name}{port}" for name in names)
