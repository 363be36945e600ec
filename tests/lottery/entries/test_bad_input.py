"""Whatever is wrong with a file has a sentence that names row and column, and nothing is left."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lottery.entries import (
    BadEntries,
    HasDuplicates,
    Layout,
    Rules,
    Unreadable,
    WrongColumns,
    commit,
    survey,
)
from tests.lottery.entries.conftest import DRAW, KEYS, Written

LAYOUT = Layout("编号", ("姓名",), "池", "权重")
RULES = Rules(("A", "B"), 5)
HEAD = "编号,姓名,池,权重\n"
GOOD = "1001,张三,A,1\n"


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (",李四,A,1", "id-missing", "编号"),
        ("  \u3000 ,李四,A,1", "id-missing", "编号"),
        ("1002,李四,C,1", "pool-unknown", "池"),
        ("1002,李四,a,1", "pool-unknown", "池"),
        ("1002,李四,,1", "pool-missing", "池"),
        ("1002,李四,A,0", "weight-bounds", "权重"),
        ("1002,李四,A,6", "weight-bounds", "权重"),
        ("1002,李四,A,99999999999999999999", "weight-form", "权重"),
        ("1002,李四,A,1.5", "weight-form", "权重"),
        ("1002,李四,A,-1", "weight-form", "权重"),
        ("1002,李四,A,", "weight-missing", "权重"),
        ("1002,李\x07四,A,1", "control", "姓名"),
        ('1002,"李\n四",A,1', "control", "姓名"),
        ("10\x1f02,李四,A,1", "control", "编号"),
        ("1002,李\u202e四,A,1", "control", "姓名"),
        (f"{'7' * 129},李四,A,1", "id-long", "编号"),
        (f"1002,{'李' * 171},A,1", "value-long", "姓名"),
        ("1002,李四,A", "cells", ""),
        ("1002,李四,A,1,more", "cells", ""),
        ("1002,李四,A,1\rx", "form", ""),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_read(
    written: Written, tmp_path: Path, row: str, code: str, column: str
) -> None:
    path = written(HEAD + GOOD + "\n" + row + "\n1003,王五,B,5\n")
    found = survey(path, LAYOUT, RULES)
    (problem,) = found.problems
    assert (problem.code, problem.row, problem.column) == (code, 4, column)
    assert (found.rows, found.problem_count) == (3, 1)
    assert [pool.entries for pool in found.per_pool] == [1, 1]
    with pytest.raises(BadEntries, match=r"^Row 4") as caught:
        commit(path, LAYOUT, RULES, KEYS, DRAW, tmp_path / "list")
    assert column in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["list.csv"]


def test_an_id_does_not_stand_in_its_problem(written: Written) -> None:
    path = written("id\n110101194912310023\n")
    (problem,) = survey(path, Layout("id", id_kind="prc-id"), Rules(("A",))).problems
    assert problem.code == "id-check"
    assert "1101" not in repr(problem)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n", "empty"),
        (b",,,\n1,2,3,4\n", "no-columns"),
        (b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(3000)), "binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5000), "binary"),
        (b"\xd0\xcf\x11\xe0" + bytes(5000), "old-excel"),
        (b"PK\x03\x04" + bytes(5000), "workbook"),
        (b"id," * 50_000, "long-line"),
        (b"x" * 9_000_000, "long-line"),
        (b"id\n" + b"7" * 9_000_000, "long-line"),
        (b'id,name\n1,a\n2,"b' + b"x,y\n" * 50_000, "long-line"),
        (b"\xff\xfe" + "id\x07,na\x08me\n1,2\n".encode("utf-16-le"), "no-columns"),
        (b"id,\xe5\xbc\xa0" + b"\xff\x80\x81" * 2000 + b"\n", "encoding"),
    ],
)
def test_what_is_no_table_is_refused(
    written: Written, tmp_path: Path, content: bytes, code: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        survey(written(content), Layout("id"), Rules(("A",)))
    assert caught.value.code == code
    assert [each.name for each in tmp_path.iterdir()] == ["list.csv"]


def test_a_row_without_end_is_named(written: Written) -> None:
    with pytest.raises(Unreadable, match=r"^Row 3 is longer than 65536 bytes"):
        survey(written(b'id\n1\n"2' + b"x\n" * 100_000), Layout("id"), Rules(("A",)))


def test_a_list_that_ends_within_a_character_names_the_row(written: Written) -> None:
    content = (HEAD + GOOD * 1 + "1002,李四,A,1\n").encode("gb18030") + "1003,王".encode("gb18030")
    found = survey(written(content[:-1]), LAYOUT, RULES)
    assert found.encoding == "gb18030"
    assert [(one.code, one.row) for one in found.problems] == [("cells", 4)]
    found = survey(written(content[:-1] + b",A,1\n"), LAYOUT, RULES)
    assert [one.row for one in found.problems] == [4]


def test_one_damaged_character_does_not_change_the_encoding(written: Written) -> None:
    rows = "".join(f"{number},张三李四,A,1\n" for number in range(100))
    content = (HEAD + rows).encode().replace("42,张".encode(), b"42,\xe5\xbc")
    found = survey(written(content), LAYOUT, RULES)
    assert found.encoding == "utf-8"
    assert [(one.code, one.row, one.column) for one in found.problems] == [("encoding", 44, "姓名")]


@pytest.mark.parametrize(
    ("layout", "rules", "code"),
    [
        (Layout("number"), RULES, "wrong-columns"),
        (Layout("编号", ("name",), "池"), RULES, "wrong-columns"),
        (Layout("编号", (), "pool"), RULES, "wrong-columns"),
        (Layout("编号", (), "池", "weight"), RULES, "wrong-columns"),
        (Layout("编号"), RULES, "pool-column"),
        (Layout("编号", (), "编号"), RULES, "wrong-columns"),
        (Layout("编号", ("姓名", "姓名"), "池"), RULES, "public-columns"),
    ],
)
def test_columns_that_are_not_there(
    written: Written, layout: Layout, rules: Rules, code: str
) -> None:
    with pytest.raises(WrongColumns) as caught:
        survey(written(HEAD + GOOD), layout, rules)
    assert caught.value.code == code


def test_a_column_that_is_there_twice(written: Written) -> None:
    with pytest.raises(WrongColumns, match="twice"):
        survey(written("id,id,name\n1,2,3\n"), Layout("id"), Rules(("A",)))


def test_more_rows_than_allowed(written: Written, tmp_path: Path) -> None:
    path = written("id\n" + "".join(f"{number}\n" for number in range(1001)))
    with pytest.raises(Unreadable, match="more than 1000 entries"):
        commit(path, Layout("id"), Rules(("A",), max_rows=1000), KEYS, DRAW, tmp_path / "list")
    document = commit(path, Layout("id"), Rules(("A",), max_rows=1001), KEYS, DRAW, tmp_path / "l")
    assert document["count"] == 1001


def test_half_of_the_list_twice(written: Written, tmp_path: Path) -> None:
    numbers = [*range(5000), *range(5000)]
    path = written("id\n" + "".join(f"{number}\n" for number in numbers))
    found = survey(path, Layout("id"), Rules(("A",)))
    assert (found.rows, found.duplicate_count, len(found.duplicates)) == (10_000, 5000, 200)
    assert [(one.row, one.first_row) for one in found.duplicates[:2]] == [(5002, 2), (5003, 3)]
    with pytest.raises(HasDuplicates, match=r"Row 5002 has the same id as row 2 \(4999 more\)"):
        commit(path, Layout("id"), Rules(("A",)), KEYS, DRAW, tmp_path / "list")
    rules = Rules(("A",), duplicates="first")
    document = commit(path, Layout("id"), rules, KEYS, DRAW, tmp_path / "list")
    assert document["count"] == 5000
    assert document["duplicates"] == {"policy": "first", "found": 5000}


def test_everybody_is_the_same(written: Written) -> None:
    found = survey(written("id\n" + "7\n" * 20_000), Layout("id"), Rules(("A",)))
    assert found.duplicate_count == 19_999
    assert {one.first_row for one in found.duplicates} == {2}


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        ("text", 'ab-1x|AB-1X|ａｂ－１ｘ| ab -1x |ab–1x|ab\u3000-1x|"ab-1x\t"'),
        ("text", "ﬁx|FIX|f\u200bix"),
        (
            "prc-id",
            "11010519491231002X|11010519491231002x|110105491231002|１１０１０５１９４９１２３１００２Ｘ",
        ),
    ],
)
def test_one_id_in_many_spellings(written: Written, kind: str, spellings: str) -> None:
    path = written("id\n" + spellings.replace("|", "\n") + "\n")
    found = survey(path, Layout("id", id_kind=kind), Rules(("A",)))  # type: ignore[arg-type]
    assert found.problems == ()
    assert [one.row for one in found.duplicates] == list(range(3, spellings.count("|") + 3))


def test_no_entries(written: Written, tmp_path: Path) -> None:
    path = written("id\n\n\n")
    assert survey(path, Layout("id"), Rules(("A",))).rows == 0
    with pytest.raises(Unreadable, match="no entries"):
        commit(path, Layout("id"), Rules(("A",)), KEYS, DRAW, tmp_path / "list")


def test_too_many_tickets(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written("id,weight\n" + "".join(f"{number},10000\n" for number in range(5)))
    monkeypatch.setattr("lottery.entries.committing._TICKETS", 49_999)
    rules = Rules(("A",), max_weight=10_000)
    with pytest.raises(Unreadable, match="add up"):
        commit(path, Layout("id", weight="weight"), rules, KEYS, DRAW, tmp_path / "list")


@pytest.mark.parametrize(("pools", "weight"), [((), 1), (("A",), 0), (("A",), 10_001)])
def test_rules_that_no_draw_has(pools: tuple[str, ...], weight: int) -> None:
    with pytest.raises(ValueError, match="pools"):
        Rules(pools, weight)
