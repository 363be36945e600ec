"""Lists small enough to be checked entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lottery.entries import ListKeys

DRAW = "0f6a5c1e-1111-4222-8333-444455556666"
KEYS = ListKeys(*(bytes([number]) * 32 for number in range(1, 5)))

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a list: text in an encoding, or bytes."""

    def write(content: str | bytes, encoding: str = "utf-8", name: str = "list.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write
