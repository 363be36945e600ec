"""A node that is killed at a named point of its next checkpoint: ``crashing.py POINT FOLDER``.

``block``     the block is stamped, nothing is stored
``commit``    copies and block are stored, the guard is not moved
``cosigning`` all is stored, the cosignature is not made
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, NoReturn

from chain_adapter.node import witnessing
from chain_adapter.node.__main__ import main
from chain_adapter.node.guard import CosignedGuard


def die(*_: Any, **__: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit


if __name__ == "__main__":
    point, folder = sys.argv[1:]
    if point == "block":
        witnessing.LogWitness._commit = die  # type: ignore[method-assign]
    elif point == "commit":
        CosignedGuard.move = die  # type: ignore[method-assign]
    else:
        witnessing.cosign = die  # type: ignore[assignment]
    sys.exit(main(["serve", folder]))
