"""The timeline on paper."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from pypdf import PdfReader

from portal.audit.service import Head
from portal.cases.report import Report, ReportEvent, ReportItem, timeline_pdf
from timestamping.letter.words import Words

_NOW = datetime(2026, 11, 21, 7, 0, 0, 120_000, tzinfo=UTC)
_NASTY = '<script>alert(1)</script> #eval("1") \u202e\x07😀 $x$ @label'


def _report(events: int, title: str = "供货合同纠纷") -> Report:
    return Report(
        office=Words("示例公证处", "Example Notary Office"),
        platform=Words("公证存证平台", "Notary Evidence Portal"),
        title=title,
        reference="(2026)沪0115民初1234号",
        note=_NASTY,
        state=Words("进行中", "open"),
        holder="张伟",
        made_by="张伟",
        made_at=_NOW,
        zone="Asia/Shanghai",
        scope=Words("全部事件", "all events"),
        log=Head(1234, "cd" * 32),
        deposits=1,
        items=[
            ReportItem("NE20261121-7K3M9QXT", _NASTY, "ab" * 32, _NOW, Words("已出具", "issued"))
        ],
        events=[
            ReportEvent(
                seq=number,
                at=_NOW,
                what=Words("接收并计算摘要", "received, digest computed"),
                thing="NE20261121-7K3M9QXT",
                title="contract.pdf",
                who="张伟",
                way=Words("网页", "web page"),
                address="203.0.113.7",
                stated=_NOW,
                more="+ 合同",
                text="两行\n记事",
            )
            for number in range(1, events + 1)
        ],
    )


def _texts(data: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]


def test_both_languages_zone_people_and_the_head_of_the_log() -> None:
    text = " ".join("\n".join(_texts(timeline_pdf(_report(3)))).split())
    for words in (
        "案件时间线",
        "Case timeline",
        "供货合同纠纷",
        "2026-11-21 15:00:00.120 +08:00",
        "Asia/Shanghai",
        "received, digest computed",
        "203.0.113.7",
        "1234 entries, hash of the last",
        "cd" * 16,
        "NE20261121-7K3M9QXT",
        "The report itself proves nothing",
    ):
        assert words in text, words


def test_pages_are_numbered_and_the_tables_heading_repeats() -> None:
    pages = _texts(timeline_pdf(_report(60)))
    assert len(pages) >= 3
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in page
    assert all("Who, from where" in page for page in pages[1:])


def test_text_of_strangers_is_shown_and_never_run() -> None:
    data = timeline_pdf(_report(1, _NASTY))
    text = "".join(_texts(data)).replace("\n", "")
    assert "<script>alert(1)</script>" in text
    assert '#eval("1")' in text
    assert "U+1F600" in text
    assert "U+202E" in text
    assert "/JavaScript" not in data.decode("latin-1")


def test_the_same_report_gives_the_same_bytes() -> None:
    assert timeline_pdf(_report(2)) == timeline_pdf(_report(2))


def test_a_case_in_which_nothing_stands() -> None:
    import dataclasses

    empty = dataclasses.replace(_report(0), items=[], deposits=0, reference="", note="")
    text = "".join(_texts(timeline_pdf(empty)))
    assert "There is no deposit in this case." in text
    assert "none" in text
