"""The wall clock's resolution and the core's own clock, read off injected clocks."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from hwperf import kernels
from hwperf.measure import clock


def test_the_resolution_is_the_smallest_step_seen() -> None:
    steps = itertools.cycle([5e-8, 3e-8, 9e-8])
    now = 0.0

    def read() -> float:
        nonlocal now
        now += next(steps)
        return now

    assert clock.resolution_s(read) == pytest.approx(3e-8)


def test_a_coarse_clock_is_read_until_it_moves() -> None:
    """Every tenth reading differs: a step of a tick, not of nothing."""
    readings = itertools.count()
    assert clock.resolution_s(lambda: next(readings) // 10 * 1e-6) == pytest.approx(1e-6)


class Core:
    """A core of *clock_hz* on which a call takes *call_s* and a chain a cycle each."""

    def __init__(self, clock_hz: float, call_s: float) -> None:
        self.now, self.clock_hz, self.call_s = 0.0, clock_hz, call_s

    def add_chain(self, n: int) -> int:
        self.now += self.call_s + n / self.clock_hz
        return n

    def wall(self) -> float:
        return self.now


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[Core], Callable[[], float]]:
    def reader(core: Core) -> Callable[[], float]:
        monkeypatch.setattr(kernels, "clock", SimpleNamespace(add_chain=core.add_chain))
        return clock.core_clock(core.wall)

    return reader


@pytest.mark.parametrize("call_s", [0.0, 2e-7])
def test_the_cores_clock_is_read_without_what_calling_takes(
    on: Callable[[Core], Callable[[], float]], call_s: float
) -> None:
    core = Core(3.5e9, call_s)
    read = on(core)
    assert read() == pytest.approx(3.5e9, rel=1e-3)
    core.clock_hz = 2.1e9
    assert read() == pytest.approx(2.1e9, rel=1e-3)


def test_a_clock_that_stands_still_reads_zero_not_a_failure(
    on: Callable[[Core], Callable[[], float]],
) -> None:
    read = on(Core(3.5e9, 2e-7))
    stopped = Core(float("inf"), 0.0)
    assert on(stopped)() == 0.0
    assert read() > 0
