"""CSV as it comes: encodings, separators, headings, and rows that are wrong."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.imports.decoding import MAX_BYTES
from portal.imports.parsing import MAX_ROWS, Parsed, Row, parse, read_digest
from portal.problems import BadInput, TooLarge

A, B = "a" * 64, "b" * 64
_TABLE = f"sha256,标题,文件名,大小,备注,标签\n{A},供货合同,合同.pdf,1024,第一份,合同; 交付\n"


def only(parsed: Parsed) -> Row:
    (row,) = parsed.rows
    return row


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_encodings(encoding: str, name: str) -> None:
    parsed = parse(_TABLE.encode(encoding))
    assert (parsed.encoding, parsed.separator) == (name, ",")
    assert only(parsed) == Row(
        2, A, A, "", "供货合同", "合同.pdf", "第一份", 1024, ("合同", "交付")
    )


def test_utf_16_of_either_byte_order() -> None:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert only(parse(mark + _TABLE.encode(encoding))).title == "供货合同"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(separator: str) -> None:
    table = _TABLE.replace("; ", "|").replace(",", separator)
    parsed = parse(table.encode())
    assert parsed.separator == separator
    assert only(parsed).tags == ("合同", "交付")


def test_a_separator_named_by_excel() -> None:
    parsed = parse(f"sep=;\r\nsha256;title\r\n{A};a,b\r\n".encode())
    row = only(parsed)
    assert (row.line, row.title, parsed.separator) == (3, "a,b", ";")


@pytest.mark.parametrize(
    "name", ["SHA-256", "Sha256", "sha_256", "摘要", "哈希值", "ＳＨＡ２５６", " Digest "]
)
def test_names_of_the_digests_column(name: str) -> None:
    row = only(parse(f"标题,{name}\n合同,{A}\n".encode()))
    assert (row.title, row.sha256) == ("合同", A)


def test_without_a_heading_the_first_column_is_read() -> None:
    parsed = parse(f"{A},whatever\n{B}\n".encode())
    assert [(row.line, row.sha256, row.title) for row in parsed.rows] == [(1, A, ""), (2, B, "")]


def test_a_heading_that_names_nothing_known_is_passed_over() -> None:
    parsed = parse(f"文件散列（十六进制）,x\n{A}\n".encode())
    assert [row.line for row in parsed.rows] == [2]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    parsed = parse(f'sha256,note\n\n{A},"two\nlines"\n ,\n{B},x\n'.encode())
    assert [(row.line, row.note) for row in parsed.rows] == [(3, "two\nlines"), (6, "x")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ends_of_lines(end: str) -> None:
    parsed = parse(f"sha256,title{end}{A},一{end}{B},二".encode())
    assert [row.title for row in parsed.rows] == ["一", "二"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (A.upper(), A),
        (f" {A} ", A),
        (f"SHA256:{A}", A),
        (" ".join(A[at : at + 8] for at in range(0, 64, 8)), A),
        (":".join(A[at : at + 2] for at in range(0, 64, 2)), A),
    ],
)
def test_digests_as_programs_print_them(written: str, read: str) -> None:
    assert read_digest(written) == read


@given(st.text("0123456789abcdef", min_size=64, max_size=64))
@example("0" * 62 + "e5")
def test_every_digest_is_one(digits: str) -> None:
    assert read_digest(digits) == digits


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "digest_missing"),
        ("a" * 63, "digest_length"),
        ("a" * 65, "digest_length"),
        ("g" * 64, "digest_characters"),
        ("1.23457E+63", "digest_rounded"),
        ("=HYPERLINK(1)", "digest_characters"),
        ("<script>alert(1)</script>", "digest_characters"),
        ("ａ" * 64, "digest_characters"),
    ],
)
def test_a_digest_that_is_none_says_why(cell: str, code: str) -> None:
    parsed = parse(f"sha256,title\n{cell},x\n{A},y\n".encode())
    bad, good = parsed.rows
    assert bad.problem is not None
    assert bad.problem.code == code
    assert (good.sha256, good.problem) == (A, None)


@pytest.mark.parametrize(
    ("table", "field"),
    [
        (f"sha256,title\n{A},{'x' * 201}\n", "title"),
        (f"sha256,note\n{A},{'x' * 4001}\n", "note"),
        (f"sha256,filename\n{A},{'x' * 1025}\n", "filename"),
        (f"sha256,size\n{A},-1\n", "size"),
        (f"sha256,size\n{A},1e9\n", "size"),
        (f"sha256,size\n{A},٣\n", "size"),
        (f"sha256,size\n{A},9007199254740992\n", "size"),
        (f"sha256,size\n{A},{'9' * 500}\n", "size"),
        (f"sha256,tag\n{A},{'字' * 41}\n", "tags"),
        (f"sha256,tag\n{A},{';'.join(map(str, range(21)))}\n", "tags"),
        (f"sha256,sm3\n{A},zz\n", "sha256"),
    ],
)
def test_other_cells_that_do_not_fit(table: str, field: str) -> None:
    problem = only(parse(table.encode())).problem
    assert problem is not None
    assert problem.field == field


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "csv_empty"),
        (b"\xef\xbb\xbf", "csv_empty"),
        (b" \r\n\t\n", "csv_empty"),
        (b"sha256,title\n", "csv_heading_only"),
        (b"title,note\nx,y\n", "csv_no_digest"),
        ("sha256,摘要\n".encode(), "csv_column_twice"),
        (b"PK\x03\x04\x14\x00\x06\x00", "csv_nul"),
        (f"sha256\n{A}\x00\n".encode(), "csv_nul"),
        (f"sha256\n{A}\n".encode("utf-16-le"), "csv_nul"),
        (b"\xff\xfe\x00\xd8\x41", "csv_encoding"),
        (b"\x81\xff\xff\xff", "csv_encoding"),
        (f'sha256,note\n{A},"{"x" * 200_000}'.encode(), "csv_line"),
        (f"sha256,note\n{A},{'x' * 200_000}\n".encode(), "csv_line"),
    ],
)
def test_files_that_cannot_be_read_say_why(data: bytes, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(data)
    assert (refused.value.code, refused.value.field) == (code, "file")


def test_ten_thousand_rows_and_not_one_more() -> None:
    rows = [f"{number:064x}" for number in range(MAX_ROWS + 1)]
    read = parse("\n".join(["sha256", *rows[:MAX_ROWS]]).encode()).rows
    assert [row.sha256 for row in read] == rows[:MAX_ROWS]
    with pytest.raises(TooLarge, match="at most 10000 rows"):
        parse("\n".join(["sha256", *rows]).encode())


def test_a_file_is_bounded_before_it_is_read() -> None:
    with pytest.raises(TooLarge, match="larger than the limit"):
        parse(b"x" * (MAX_BYTES + 1))


_ALPHABET = st.sampled_from('ab0,;\t"\r\n\x00=\u2028é中😀')


@given(
    st.one_of(
        st.binary(max_size=400),
        st.text(_ALPHABET, max_size=300).map(lambda text: text.encode()),
        st.text(_ALPHABET, max_size=300).map(lambda text: text.encode("utf-16")),
        st.text(max_size=100).map(lambda text: f"sha256,title,size,tag\n{text}".encode()),
    )
)
@example(b"\xff\xfe\x00\x00\x00\x00\x11\x00")
@example(b'sha256\n"')
def test_whatever_the_bytes_are_there_are_rows_or_one_clear_refusal(data: bytes) -> None:
    try:
        parsed = parse(data)
    except (BadInput, TooLarge):
        return
    assert parsed.rows
    lines = [row.line for row in parsed.rows]
    assert lines == sorted(set(lines))
    for row in parsed.rows:
        assert (row.problem is None) == (len(row.sha256) == 64)
        row.title.encode()  # no half characters
