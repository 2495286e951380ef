"""A sample is long enough for the clock: at least 1 ms and 1000 of its ticks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf.measure.calibrate import TICKS, calls_per_sample, seconds_of


@given(
    per_call=st.floats(1e-9, 1.0),
    tick=st.floats(1e-9, 1e-4),
    first=st.floats(1.0, 1e4),
)
def test_a_sample_lasts_long_enough_and_not_much_longer(
    per_call: float, tick: float, first: float
) -> None:
    """Also when the first call is slow: that must not end the search early."""
    runs = 0

    def seconds_for(calls: int) -> float:
        nonlocal runs
        runs += 1
        return calls * per_call * (first if runs == 1 and first * per_call < 1e-4 else 1)

    calls, spent = calls_per_sample(seconds_for, sample_s=1e-3, tick_s=tick)
    wanted = max(1e-3, TICKS * tick)
    assert calls * per_call >= wanted * (1 - 1e-9)
    assert calls == 1 or calls * per_call <= max(1.2 * wanted, wanted + 2 * per_call) * 10
    assert runs <= 12
    assert spent > 0


def test_a_long_kernel_is_called_once() -> None:
    assert calls_per_sample(lambda calls: calls * 0.5, sample_s=1e-3, tick_s=1e-9) == (1, 0.5)


def test_a_coarse_clock_needs_longer_samples() -> None:
    """A tick of 15.6 ms, as some systems have: a sample lasts 15.6 s."""
    calls, _ = calls_per_sample(lambda calls: calls * 0.1, sample_s=1e-3, tick_s=0.0156)
    assert calls * 0.1 >= 1000 * 0.0156


def test_a_clock_that_does_not_move_yet_is_outlasted() -> None:
    """Below one tick a reading is 0: the calls grow tenfold until it is not."""
    asked: list[int] = []

    def seconds_for(calls: int) -> float:
        asked.append(calls)
        return 0.0 if calls < 500 else calls * 1e-5

    calls, _ = calls_per_sample(seconds_for, sample_s=1e-3, tick_s=1e-9)
    assert asked == [1, 10, 100, 1000]
    assert calls == 1000


def test_the_timed_path_calls_the_kernel_that_often_between_two_readings() -> None:
    trace: list[str] = []

    def clock() -> float:
        trace.append("clock")
        return float(len(trace))

    seconds = seconds_of(lambda: trace.append("kernel"), 3, clock)
    assert trace == ["clock", "kernel", "kernel", "kernel", "clock"]
    assert seconds == pytest.approx(4)
