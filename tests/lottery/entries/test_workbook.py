"""Workbooks: read like any table, and examined before anything unpacks them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from lottery.entries import Layout, ListFolder, Rules, Unreadable, commit, survey
from tests.lottery.entries.conftest import DRAW, KEYS, Written

_OPEN = "http://schemas.openxmlformats.org"
_KIND = "application/vnd.openxmlformats"
_TYPES = (
    f'<Types xmlns="{_OPEN}/package/2006/content-types">'
    f'<Default Extension="rels" ContentType="{_KIND}-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    f' ContentType="{_KIND}-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    f' ContentType="{_KIND}-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_BOOK = (
    f'<workbook xmlns="{_OPEN}/spreadsheetml/2006/main"'
    f' xmlns:r="{_OPEN}/officeDocument/2006/relationships">'
    '<sheets><sheet name="名单" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
Rows = list[list[str | int | float]]


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_OPEN}/package/2006/relationships"><Relationship Id="rId1"'
        f' Type="{_OPEN}/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
        "</Relationships>"
    )


def _cell(name: str, value: str | float) -> str:
    if isinstance(value, str):
        return f'<c r="{name}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{name}"><v>{value!r}</v></c>'


def workbook(rows: Rows, extra: str = "", more: dict[str, bytes] | None = None) -> bytes:
    """A workbook of one sheet: text as inline strings, numbers as numbers."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{chr(65 + at)}{number}", value) for at, value in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    space = f"{_OPEN}/spreadsheetml/2006/main"
    data = "".join(lines) + extra
    members = {
        "[Content_Types].xml": _TYPES.encode(),
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml").encode(),
        "xl/workbook.xml": _BOOK.encode(),
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml").encode(),
        "xl/worksheets/sheet1.xml": (
            f'<worksheet xmlns="{space}"><sheetData>{data}</sheetData></worksheet>'.encode()
        ),
    } | (more or {})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


ROWS: Rows = [
    ["编号", "姓名", "池", "权重"],
    ["1001", "张三", "A", 1],
    ["", "", "", ""],
    [1002, "李四", "B", 3.0],
]
LAYOUT = Layout("编号", ("姓名",), "池", "权重")
RULES = Rules(("A", "B"), 5)


def test_a_workbook_is_a_table_like_any_other(written: Written, tmp_path: Path) -> None:
    path = written(workbook(ROWS))
    found = survey(path, LAYOUT, RULES)
    assert (found.encoding, found.rows, found.problems) == ("xlsx", 2, ())
    assert found.columns == ("编号", "姓名", "池", "权重")
    document = commit(path, LAYOUT, RULES, KEYS, DRAW, tmp_path / "book")
    text = written("编号,姓名,池,权重\n1001,张三,A,1\n\n1002,李四,B,3\n", name="same.csv")
    same = commit(text, LAYOUT, RULES, KEYS, DRAW, tmp_path / "text")
    assert same["list_root"] == document["list_root"]
    folder = ListFolder.open(tmp_path / "book")
    assert [(who.row, who.cells[1]) for who in folder.identities(path, [0, 1])] == [
        (2, "张三"),
        (4, "李四"),
    ]


def test_problems_name_row_and_column(written: Written) -> None:
    path = written(workbook([*ROWS, [123456789012345678, "王五", "A", 1], ["1004", "x", "A", 0]]))
    found = [(one.code, one.row, one.column) for one in survey(path, LAYOUT, RULES).problems]
    assert found == [("id-number", 5, "编号"), ("weight-bounds", 6, "权重")]


def test_a_formula_is_refused_with_its_cell(written: Written) -> None:
    formula = '<row r="5"><c r="A5"><v>1</v></c><c r="D5"><f>1+1</f><v>2</v></c></row>'
    with pytest.raises(Unreadable, match=r"^Row 5, cell D5 has a formula"):
        survey(written(workbook(ROWS, formula)), LAYOUT, RULES)


def test_a_cell_at_the_far_corner_is_refused(written: Written) -> None:
    corner = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(Unreadable, match="more than 256 columns"):
        survey(written(workbook(ROWS, corner)), LAYOUT, RULES)


def test_a_bomb_is_refused_before_it_unpacks(written: Written) -> None:
    bomb = workbook(ROWS, more={"xl/media/zeros.xml": bytes(80_000_000)})
    assert len(bomb) < 200_000
    with pytest.raises(Unreadable, match="unpacks to far more"):
        survey(written(bomb), LAYOUT, RULES)


def test_a_bomb_that_lies_about_its_size_is_refused(written: Written) -> None:
    bomb = workbook(ROWS, more={"xl/media/zeros.xml": bytes(80_000_000)})
    lied = bomb.replace((80_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lied != bomb
    with pytest.raises(Unreadable, match="unpacks to far more"):
        survey(written(lied), LAYOUT, RULES)


@pytest.mark.parametrize("cut", [100, 400, -10])
def test_a_damaged_workbook_is_refused(written: Written, cut: int) -> None:
    with pytest.raises(Unreadable, match="workbook"):
        survey(written(workbook(ROWS)[:cut]), LAYOUT, RULES)


def test_another_zip_is_no_workbook(written: Written) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "hello")
    with pytest.raises(Unreadable, match="no Excel workbook"):
        survey(written(out.getvalue()), LAYOUT, RULES)
