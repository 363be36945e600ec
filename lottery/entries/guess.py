"""Which column is which, guessed by its name. A person confirms or changes it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lottery.entries.canonical import BadValue, canonical_id
from lottery.entries.model import Layout

_ID = re.compile(
    r"身份证|证件号|证件编号|申请编?号|报名编?号|登记号|受理号|id ?card|id ?number|(^|\W)id($|\W)"
    r"|identity|编号|号码|number|(^|\W)no\.?($|\W)",
    re.IGNORECASE,
)
_PRC = re.compile(r"身份证|id ?card", re.IGNORECASE)
_POOL = re.compile(r"(^|\W)pool($|\W)|奖池|池|组别|类别|家庭类型|category|group", re.IGNORECASE)
_WEIGHT = re.compile(r"weight|权重|倍数|阶梯|系数", re.IGNORECASE)


def guess_layout(columns: Sequence[str], sample: Sequence[Sequence[str]]) -> Layout | None:
    """A layout for these columns; nothing is published by a guess. None when no column has ids."""
    named = [name for name in columns if _ID.search(name)]
    if not named:
        return None
    exact = [name for name in named if _PRC.search(name)]
    chosen = (exact or named)[0]
    at = columns.index(chosen)
    cells = [row[at] for row in sample if at < len(row)]
    rest = [name for name in columns if name != chosen]
    return Layout(
        id=chosen,
        pool=next((name for name in rest if _POOL.search(name)), None),
        weight=next((name for name in rest if _WEIGHT.search(name)), None),
        id_kind="prc-id" if cells and all(_resident(cell) for cell in cells) else "text",
    )


def _resident(cell: str) -> bool:
    try:
        canonical_id(cell, "prc-id")
    except BadValue:
        return False
    return True
