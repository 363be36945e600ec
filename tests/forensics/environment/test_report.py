"""Words for every check, a page that runs nothing, and values that survive being stored."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import rfc8785

from forensics.desktop.interface import DesktopSpec, Isolation
from forensics.environment import (
    CHECKS,
    Attested,
    Mount,
    Outcome,
    Result,
    Target,
    counts,
    from_json,
    page,
    rows,
    to_json,
)
from forensics.environment.words import REASONS, TITLES

SPEC = DesktopSpec("a" * 32, subject={"case": "<b>某案</b>"})


def test_every_check_and_reason_has_words() -> None:
    assert set(TITLES) == set(CHECKS)
    source = "".join(path.read_text() for path in (Path("forensics/environment")).glob("*.py"))
    codes = set(re.findall(r'Undecided\("([a-z-]+)"\)', source))
    codes |= set(re.findall(r'undecided\(name, "([a-z.-]+)"', source))
    assert codes
    assert codes <= set(REASONS)
    for words in (*REASONS.values(), *TITLES.values()):
        assert words.zh
        assert words.en


def test_the_page_says_it_in_both_languages_and_runs_nothing() -> None:
    hostile = Result("hosts", Outcome.FAIL, '<script>alert(1)</script>"', "", "hosts.fail")
    html = page([hostile, Result("proxy", Outcome.PASS, "—", "", "proxy.pass")], SPEC)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "<b>某案" not in html
    assert "清洁性检查" in html
    assert "Cleanliness checks" in html
    assert "Failed 1" in html
    assert "未通过" in html
    assert not re.search(r"(src|href)=|url\(|\son\w+=", html)


def test_rows_speak_one_language() -> None:
    result = Result("hosts", Outcome.PASS, "x", "y", "hosts.pass")
    chinese, english = rows([result], "zh-CN")[0], rows([result], "en")[0]
    assert chinese.title == "hosts 文件"
    assert chinese.verdict == "通过"
    assert english.sentence == result.detail
    unknown = rows([Result("later", Outcome.UNKNOWN, reason="new")], "en")[0]
    assert (unknown.title, unknown.sentence) == ("later", "new")


def test_results_survive_being_stored() -> None:
    results = (
        Result("hosts", Outcome.FAIL, "f", "e", "hosts.fail", {"list": [1, "二"]}),
        Result("proxy", Outcome.UNKNOWN, reason="gone"),
    )
    stored = json.loads(rfc8785.dumps(to_json(results)))
    assert from_json(stored) == results
    assert counts(results) == {"pass": 0, "fail": 1, "unknown": 1}


def test_targets_survive_being_handed_over() -> None:
    now = datetime.now(UTC)
    target = Target(
        session="a" * 32,
        folder=Path("/x"),
        isolation=Isolation.ISOLATED,
        pid=3,
        cgroup=Path("/sys/fs/cgroup/x"),
        started=now,
        argv=("a", "b"),
        mounts=(Mount("/usr"), Mount("/tmp", True)),
        attested=Attested(now, now, now, 0.5, "TSA"),
        helpers=(1, 2),
    )
    assert Target.from_json(json.loads(json.dumps(target.to_json()))) == target
