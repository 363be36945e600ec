"""``python -m forensics.deskd [--root var/desk] [--mode auto] …``: run the desktop service.

It keeps running when the machine cannot make desktops: then it says why to whoever asks, and looks
again every minute.
"""

from __future__ import annotations

import argparse
import fcntl
import grp
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from forensics.deskd.house import House, default_capacity, find_ability
from forensics.deskd.server import Peers, Server
from forensics.desktop.firewall import Reach
from forensics.desktop.interface import Isolation
from forensics.desktop.layout import socket_path
from forensics.desktop.options import Options
from forensics.errors import InvalidSpec

_LOOK_AGAIN: Final = 60.0
_log = logging.getLogger("forensics.deskd")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m forensics.deskd", description=__doc__)
    add = parser.add_argument
    add("--root", type=Path, default=Path("var/desk"), help="the service's folder and socket")
    add("--mode", choices=("auto", *Isolation), default="auto", help="which kind of desktops")
    add("--capacity", type=int, default=0, help="desktops at once; 0: by cores and memory")
    add("--group", default="", help="group that may ask and read evidence; default: its own")
    add("--allow", action="append", default=[], help="a closed range desktops may reach (IPv4)")
    add("--deny", action="append", default=[], help="a further closed range (IPv4)")
    add("--resolver", action="append", default=[], help="name server, default: the host's")
    add("--ntp", action="append", default=[], help="time server the clock is compared with")
    add("--stun", action="append", default=[], help="server that tells the public address")
    add("--public-address", default="", help="the public address, when it is known")
    add("--idle-seconds", type=float, default=86_400.0, help="a desktop unused so long ends")
    add("--final-token-seconds", type=float, default=30.0, help="wait for the last time-stamp")
    add("--log-level", default="INFO")
    return parser.parse_args(words)


def options(given: argparse.Namespace) -> Options:
    """Raises InvalidSpec, KeyError: no such range or group."""
    group = grp.getgrnam(given.group).gr_gid if given.group else os.getegid()
    return Options(
        group=group,
        reach=Reach(tuple(given.allow), tuple(given.deny)),
        resolvers=tuple(given.resolver),
        ntp=tuple(given.ntp),
        stun=tuple(given.stun),
        public_address=given.public_address,
        idle_seconds=given.idle_seconds,
        final_token_seconds=given.final_token_seconds,
    )


def main(words: Sequence[str] | None = None) -> int:
    given = arguments(words)
    logging.basicConfig(level=given.log_level, format="%(levelname)s %(name)s: %(message)s")
    try:
        chosen = options(given)
    except (InvalidSpec, KeyError) as error:
        print(f"the desktop service cannot begin: {error}", file=sys.stderr)
        return 2
    os.umask(0o022)
    root: Path = given.root.absolute()
    root.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (root / "deskd.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(f"another desktop service has {root}", file=sys.stderr)
            return 1
        _serve(root, given, chosen)
    return 0


def _serve(root: Path, given: argparse.Namespace, chosen: Options) -> None:
    ability = find_ability(given.mode)
    capacity = given.capacity or default_capacity()
    house = House(root, chosen, ability, capacity)
    house.recover()
    server = Server(socket_path(root), house, Peers(chosen.group))
    _say(house)
    house.warm()

    def end() -> None:
        house.end_all()  # first: the last time-stamps still come in through the socket
        server.shutdown()

    def stop(number: int, frame: FrameType | None) -> None:
        # Not here: shutdown() waits for the loop this handler interrupts.
        threading.Thread(target=end).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    again = threading.Event()
    threading.Thread(target=_look_again, args=(house, given.mode, again), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        again.set()
        server.server_close()
        socket_path(root).unlink(missing_ok=True)


def _look_again(house: House, mode: str, end: threading.Event) -> None:
    """What was missing may be there by now; what was there is not taken away."""
    while not end.wait(_LOOK_AGAIN):
        if not house.ability.available:
            house.ability = find_ability(mode)
            if house.ability.available:
                _say(house)
                house.warm()


def _say(house: House) -> None:
    ability = house.ability
    if ability.available:
        _log.info("%s desktops, %s at once", ability.isolation, house.capacity)
    for reason in ability.reasons:
        _log.warning("%s", reason)


if __name__ == "__main__":
    sys.exit(main())
