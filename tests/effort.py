"""How much of the same is tried: a little each time, all of it by `make soak` (EFFORT=all)."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import TypeVar

import pytest

_Value = TypeVar("_Value")
#: Whether time does not matter.
ALL = os.environ.get("EFFORT") == "all"


def examples(number: int, least: int = 10) -> int:
    """``number`` of a property's examples in the long run, a quarter of them each time."""
    return number if ALL else max(number // 4, least)


def some(values: Sequence[_Value], now: Collection[_Value]) -> list[object]:
    """The cases ``values`` of a parametrised test that differ in degree: all of them in the long
    run, each time ``now`` alone."""
    return [each if each in now else pytest.param(each, marks=pytest.mark.soak) for each in values]
