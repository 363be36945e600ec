from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.deposits.filenames import download_name, shown_name


@pytest.mark.parametrize(
    ("given_name", "saved"),
    [
        ("合同.pdf", "合同.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("a\x00b\r\n.txt", "ab.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("𠮷.pdf", "𠮷.pdf"),
        ("..", "FALLBACK"),
        (".hidden", "hidden"),
        ("", "FALLBACK"),
        ("a:b*c?.txt", "a_b_c_.txt"),
        ("dir/", "dir"),
    ],
)
def test_a_download_has_a_harmless_name(given_name: str, saved: str) -> None:
    assert download_name(given_name, "FALLBACK") == saved


def test_a_long_name_keeps_its_suffix() -> None:
    name = download_name("字" * 300 + ".docx", "x")
    assert name.endswith("字.docx")
    assert len(name.encode()) <= 200


@given(st.text(max_size=400))
def test_no_name_is_a_path_or_hides_anything(name: str) -> None:
    saved = download_name(name, "x")
    assert saved
    assert len(saved.encode()) <= 200
    assert not set(saved) & set('/\\:*?"<>|\r\n\x00')
    assert not saved.startswith(".")
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs"} for c in saved)


@given(st.text(max_size=60))
def test_what_is_shown_can_be_seen(name: str) -> None:
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs"} for c in shown_name(name))


def test_direction_marks_are_spelled_out() -> None:
    assert shown_name("a\u202eb\x07") == "a\\u202eb\\x07"
    assert shown_name("𠮷合同 v2.pdf") == "𠮷合同 v2.pdf"
