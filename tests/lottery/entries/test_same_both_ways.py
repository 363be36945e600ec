"""The compiled reader and the simple one make the same list of any file."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lottery.entries import (
    BadEntries,
    HasDuplicates,
    Layout,
    ListFolder,
    Rules,
    Unreadable,
    commit,
    lookup_of,
    survey,
)
from lottery.entries import layout as names
from tests.effort import examples
from tests.lottery.entries import reference
from tests.lottery.entries.checking import root_of_receipt
from tests.lottery.entries.conftest import DRAW, KEYS

FILES = (names.LEAVES, names.LEVELS, names.TAGS, names.FIELDS, names.FIELDS_INDEX)
COLUMNS = ("id", "name", "pool", "weight", "note")

# A lone carriage return ends a row for Python and is a problem here.
letters = st.characters(exclude_characters="\r", exclude_categories=["Cs"])
plain_ids = st.text("0123456789abcdefXYZ-_. ", min_size=1, max_size=24)
odd_ids = st.one_of(
    st.text("0123456789xX０１２９Ｘ－—–\u3000 \u200b\t", min_size=1, max_size=20),
    st.text(letters, max_size=12),
    st.sampled_from(
        ["", " ", "ß", "\ufb01", "１１０１０５１９４９１２３１００２x", "a\x00b", "a\u202eb"]
    ),
    st.text("a", min_size=120, max_size=140),
)
names_ = st.one_of(
    st.text("张王李*abc ", max_size=8),
    st.text(letters, max_size=10),
    st.sampled_from(
        ["\u3000张三\u3000", 'O\'Neil, "Tip"', "买买提·艾力", "\t内\t", "é", "🎲", "a" * 513]
    ),
)
pools = st.sampled_from(["A", "B", " B ", "Ｂ", "B", "A", "A", "C", ""])
weights = st.sampled_from(["1", "2", "3", " 3", "２", "03", "4", "0", "1.0", "", "-1"])


@st.composite
def tables(draw: st.DrawFn) -> tuple[bytes, bool]:
    """A file's bytes, and whether its rows are mostly plain."""
    odd = draw(st.booleans())
    cells = st.tuples(
        st.one_of(plain_ids, odd_ids) if odd else plain_ids,
        names_ if odd else st.text("张王李*ab", max_size=6),
        pools if odd else st.sampled_from("AB"),
        weights if odd else st.sampled_from("123"),
        st.sampled_from(["", "x", 'line\nend "quoted"', "注"]),
    )
    rows = [list(row) for row in draw(st.lists(cells, max_size=40))]
    for row in rows:
        if odd and draw(st.integers(0, 20)) == 0:
            row[:] = draw(st.sampled_from([[], [""] * 5, ["only"], [*row, ""], [*row, "extra"]]))
    out = io.StringIO()
    style = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])) if odd else csv.QUOTE_MINIMAL
    writer = csv.writer(
        out,
        delimiter=draw(st.sampled_from(",;\t|")),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=style,
    )
    writer.writerows([list(COLUMNS), *rows])
    text = out.getvalue()
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]))
    return text.encode(encoding, "replace"), odd


LAYOUTS = st.sampled_from(
    [
        Layout("id", ("name",), "pool", "weight"),
        Layout("id", ("note", "name", "id"), None, None),
        Layout("id", (), None, "weight"),
        Layout("id", ("weight",), "pool", None, "prc-id"),
    ]
)


@settings(max_examples=examples(120), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), LAYOUTS, st.sampled_from(["refuse", "first"]))
def test_survey_and_commitment_are_those_of_the_simple_way(
    table: tuple[bytes, bool], layout: Layout, policy: str
) -> None:
    rules = Rules(("A", "B") if layout.pool else ("A",), 3, duplicates=policy)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        path.write_bytes(table[0])
        outcomes = []
        for way, make in (("fast", commit), ("simple", reference.commit_to)):
            try:
                outcome: object = make(
                    path, layout, rules, KEYS, DRAW, Path(folder) / way, lambda *_: None
                )
            except BadEntries as error:
                outcome = error.problems, error.count
            except (HasDuplicates, Unreadable) as error:
                outcome = error.code
            outcomes.append(outcome)
        assert outcomes[0] == outcomes[1]
        surveyed = survey(path, layout, rules)
        simple = reference.survey_of(path, layout, rules, lambda *_: None)
        for name in ("rows", "problems", "problem_counts", "duplicates", "per_pool", "file_sha256"):
            assert getattr(surveyed, name) == getattr(simple, name), name
        if isinstance(outcomes[0], dict):
            _same_folder(Path(folder) / "fast", Path(folder) / "simple")
            _everybody_is_found(Path(folder) / "fast", path)


def _same_folder(one: Path, other: Path) -> None:
    for name in FILES:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def _everybody_is_found(folder: Path, source: Path) -> None:
    opened = ListFolder.open(folder)
    positions = range(opened.count)
    for who in opened.identities(source, positions):
        assert opened.find(lookup_of(DRAW, who.id)) == who.position
        assert root_of_receipt(opened.receipt(who.position)) == opened.document["list_root"]
    assert [one.position for one in opened.entries(positions)] == list(positions)
    assert opened.find(lookup_of(DRAW, "NOBODY AT ALL")) is None
