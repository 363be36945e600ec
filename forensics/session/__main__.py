"""``python -m forensics.session --folder F [--salvage]``.

Keeps the session in ``F`` until it has ended; exit status 0 when the manifest is written. With
``--salvage``: the keeper of ``F`` is dead; seal what it left.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
from pathlib import Path
from types import FrameType

from forensics.desktop.layout import SessionFolder
from forensics.errors import ForensicsError
from forensics.session.spec import read_spec


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m forensics.session")
    parser.add_argument("--folder", type=Path, required=True, help="the session's folder")
    parser.add_argument("--salvage", action="store_true", help="seal what a dead keeper left")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    os.umask(0o027)  # the portal's group may read
    folder = SessionFolder(given.folder.absolute())
    try:
        return _salvage(folder) if given.salvage else _keep(folder)
    except (ForensicsError, OSError):
        logging.getLogger("forensics.session").exception("the session cannot be kept")
        return 1


def _keep(folder: SessionFolder) -> int:
    from forensics.session.ending import end
    from forensics.session.handlers import Handlers
    from forensics.session.keeper import Keeper
    from forensics.session.server import CommandServer

    keeper = Keeper(folder, read_spec(folder.spec))

    def asked_to_end(number: int, frame: FrameType | None) -> None:
        # Not here, where the lock may be held by what was interrupted: the loop does it.
        keeper.state.ending = "the desktop service ended the session"

    signal.signal(signal.SIGTERM, asked_to_end)
    signal.signal(signal.SIGINT, asked_to_end)
    server = CommandServer(folder.keeper_socket, Handlers(keeper))
    try:
        keeper.watch()
        end(keeper)
    finally:
        keeper.gate.close()
        keeper.recorder.kill()
        server.close()
    return 0


def _salvage(folder: SessionFolder) -> int:
    from forensics.session.ending import about
    from forensics.session.salvage import salvage

    spec = read_spec(folder.spec)
    terminal = salvage(folder, spec, about(spec))
    logging.getLogger("forensics.session").info("sealed as %s", terminal)
    return 0


raise SystemExit(main())
