"""The results for people: a page for the desktop's screen, rows for a letter's annex."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Final, NamedTuple

from forensics.desktop.interface import DesktopSpec
from forensics.environment.result import NOTHING, Outcome, Result, counts, short
from forensics.environment.words import OUTCOMES, REASONS, TITLES, Words

_FOUND: Final = 90
_SIGNS: Final = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?"}

_STYLE: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; padding: 14px 22px; background: #f6f7f9; color: #16202b;
  font: 13px/1.3 "Noto Sans CJK SC", "Noto Sans", system-ui, sans-serif; }
header { display: flex; gap: 24px; align-items: baseline; flex-wrap: wrap; margin-bottom: 8px; }
h1 { font: 600 21px/1.3 "Noto Serif CJK SC", "Noto Serif", serif; margin: 0; color: #163d61; }
h1 small { font: 400 14px "Noto Sans CJK SC", sans-serif; color: #5a6675; margin-left: .6em; }
header p { margin: 0; }
.sum { margin-left: auto; font-size: 14px; }
.sum b { padding: 2px 9px; border-radius: 4px; color: #fff; margin-left: 6px; }
.meta { color: #5a6675; font-size: 12px; width: 100%; overflow-wrap: anywhere; }
ul { list-style: none; margin: 0; padding: 0; columns: 2; column-gap: 14px; }
li { break-inside: avoid; display: grid; grid-template-columns: 26px 1fr; gap: 0 6px;
  padding: 3px 8px; margin-bottom: 4px; background: #fff; border: 1px solid #d5dae1;
  border-left-width: 5px; border-radius: 4px; }
li > b { grid-row: span 2; font-size: 18px; line-height: 34px; text-align: center; }
.t { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.t span { color: #5a6675; margin-left: .5em; font-size: 12px; }
.f { font: 11px/1.3 ui-monospace, "DejaVu Sans Mono", "Noto Sans CJK SC", monospace; color: #333f4d;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.pass { border-left-color: #1d6b3c; } .pass > b { color: #1d6b3c; }
.fail { border-left-color: #a3211a; background: #fdf0ef; } .fail > b { color: #a3211a; }
.unknown { border-left-color: #7a4a00; background: #fdf8ee; } .unknown > b { color: #7a4a00; }
b.pass { background: #1d6b3c; } b.fail { background: #a3211a; } b.unknown { background: #7a4a00; }
@media (max-width: 900px) { ul { columns: 1; } }
"""


class Row(NamedTuple):
    """One check as an annex prints it; all plain text in one language but ``outcome``."""

    name: str
    outcome: Outcome
    title: str
    verdict: str
    found: str
    expected: str
    sentence: str


def rows(results: Iterable[Result], language: str) -> tuple[Row, ...]:
    """``language`` begins with ``zh`` or is taken as English."""
    chinese = language.lower().startswith("zh")

    def say(words: Words | None, otherwise: str) -> str:
        if words is None:
            return otherwise
        return words.zh if chinese else words.en

    return tuple(
        Row(
            name=each.name,
            outcome=each.outcome,
            title=say(TITLES.get(each.name), each.name),
            verdict=say(OUTCOMES[each.outcome.value], each.outcome.value),
            found=each.found,
            expected=each.expected,
            sentence=say(REASONS.get(each.reason), each.reason),
        )
        for each in results
    )


def page(results: Iterable[Result], spec: DesktopSpec, at: datetime | None = None) -> str:
    """The results as a page in Chinese and English, without script and without anything to load.

    It is shown in the desktop and recorded before anybody may type; ``at`` is now unless given.
    """
    found = tuple(results)
    moment = (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    sums = "".join(
        f'<b class="{name}">{OUTCOMES[name].zh} {OUTCOMES[name].en} {number}</b>'
        for name, number in counts(found).items()
    )
    items = "\n".join(
        _item(zh, en) for zh, en in zip(rows(found, "zh"), rows(found, "en"), strict=True)
    )
    subject = " · ".join(f"{name}: {value}" for name, value in sorted(spec.subject.items()))
    about = " · ".join(filter(None, (spec.session, moment, short(subject, 200))))
    return f"""<!DOCTYPE html>
<html lang="{escape(spec.language)}">
<head><meta charset="utf-8"><title>清洁性检查 · Cleanliness</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>
<body>
<header><h1>清洁性检查<small>Cleanliness checks</small></h1><p class="sum">{sums}</p>
<p class="meta">会话 Session {escape(about)}</p>
</header>
<ul>
{items}
</ul>
</body>
</html>
"""


def _item(zh: Row, en: Row) -> str:
    found = short(zh.found, _FOUND)
    facts = found if found != NOTHING and zh.outcome is not Outcome.UNKNOWN else ""
    line = f"{zh.sentence} {facts}" if facts else f"{zh.sentence} {en.sentence}"
    return (
        f'<li class="{zh.outcome.value}"><b>{_SIGNS[zh.outcome]}</b>'
        f'<div class="t">{escape(zh.title)}<span>{escape(en.title)} · {escape(zh.verdict)} '
        f"{escape(en.verdict)}</span></div>"
        f'<div class="f" title="{escape(en.sentence)}">{escape(line)}</div></li>'
    )
