"""A page as files: a picture of all of it, MHTML, PDF. Each may fail without the others."""

from __future__ import annotations

import base64
import binascii
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import rfc8785
from PIL import Image

from forensics.pages import bounds
from forensics.pages.bounds import mapping, number
from forensics.pages.cdp import Connection
from forensics.pages.errors import BrowserGone, PageRefused
from forensics.pages.files import Kept, adopt, keep

#: Seconds for one strip, for the snapshot, for the PDF.
_STRIP: Final = 25.0
#: Seconds after which no further strip is begun: what is drawn until then is the picture.
_PICTURE: Final = 45.0
_SNAPSHOT: Final = 40.0
_PDF: Final = 40.0
Progress = Callable[[str], None]


@dataclass(slots=True)
class Captured:
    """``missing`` says of each part that could not be had why. ``height`` and ``width`` in CSS
    pixels as the page has them, ``pictured`` how much of the height the picture shows."""

    files: list[Kept] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    width: int = 0
    height: int = 0
    pictured: int = 0


def capture(
    connection: Connection,
    session: str,
    evidence: Path,
    folder: str,
    about: Mapping[str, Any],
    progress: Progress,
) -> Captured:
    """Capture what the target of ``session`` shows into ``evidence/folder``, with ``page.json``.

    Raises:
        OSError: the evidence cannot be written (the folder is there already, no space).
        BrowserGone
    """
    (evidence / folder).mkdir(mode=0o2750)
    done = Captured()
    parts: tuple[tuple[str, Callable[[], Kept]], ...] = (
        ("page.png", lambda: _picture(connection, session, evidence, folder, done)),
        ("page.mhtml", lambda: _snapshot(connection, session, evidence, folder)),
        ("page.pdf", lambda: _document(connection, session, evidence, folder)),
    )
    times: dict[str, int] = {}
    for name, make in parts:
        progress(name)
        began = time.monotonic()
        try:
            done.files.append(make())
        except BrowserGone as error:
            done.missing[name] = str(error)
        except (PageRefused, ValueError, MemoryError, Image.DecompressionBombError) as error:
            done.missing[name] = bounds.line(error, 300)
        times[name] = int((time.monotonic() - began) * 1000)
    value = {
        **about,
        "width": done.width,
        "height": done.height,
        "pictured_height": done.pictured,
        "milliseconds": times,
        "files": [each.to_json() for each in done.files],
        "missing": done.missing,
    }
    done.files.append(keep(evidence, f"{folder}/page.json", rfc8785.dumps(value)))
    return done


def _picture(
    connection: Connection, session: str, evidence: Path, folder: str, done: Captured
) -> Kept:
    """The whole page in strips, joined: the browser cannot draw very long pages in one."""
    metrics = connection.call("Page.getLayoutMetrics", session=session, timeout=_STRIP)
    size = mapping(metrics.get("cssContentSize"))
    done.width, done.height = (int(number(size.get(each))) for each in ("width", "height"))
    width = max(1, min(done.width, bounds.MAX_WIDTH))
    height = max(1, min(done.height, bounds.MAX_HEIGHT, bounds.MAX_PIXELS // width))
    whole: Image.Image | None = None
    scale = 1.0
    deadline = time.monotonic() + _PICTURE
    for top in range(0, height, bounds.STRIP):
        if time.monotonic() > deadline:
            break
        strip = _strip(connection, session, top, width, min(bounds.STRIP, height - top))
        if whole is None:
            scale = strip.width / width
            if not 0.2 < scale < 4 or scale * scale * width * height > 4 * bounds.MAX_PIXELS:
                raise ValueError("the browser drew at an unexpected scale")
            whole = Image.new("RGB", (strip.width, round(height * scale)), "white")
        whole.paste(strip.convert("RGB"), (0, round(top * scale)))
        done.pictured = min(height, top + bounds.STRIP)
    if whole is None:
        raise ValueError("the page has no height")
    if done.pictured < height:
        whole = whole.crop((0, 0, whole.width, round(done.pictured * scale)))
    temporary = evidence / folder / ".page.png"
    with temporary.open("wb") as file:
        whole.save(file, "PNG", compress_level=3)
    return adopt(evidence, f"{folder}/page.png", temporary)


def _strip(connection: Connection, session: str, top: int, width: int, height: int) -> Image.Image:
    answer = connection.call(
        "Page.captureScreenshot",
        {
            "format": "png",
            "captureBeyondViewport": True,
            "optimizeForSpeed": True,
            "clip": {"x": 0, "y": top, "width": width, "height": height, "scale": 1},
        },
        session,
        timeout=_STRIP,
    )
    image = Image.open(io.BytesIO(_data(answer.get("data"))), formats=("PNG",))
    if image.width * image.height > 16 * width * height:
        raise ValueError("the browser drew at an unexpected scale")
    return image


def _snapshot(connection: Connection, session: str, evidence: Path, folder: str) -> Kept:
    answer = connection.call(
        "Page.captureSnapshot", {"format": "mhtml"}, session, timeout=_SNAPSHOT
    )
    data = str(answer.get("data", "")).encode("utf-8", "replace")
    if not data or len(data) > bounds.MAX_DOCUMENT:
        raise ValueError("the snapshot is empty or too large")
    return keep(evidence, f"{folder}/page.mhtml", data)


def _document(connection: Connection, session: str, evidence: Path, folder: str) -> Kept:
    """Headful browsers may refuse; the reason then stands in ``missing``."""
    deadline = time.monotonic() + _PDF
    answer = connection.call(
        "Page.printToPDF",
        {"printBackground": True, "transferMode": "ReturnAsStream"},
        session,
        timeout=_PDF,
    )
    handle, data = answer.get("stream"), bytearray()
    while True:
        left = max(0.1, deadline - time.monotonic())
        piece = connection.call("IO.read", {"handle": handle}, session, timeout=left)
        text = piece.get("data")
        data += _data(text) if piece.get("base64Encoded") else str(text or "").encode("latin-1")
        if piece.get("eof"):
            break
        if len(data) > bounds.MAX_DOCUMENT:
            raise ValueError("the PDF is too large")
    connection.ask("IO.close", {"handle": handle}, session)
    if not data.startswith(b"%PDF-"):
        raise ValueError("the browser gave no PDF")
    return keep(evidence, f"{folder}/page.pdf", bytes(data))


def _data(value: Any) -> bytes:
    try:
        return base64.b64decode(value) if isinstance(value, str) else b""
    except binascii.Error as error:
        raise ValueError("the browser gave no proper data") from error
