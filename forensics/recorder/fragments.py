"""Reading back fragmented MP4 as the recorder writes it, also when it breaks off.

Only what a chain line says of a segment is read (ISO/IEC 14496-12): how many frames lie in whole
fragments, how long they last, and the comment. Nothing is decoded, every length is bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from forensics.errors import InvalidEvidence
from forensics.recorder.note import Note

#: Boxes other than media data are read whole, up to this, bytes; most boxes of one file.
_MAX_BOX: Final = 1 << 20
_MAX_BOXES: Final = 100_000
_COMMENT: Final = (b"udta", b"meta", b"ilst", b"\xa9cmt", b"data")
#: trun flags (8.8.8): what precedes and makes up its table.
_DATA_OFFSET, _FIRST_FLAGS = 0x1, 0x4
_DURATION, _SIZE, _FLAGS, _OFFSET = 0x100, 0x200, 0x400, 0x800
#: tfhd flags (8.8.7) of the fields before the default duration, and of that.
_BASE, _DESCRIPTION, _DEFAULT_DURATION = 0x1, 0x2, 0x8


@dataclass(frozen=True, slots=True)
class Contents:
    """``frames`` in whole fragments; ``seconds`` from the first of them to the last; ``whole``:
    the recorder finished the file; ``note`` is what the file says of itself. Players refuse a file
    that ends inside of a fragment's header: ``playable`` are the bytes before that."""

    frames: int
    seconds: float
    whole: bool
    note: Note
    playable: int


def read_contents(stream: BinaryIO) -> Contents:
    """What lies in the segment ``stream``, which must be seekable.

    Raises:
        InvalidEvidence: no segment as the recorder writes them, not even the beginning of one.
    """
    try:
        return _read(stream)
    except (struct.error, IndexError) as error:
        raise InvalidEvidence("the segment is no fragmented MP4 of the recorder") from error


def _read(stream: BinaryIO) -> Contents:
    note, scale, frames, last, whole = None, 0, 0, 0, False
    waiting: tuple[int, int] | None = None  # a fragment whose media data is still to come
    playable = 0
    for kind, body, end in _top_boxes(stream):
        if kind == b"moov":
            note = Note.decode(_inside(body, _COMMENT, skip={b"meta": 4})[8:])
            scale = struct.unpack(">I", _inside(body, (b"trak", b"mdia", b"mdhd"))[12:16])[0]
        elif kind == b"moof":
            waiting = _fragment(body)
        elif kind == b"mdat" and waiting is not None:
            frames, last, waiting = frames + waiting[0], waiting[1], None
        whole = kind == b"mfra"
        # A header without its data is no fragment; data may break off anywhere.
        playable = playable if kind == b"moof" else end
    if note is None or scale == 0:
        raise InvalidEvidence("the segment breaks off before its first frame")
    return Contents(frames, round(last / scale, 3), whole, note, playable)


def _top_boxes(stream: BinaryIO) -> Iterator[tuple[bytes, bytes, int]]:
    """Kind, body and end of each whole box; media data is passed over and comes as empty. A last
    ``mdat`` that breaks off comes as a box of the kind ``part``."""
    size = stream.seek(0, 2)
    at = stream.seek(0)
    for _ in range(_MAX_BOXES):
        header = stream.read(16)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header[:8])
        start = 8
        if length == 1 and len(header) == 16:
            (length,), start = struct.unpack(">Q", header[8:]), 16
        if length < start or at + length > size:
            if kind == b"mdat":
                yield b"part", b"", size
            return  # broken off here
        stream.seek(at + start)
        if kind != b"mdat" and length > _MAX_BOX:
            raise InvalidEvidence("a box of the segment is far too long")
        body = b"" if kind == b"mdat" else stream.read(length - start)
        at = stream.seek(at + length)
        yield kind, body, at
    raise InvalidEvidence("the segment has far too many boxes")


def _inside(body: bytes, path: tuple[bytes, ...], skip: dict[bytes, int] | None = None) -> bytes:
    """The body of the box that ``path`` leads to; ``skip``: bytes before a box's children."""
    for step in path:
        body = next((inner for kind, inner in _children(body) if kind == step), b"")
        body = body[(skip or {}).get(step, 0) :]
    return body


def _children(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(body):
        length, kind = struct.unpack(">I4s", body[at : at + 8])
        if length < 8:
            return
        yield kind, body[at + 8 : at + length]
        at += length


def _fragment(body: bytes) -> tuple[int, int]:
    """Frames of a movie fragment, and when its last one begins (units of the track)."""
    traf = _inside(body, (b"traf",))
    decode_time = _inside(traf, (b"tfdt",))
    wide = decode_time[0] == 1
    (start,) = struct.unpack(">Q" if wide else ">I", decode_time[4 : 12 if wide else 8])
    durations = _durations(_inside(traf, (b"trun",)), _default_duration(traf))
    return len(durations), start + sum(durations[:-1])


def _default_duration(traf: bytes) -> int:
    header = _inside(traf, (b"tfhd",))
    flags = int.from_bytes(header[1:4], "big")
    if not flags & _DEFAULT_DURATION:
        return 0
    at = 8 + (8 if flags & _BASE else 0) + (4 if flags & _DESCRIPTION else 0)
    return int(struct.unpack(">I", header[at : at + 4])[0])


def _durations(run: bytes, default: int) -> list[int]:
    flags = int.from_bytes(run[1:4], "big")
    count = struct.unpack(">I", run[4:8])[0]
    at = 8 + (4 if flags & _DATA_OFFSET else 0) + (4 if flags & _FIRST_FLAGS else 0)
    width = 4 * sum(bool(flags & each) for each in (_DURATION, _SIZE, _FLAGS, _OFFSET))
    if count * width > len(run) - at:
        raise InvalidEvidence("a fragment of the segment is malformed")
    if not flags & _DURATION:
        return [default] * min(count, _MAX_BOXES)
    return [struct.unpack(">I", run[at + n * width :][:4])[0] for n in range(count)]
