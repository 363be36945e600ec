"""The annex of a capture: printed in both languages, extracts marked as such."""

from __future__ import annotations

import dataclasses
import io
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from timestamping.letter import (
    Capture,
    CaptureCheck,
    CaptureMoment,
    CaptureSegment,
    CaptureStill,
    LetterData,
    Words,
    render_letter,
)
from timestamping.letter.capture import MAX_MOMENTS, MAX_PICTURE, elapsed
from timestamping.pdf.errors import LetterError

BEGAN = datetime(2026, 11, 20, 3, 0, 0, 250_000, UTC)


def picture(shade: int = 90) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 200), (shade, 120, 160)).save(out, "JPEG", quality=70)
    return out.getvalue()


def still(number: int) -> CaptureStill:
    return CaptureStill(f"stills/{number:04d}.png", BEGAN, picture(number * 20), f"{number:064x}")


def capture(**changes: object) -> Capture:
    whole = Capture(
        complete=True,
        ending=Words(
            "录像自首帧至末帧完整无缺。", "The recording is whole from first to last frame."
        ),
        facts=(
            (Words("网址", "Address"), "https://侵权.example/商品?id=1"),
            (Words("浏览器", "Browser"), "Chromium 156"),
        ),
        checks=(
            CaptureCheck(Words("hosts 文件", "Hosts file"), "pass", "127.0.0.1 localhost"),
            CaptureCheck(
                Words("公网地址", "Public address"),
                "unknown",
                detail=Words("无法从内部得知。", "Cannot be known from inside."),
            ),
        ),
        moments=(CaptureMoment(BEGAN, 63.44, Words("标记", "Mark"), "侵权商品页 <b>不是标签</b>"),),
        segments=(CaptureSegment("recording/segment-000001.mp4", BEGAN, 10.02, "ab" * 32),),
        stills=(still(1), still(2), still(3)),
    )
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def text_of(deposit: LetterData, shown: Capture, folder: Path) -> str:
    path = folder / "letter.pdf"
    path.write_bytes(render_letter(dataclasses.replace(deposit, capture=shown)))
    command = ["pdftotext", "-layout", str(path), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_all_of_it_stands_in_the_annex(deposit: LetterData, tmp_path: Path) -> None:
    text = text_of(deposit, capture(), tmp_path)
    for said in (
        "附件 8",
        "录像自首帧至末帧完整无缺。",
        "https://侵权.example/商品?id=1",
        "127.0.0.1 localhost",
        "Cannot be known from inside.",
        "无法判定 1",
        "1:03.4",
        "11:00:00.250 +08:00",
        "侵权商品页 <b>不是标签</b>",
        "segment-000001.mp4",
        "stills/0002.png",
    ):
        assert said in text, said


def test_the_pictures_are_in_it(deposit: LetterData, tmp_path: Path) -> None:
    text_of(deposit, capture(), tmp_path)
    listed = subprocess.run(
        ["pdfimages", "-list", str(tmp_path / "letter.pdf")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert sum(" jpeg " in line for line in listed.splitlines()) == 3


def test_other_letters_have_no_such_annex(deposit: LetterData, tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(render_letter(deposit))
    command = ["pdftotext", str(path), "-"]
    assert "取证过程" not in subprocess.run(command, capture_output=True, text=True).stdout


def test_what_is_not_printed_is_counted(deposit: LetterData, tmp_path: Path) -> None:
    moment = CaptureMoment(BEGAN, 0.0, Words("访问", "Visit"), "https://example.com/")
    many = tuple(
        dataclasses.replace(moment, at=BEGAN + timedelta(seconds=number), seconds=float(number))
        for number in range(MAX_MOMENTS + 7)
    )
    text = text_of(deposit, capture(moments=many, stills=(), segments=()), tmp_path)
    assert "7 more are not printed here" in text
    assert elapsed(MAX_MOMENTS - 1) in text
    assert elapsed(MAX_MOMENTS + 1) not in text


@pytest.mark.parametrize("bad", [b"", b"<svg/>", picture() + bytes(MAX_PICTURE)])
def test_only_small_pictures(bad: bytes) -> None:
    with pytest.raises(LetterError, match="small JPEG or PNG"):
        CaptureStill("stills/0001.png", BEGAN, bad, "00" * 32)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00.0"), (9.96, "0:10.0"), (59.96, "1:00.0"), (3723, "1:02:03.0"), (-1, "0:00.0")],
)
def test_time_elapsed(seconds: float, shown: str) -> None:
    assert elapsed(seconds) == shown
