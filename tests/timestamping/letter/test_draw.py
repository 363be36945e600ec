"""The annex of a draw: printed in both languages, extracts marked as such, a rehearsal loud."""

from __future__ import annotations

import dataclasses
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from timestamping.letter import (
    Drawn,
    DrawParty,
    DrawStage,
    DrawStep,
    DrawWinner,
    LetterData,
    Words,
    render_letter,
)
from timestamping.letter.draw import MAX_STEPS, MAX_WINNERS

BEGAN = datetime(2026, 11, 21, 2, 0, 0, 0, UTC)


def drawn(**changes: object) -> Drawn:
    whole = Drawn(
        rehearsal=False,
        stands=True,
        outcome=Words("结果已确定。", "The result is fixed."),
        facts=(
            (Words("抽签", "Draw"), "春江花园二期公开选房 Spring River Garden"),
            (Words("名册人数", "Entries"), "50,000,000"),
            (Words("种子", "Seed"), "5e" * 32),
        ),
        parties=(
            DrawParty(
                "春江置业有限公司",
                Words("主办方", "organiser"),
                "ab" * 32,
                Words("公开秘密", "secret revealed"),
            ),
            DrawParty(
                "李公证 <b>不是标签</b>",
                Words("公证员", "notary"),
                "cd" * 32,
                Words("由份额恢复秘密", "secret recovered from shares"),
            ),
        ),
        stages=(DrawStage(Words("无房家庭", "First homes"), 1200, 1100, 300, 100, "ef" * 32),),
        winners=tuple(winner(rank) for rank in range(1, 6)),
        steps=tuple(step(number) for number in range(4)),
    )
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def winner(rank: int) -> DrawWinner:
    return DrawWinner(1, rank, 1_000_000 + rank, f"A{rank:06d} · 王*明")


def step(number: int) -> DrawStep:
    at = BEGAN + timedelta(minutes=number)
    return DrawStep(
        number, at, Words("承诺", "commitment"), "李公证", f"{number:064x}", f"N{number}"
    )


def text_of(deposit: LetterData, shown: Drawn, folder: Path) -> str:
    path = folder / "letter.pdf"
    path.write_bytes(render_letter(dataclasses.replace(deposit, drawn=shown)))
    command = ["pdftotext", "-layout", str(path), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_all_of_it_stands_in_the_annex(deposit: LetterData, tmp_path: Path) -> None:
    text = text_of(deposit, drawn(), tmp_path)
    for said in (
        "附件 8",
        "结果已确定。",
        "The result is fixed.",
        "春江花园二期公开选房",
        "<b>不是标签</b>",
        "secret recovered from shares",
        "First homes",
        "1,200",
        "1,000,005",
        "A000005 · 王*明",
        "N3",
    ):
        assert said in text, said
    assert "REHEARSAL" not in text


def test_a_rehearsal_is_loud(deposit: LetterData, tmp_path: Path) -> None:
    text = text_of(deposit, drawn(rehearsal=True), tmp_path)
    assert "演练 REHEARSAL" in text
    assert "Its result means nothing." in text
    pages = text.split("\f")[:-1]
    assert len(pages) > 2
    assert all("REHEARSAL · of no effect" in page for page in pages)


def test_what_is_left_out_is_counted(deposit: LetterData, tmp_path: Path) -> None:
    shown = drawn(
        winners=tuple(winner(rank) for rank in range(1, MAX_WINNERS + 8)),
        more_winners=1000,
        steps=tuple(step(number) for number in range(MAX_STEPS + 3)),
    )
    text = text_of(deposit, shown, tmp_path)
    assert f"{1000 + 7} more are not printed here; all stand in winners.json" in text
    assert "3 more are not printed here; all stand in transcript.json" in text


def test_other_letters_have_no_such_annex(deposit: LetterData, tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(render_letter(deposit))
    command = ["pdftotext", "-layout", str(path), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "抽签过程" not in text
