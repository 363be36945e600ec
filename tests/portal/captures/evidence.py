"""A small evidence folder with everything in it, written by the code that writes real ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from av.video.reformatter import VideoReformatter
from PIL import Image, ImageDraw

from forensics.chained import ChainedLog
from forensics.clock import Moment, rfc3339
from forensics.desktop import layout
from forensics.environment.result import Outcome, Result, to_json
from forensics.events import EventLog
from forensics.manifest import About, Ending, build_manifest
from forensics.recorder.note import Note
from forensics.recorder.screen import Frame
from forensics.recorder.segments import Segment
from forensics.session.chain import RecordingChain

BEGAN = Moment(datetime(2026, 11, 21, 2, 0, 0, tzinfo=UTC), 5000.0)
RESULTS = (
    Result("hosts", Outcome.PASS, "127.0.0.1 localhost", "127.0.0.1 localhost", "hosts.pass"),
    Result("proxy", Outcome.PASS, "", "", "proxy.pass"),
    Result("processes", Outcome.PASS, "7", "", "processes.pass"),
    Result("public-address", Outcome.UNKNOWN, "", "", "address-unknown"),
    Result("clock-ntp", Outcome.UNKNOWN, "", "", "no-time-server"),
    Result("extensions", Outcome.FAIL, "adblock 1.2", "", "extensions.fail"),
)
_SIZE = (320, 200)
#: Seconds of each segment; frames a second.
SEGMENT = 3.0
_FPS = 5


def write_evidence(
    folder: Path,
    session: str,
    ending: Ending,
    *,
    subject: Mapping[str, str],
    segments: int = 3,
    gap: bool = False,
) -> None:
    """Fill ``folder`` as a session of ``segments`` × 3 s leaves it, its manifest included."""
    for name in layout.EVIDENCE_FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    _record(folder, session, segments, gap)
    _files(folder)
    _events(folder, segments * SEGMENT)
    about = About(
        session,
        subject,
        {"width": 1280, "height": 800, "start_url": "https://shop.example/", "urls": []},
        {"isolation": "isolated", "versions": {"chromium": "150.0", "xvnc": "1.15"}},
    )
    (folder / layout.MANIFEST).write_bytes(build_manifest(folder, about, ending))


def picture(text: str, shade: int, size: tuple[int, int] = _SIZE) -> Image.Image:
    """A page-like picture."""
    image = Image.new("RGB", size, (245, 247, 250))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0], size[1] // 8), fill=(29, 79, 124))
    draw.rectangle((10, size[1] // 3, 10 + shade, size[1] // 2), fill=(179, 38, 30))
    draw.text((16, size[1] // 5), text, fill=(20, 30, 40))
    return image


def _record(folder: Path, session: str, segments: int, gap: bool) -> None:
    chain = RecordingChain(folder)
    ready = {"width": 320, "height": 200, "fps": _FPS, "codec": "libx264", "at": BEGAN.to_json()}
    chain.start(session, ready)
    reformatter = VideoReformatter()
    for number in range(1, segments + 1):
        first = BEGAN.later((number - 1) * SEGMENT + (4.0 if gap and number > 1 else 0.0))
        path = folder / layout.segment(number)
        segment = Segment(path, Note(session, number, first), *_SIZE, _FPS)
        for frame in range(int(SEGMENT * _FPS)):
            shot = picture(f"segment {number}  frame {frame}", 10 * frame + 5).convert("RGBA")
            red, green, blue, alpha = shot.split()
            pixels = bytearray(Image.merge("RGBA", (blue, green, red, alpha)).tobytes())
            segment.add(Frame(pixels, *_SIZE, first.later(frame / _FPS)), reformatter)
        segment.close()
        last = first.later((SEGMENT * _FPS - 1) / _FPS)
        closed = {"seq": number, "frames": segment.frames, "missed": 0, "gaps": []}
        chain.segment(closed | {"first": first.to_json(), "last": last.to_json()})
        if gap and number == 1:
            chain.gap(last, last.later(4.0), "the screen did not answer")
    chain.token(chain.head, b"not a token, but kept as one")
    chain.end("finished")
    chain.close()


def _files(folder: Path) -> None:
    picture("still 1", 120, (1280, 800)).save(folder / layout.still(1))
    page = folder / layout.page(1)
    page.mkdir()
    picture("page 1", 200, (1280, 2400)).save(page / "page.png")
    (page / "page.mhtml").write_bytes(b"MIME-Version: 1.0\r\n\r\n<p>page</p>")
    (page / "page.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    (page / "page.json").write_text(json.dumps({"url": "https://shop.example/"}))
    (folder / "downloads/合同.pdf").write_bytes(b"%PDF-1.4 contract\n%%EOF\n")
    (folder / "downloads/empty.txt").write_bytes(b"")
    (folder / layout.ENVIRONMENT).write_text(json.dumps({"results": to_json(RESULTS)}))
    names = [{"at": "2026-11-21T02:00:01Z", "name": "shop.example", "addresses": ["192.0.2.7"]}]
    (folder / layout.DNS).write_text("".join(json.dumps(each) + "\n" for each in names))
    (folder / layout.EGRESS).write_text("")


def _events(folder: Path, seconds: float) -> None:
    """As the keeper writes them, then at the times of this recording."""
    log = EventLog(folder / layout.EVENTS)
    log.emit("input_on", {"reason": "the cleanliness report was recorded"})
    visit = {"url": "https://shop.example/", "visit": "1"}
    log.emit("navigation", visit | {"state": "shown", "title": ""})
    log.emit("navigation", visit | {"state": "loaded", "title": "商店"})
    log.emit("mark", {"note": "<b>这里</b> 是侵权图片"})
    log.emit("still", {"number": 1, "file": layout.still(1)})
    page = {"number": 1, "url": "https://shop.example/"}
    for state in ("begun", "page.png", "page.mhtml", "page.pdf", "done"):
        log.emit("page", page | {"state": state})
    log.emit("download", {"name": "合同.pdf", "file": "downloads/合同.pdf"})
    log.emit("viewer", {"joined": True, "role": "driver"})
    log.close()
    _retime(folder / layout.EVENTS, seconds)


def _retime(path: Path, seconds: float) -> None:
    """The log's clock is the machine's; here it is the recording's."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.unlink()
    log = ChainedLog(path)
    for number, line in enumerate(lines):
        at = BEGAN.later(seconds * (number + 1) / (len(lines) + 1))
        kept = {name: value for name, value in line.items() if name != "prev"}
        log.append(kept | {"mono": at.mono, "at": rfc3339(at.utc)})
    log.close()
