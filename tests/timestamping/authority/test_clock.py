from __future__ import annotations

import ctypes
from datetime import UTC, datetime, timedelta

import pytest

from timestamping.authority import clock as clocks
from timestamping.authority.clock import SystemClock, kernel_synchronised


def test_the_system_clock_is_aware_and_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("required", "kernel", "attestable"),
    [
        (False, True, True),
        (False, False, True),
        (False, None, True),
        (True, True, True),
        (True, False, False),
        (True, None, False),  # cannot tell is no
    ],
)
def test_when_the_time_may_be_attested(
    monkeypatch: pytest.MonkeyPatch, required: bool, kernel: bool | None, attestable: bool
) -> None:
    monkeypatch.setattr(clocks, "kernel_synchronised", lambda: kernel)
    clock = SystemClock(require_synchronised=required)
    assert clock.attestable() is attestable
    assert clock.synchronised() is kernel


def test_the_kernel_is_asked_again_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, False])
    moment = [100.0]
    monkeypatch.setattr(clocks, "kernel_synchronised", lambda: next(answers))
    monkeypatch.setattr(clocks.time, "monotonic", lambda: moment[0])
    clock = SystemClock(require_synchronised=True)
    assert clock.attestable()
    moment[0] += 0.9
    assert clock.attestable()
    moment[0] += 0.2
    assert not clock.attestable()


def test_the_kernel_answers_or_cannot_be_asked() -> None:
    assert kernel_synchronised() in (True, False, None)


def test_the_structure_is_at_least_the_kernels() -> None:
    # 208 bytes on 64-bit Linux; adjtimex writes that many.
    assert ctypes.sizeof(clocks._Timex) >= 208
    assert clocks._Timex.status.offset == 40 or ctypes.sizeof(ctypes.c_long) != 8
