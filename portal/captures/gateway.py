"""Serve the gateway to desktops: ``python -m portal.captures.gateway``.

Reads the portal's settings and shares one secret with it (:data:`portal.captures.doors.SECRET`),
but neither its database nor its web framework.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Sequence

from forensics.desktop.interface import Desktop
from forensics.desktop.registry import open_desktops
from forensics.errors import ForensicsError, UnknownSession
from forensics.gateway import Gateway, GatewayOptions
from portal.captures.doors import SECRET, origins
from portal.keyring import Keyring
from portal.settings import Settings


def finder(desktops: Sequence[Desktop]) -> Callable[[str], Desktop]:
    """Gives the host that has a session."""

    def find(session: str) -> Desktop:
        for desktop in desktops:
            with contextlib.suppress(UnknownSession):
                desktop.observe(session)
                return desktop
        raise UnknownSession(f"no host has the session {session}")

    return find


def main() -> int:
    """Until SIGTERM or SIGINT; 1 with a sentence when it cannot begin."""
    settings = Settings()
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s")
    host, _, port = settings.gateway_bind.rpartition(":")
    gateway = Gateway(
        GatewayOptions(
            secret=Keyring(settings.path("keys"), settings.passphrase).secret(SECRET),
            origins=origins(settings.base_url),
            desktop_of=finder(open_desktops(settings.desktops, base=settings.path("."))),
            host=host or "127.0.0.1",
            port=int(port),
        )
    )
    try:
        asyncio.run(_serve(gateway))
    except (OSError, ValueError, ForensicsError) as error:
        print(f"the gateway cannot begin: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(gateway: Gateway) -> None:
    task = asyncio.ensure_future(gateway.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    sys.exit(main())
