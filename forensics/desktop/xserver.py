"""The X server's words, and the cookies that open it."""

from __future__ import annotations

import os
from pathlib import Path

from forensics.desktop import components
from forensics.desktop.interface import DesktopSpec
from forensics.desktop.xclient import authority


def words(spec: DesktopSpec, display: int, cookie_file: str, rfb: str) -> list[str]:
    """The command; paths as the server itself sees them. No TCP, no abstract socket, no password:
    whoever may open the folder its sockets are in may connect."""
    return [
        str(components.program("Xvnc")), f":{display}",
        "-geometry", f"{spec.width}x{spec.height}", "-depth", "24",
        "-auth", cookie_file,
        "-rfbunixpath", rfb, "-rfbunixmode", "0666", "-rfbport", "-1",
        "-nolisten", "tcp", "-nolisten", "local", "-SecurityTypes", "None",
        "-BlacklistThreshold=1000000",  # viewers all come from the gateway's one address
        "-AlwaysShared=1", "-AcceptSetDesktopSize=0", "-SendPrimary=0", "-FrameRate=30",
        "-IdleTimeout=0", "-MaxCutText=1048576", "-desktop", "desktop", "-br", "-noreset",
    ]  # fmt: skip


def lay_cookie(path: Path, display: int, cookie: bytes, owner: int | None) -> None:
    """An Xauthority file for ``owner`` alone (None: us), in a folder that may be another's."""
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(authority(display, cookie))
        if owner is not None:
            os.fchown(file.fileno(), owner, -1)
