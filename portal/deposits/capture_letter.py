"""What a letter says of a capture: fields of its item, and the annex."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import structlog
from PIL import Image

from forensics.environment.report import rows
from portal.deposits.captured import Captured, Kept, Moment
from timestamping.letter import (
    Capture,
    CaptureCheck,
    CaptureMoment,
    CaptureSegment,
    CaptureStill,
    Words,
    mask,
)
from timestamping.letter.capture import MAX_PICTURE, MAX_STILLS

_log = structlog.get_logger(__name__)
#: Width of a picture in the letter, pixels; a still larger than this is not read, bytes.
_WIDTH: Final = 720
_MAX_STILL: Final = 32 << 20
#: Characters printed of a note or an address.
_TEXT: Final = 300
_TERMINALS: Final = {
    "complete": Words(
        "录像自首帧至末帧完整，没有中断。",
        "The recording is whole from its first frame to its last.",
    ),
    "interrupted": Words(
        "采集中断，证据不完整；中断之前的部分如下。",
        "The capture was interrupted and is not complete; what there was before stands below.",
    ),
}
_ISOLATIONS: Final = {
    "isolated": "独立的网络、用户、进程、文件与限额 own network, user, processes, files, limits",
    "shared-network": "降级：与主机共用网络 degraded: the host's network is shared",
    "bare": "无隔离，仅供测试 no isolation, for tests alone",
}
_MOMENTS: Final = {
    "input_on": Words("放开键盘与鼠标", "Keyboard and mouse released"),
    "input_off": Words("关闭键盘与鼠标", "Keyboard and mouse off"),
    "mark": Words("标记", "Mark"),
    "navigation": Words("打开网页", "Page opened"),
    "still": Words("截屏", "Screenshot"),
    "page": Words("整页采集", "Page captured"),
    "paste": Words("粘贴文字", "Text pasted"),
    "upload": Words("带入文件", "File brought in"),
    "download": Words("下载文件", "File downloaded"),
    "gap": Words("录像空缺", "Gap in the recording"),
    "clock": Words("时钟被调整", "The clock was set"),
    "warning": Words("警告", "Warning"),
    "limit": Words("到达限额", "Limit reached"),
    "ending": Words("录像结束", "Recording ends"),
}
_METHOD: Final = (
    "在平台的采集桌面中远程采集：自首帧起录屏，分段计算摘要并相互链接，过程中加盖时间戳 "
    "remote capture at a desktop of the platform: recorded from the first frame on, in segments "
    "whose digests are chained, time-stamped while it went on"
)


@dataclass(frozen=True, slots=True)
class Paper:
    """What of a manifest a letter repeats; ``value`` is the manifest, as it was deposited."""

    value: Mapping[str, Any]

    @classmethod
    def read(cls, manifest: bytes) -> Paper:
        return cls(json.loads(manifest))

    @property
    def complete(self) -> bool:
        return self.value.get("terminal") == "complete"

    def item_fields(self) -> dict[str, str]:
        """For the letter's evidence item (最高人民法院关于互联网法院审理案件若干问题的规定 art.
        11)."""
        who = mask(str(self._part("subject").get("name", "")))
        alone = bool(self._part("asked").get("urls"))
        how = "平台按其所列网址自动采集 unattended, at the addresses named"
        how = how if alone else "本人操作桌面 in person at the desktop"
        ending = _TERMINALS["complete" if self.complete else "interrupted"]
        reason = "" if self.complete else f" {self.value.get('reason', '')}"
        return {
            "captured_by": f"{who}（{how}）" if who else "",
            "tool": "; ".join(f"{name} {version}" for name, version in self.versions()),
            "method": _METHOD,
            "completeness": f"{ending.zh} {ending.en}{reason}",
            "created": self._span(),
        }

    def versions(self) -> list[tuple[str, str]]:
        """Programs and libraries, by name."""
        found: dict[str, str] = {}
        for part in (self._part("desktop").get("versions"), self._part("software")):
            if isinstance(part, Mapping):
                found |= {str(name): str(version) for name, version in part.items()}
        return sorted(found.items())

    def facts(self, captured: Captured) -> Iterator[tuple[Words, str]]:
        """Label and value, in the order of the annex."""
        asked, recording = self._part("asked"), self._part("recording")
        urls = [str(each) for each in asked.get("urls") or () if each]
        start = str(asked.get("start_url") or "")
        yield Words("会话", "Session"), str(self.value.get("session", ""))
        if self.value.get("reason") and not self.complete:
            yield Words("原因", "Reason"), str(self.value["reason"])
        if start or urls:
            yield Words("网址", "Address"), "; ".join(each for each in [start, *urls[:20]] if each)
        yield (
            Words("开始与结束", "Began, ended"),
            self._span(),
        )
        isolation = str(self._part("desktop").get("isolation", ""))
        yield Words("隔离方式", "Isolation"), _ISOLATIONS.get(isolation, isolation)
        if asked.get("width"):
            size = f"{asked.get('width')} × {asked.get('height')}"
            yield Words("屏幕", "Screen"), f"{size}, {asked.get('language', '')}"
        frames = f"{recording.get('frames', 0)} / {recording.get('missed', 0)}"
        yield Words("帧数与漏帧", "Frames, missed"), frames
        gaps = [f"{gap.seconds:.1f} s {gap.reason}" for gap in captured.gaps]
        yield Words("录像空缺", "Gaps"), "; ".join(gaps[:20]) or "无 none"
        final = "末次未取得 without the last one"
        if recording.get("final_token"):
            final = "含末次 the last one included"
        stamps = f"{captured.stamps}（{final}）"
        yield Words("录像过程中的时间戳", "Time-stamps while recording"), stamps
        yield Words("摘要链末端", "Head of the chain"), str(recording.get("head", ""))

    def annex(self, captured: Captured, opener: Callable[[Kept], BinaryIO]) -> Capture:
        """The annex: an extract, for the manifest attached has all of it."""
        return Capture(
            complete=self.complete,
            ending=_TERMINALS["complete" if self.complete else "interrupted"],
            facts=tuple(self.facts(captured)),
            checks=tuple(_checks(captured)),
            moments=tuple(_moments(captured)),
            segments=tuple(
                CaptureSegment(each.file.path, each.began, each.seconds, each.file.sha256)
                for each in captured.segments
            ),
            stills=tuple(_stills(captured, opener)),
        )

    def _part(self, name: str) -> Mapping[str, Any]:
        found = self.value.get(name)
        return found if isinstance(found, Mapping) else {}

    def _span(self) -> str:
        return f"{self._moment('began')} – {self._moment('ended')}"

    def _moment(self, name: str) -> str:
        return str(self._part(name).get("utc", ""))


def _checks(captured: Captured) -> Iterator[CaptureCheck]:
    """The cleanliness report in both languages."""
    both = zip(rows(captured.results, "zh"), rows(captured.results, "en"), strict=True)
    for chinese, english in both:
        yield CaptureCheck(
            Words(chinese.title, english.title),
            chinese.outcome.value,
            chinese.found,
            Words(chinese.sentence, english.sentence),
        )


def _moments(captured: Captured) -> Iterator[CaptureMoment]:
    for each in captured.moments:
        if each.kind in _MOMENTS:
            yield CaptureMoment(each.at, max(0.0, each.start), _MOMENTS[each.kind], _said(each))


def _said(moment: Moment) -> str:
    if moment.kind == "paste":
        return f"{moment.text('characters')} 字 characters, SHA-256 {moment.text('sha256')}"
    if moment.kind in ("still", "page"):
        return _cut(moment.text("url", "title", "file", "number"))
    return _cut(moment.text("note", "name", "title", "url", "what", "reason", "detail"))


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}…"


def _stills(captured: Captured, opener: Callable[[Kept], BinaryIO]) -> Iterator[CaptureStill]:
    """Made smaller for the paper; the digest is the file's own."""
    taken = {
        moment.text("file"): moment.at for moment in captured.moments if moment.kind == "still"
    }
    shown = 0
    for _, file in captured.stills:
        if shown < MAX_STILLS and (picture := _reduced(file, opener)):
            shown += 1
            yield CaptureStill(file.path, taken.get(file.path), picture, file.sha256)


def _reduced(file: Kept, opener: Callable[[Kept], BinaryIO]) -> bytes:
    """A small JPEG of a still; empty when there is none to be made."""
    if file.vault_key is None or file.size > _MAX_STILL:
        return b""
    try:
        with opener(file) as stream, Image.open(io.BytesIO(stream.read()), formats=["PNG"]) as big:
            small = big.convert("RGB")
            small.thumbnail((_WIDTH, _WIDTH))
            out = io.BytesIO()
            small.save(out, "JPEG", quality=72, optimize=True)
    except (OSError, ValueError, Image.DecompressionBombError):
        _log.warning("still_not_shown", path=file.path)
        return b""
    return out.getvalue() if len(out.getvalue()) <= MAX_PICTURE else b""
