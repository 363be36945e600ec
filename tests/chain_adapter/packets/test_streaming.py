"""Large content passes through in bounded memory."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from pathlib import Path

import pytest

from chain_adapter.packets import Packet, PacketKeys, build, reconstruct

_MIB = 1024 * 1024


class _Endless(io.RawIOBase):
    """``size`` bytes that are nowhere in memory, digested as they are read."""

    def __init__(self, size: int) -> None:
        self._left, self.state, self._turn = size, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        self._turn += 1
        data = (self._turn.to_bytes(8, "big") * (_MIB // 8))[: min(size, self._left)]
        self._left -= len(data)
        self.state.update(data)
        return data


class _Digesting(io.RawIOBase):
    def __init__(self) -> None:
        self.state = hashlib.sha256()

    def write(self, data: object) -> int:
        self.state.update(data)  # type: ignore[arg-type]
        return len(data)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [20 * _MIB, pytest.param(200 * _MIB + 1, marks=pytest.mark.soak)])
def test_memory_is_bounded_whatever_the_size(tmp_path: Path, size: int) -> None:
    keys, content = PacketKeys.generate(sealed=True), _Endless(size)
    paths = [tmp_path / f"{number}" for number in range(1, 6)]
    outs = [path.open("wb") for path in paths]
    tracemalloc.start()
    try:
        plan = build(content, outs, 3, keys, ["a", "b", "c", "d", "e"])  # type: ignore[arg-type]
        for out in outs:
            out.close()
        packets = [
            Packet(path.name, lambda path=path: path.open("rb"), number)  # type: ignore[misc]
            for number, path in enumerate(paths, 1)
        ]
        back = _Digesting()
        reconstruct(plan, plan.root, keys, packets[:1:-1], back)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert back.state.digest() == content.state.digest()
    assert plan.size == size
    assert peak < 12 * _MIB
