"""Timing some calls of one kernel. This module holds what a sample is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from hwperf.errors import CheckFailed
from hwperf.measure import stats
from hwperf.measure.calibrate import calls_per_sample, seconds_of
from hwperf.work import Work

__all__ = ["Observation", "Timed", "calibrated"]

_MOST_LATENCIES = 1_000_000


@dataclass(frozen=True)
class Observation:
    """What some calls took.

    Attributes:
        seconds: of the calls, by the kernel's own clock where it has one.
        cost_s: per unit of work.
        wall_s: how long the calls took to return.
        latencies: of single operations, where the kernel returns them.
    """

    seconds: float
    cost_s: float
    wall_s: float
    latencies: Sequence[float] = ()


@dataclass(frozen=True)
class Timed:
    """A kernel, and how often it is called in one sample.

    Attributes:
        work: the kernel with its amounts.
        amount: primary units of work in one call.
        calls: calls of one sample.
        name: what it is, where a point's own kernel is set against it.
    """

    work: Work
    amount: float
    calls: int = 1
    name: str = ""

    def observe(self, wall: Callable[[], float]) -> Observation:
        """Make the calls of one sample.

        Raises:
            CheckFailed: if the kernel times itself and returns what is no time.
        """
        start = wall()
        if self.work.latencies:
            latencies = [_times(self.work.kernel(), self.name) for _ in repeat(None, self.calls)]
            seconds = wall() - start
            pooled = [value for part in latencies for value in part]
            return Observation(seconds, stats.median(pooled), seconds, pooled[:_MOST_LATENCIES])
        if self.work.clock is not None:
            kernel = self.work.kernel
            seconds = math.fsum(_times([kernel()], self.name)[0] for _ in repeat(None, self.calls))
            wall_s = wall() - start
        else:
            wall_s = seconds = seconds_of(self.work.kernel, self.calls, wall)
        return Observation(seconds, seconds / (self.calls * self.amount), wall_s)


def calibrated(
    work: Work,
    amount: float,
    *,
    wall: Callable[[], float],
    sample_s: float,
    tick_s: float,
    name: str = "",
) -> Timed:
    """Return *work* with so many calls that a sample lasts long enough."""

    def length(calls: int) -> float:
        # A kernel that times itself may claim next to nothing: waiting ten times as long is enough.
        start = wall()
        seconds = Timed(work, amount, calls, name).observe(wall).seconds
        return max(seconds, (wall() - start) / 10)

    calls, _ = calls_per_sample(length, sample_s=sample_s, tick_s=tick_s)
    return Timed(work, amount, calls, name)


def _times(returned: Any, name: str = "") -> list[float]:
    """Return the seconds that a kernel returned.

    Raises:
        CheckFailed: if they are none, or not all finite and above zero.
    """
    try:
        times = [float(value) for value in returned]
    except (TypeError, ValueError):
        times = []
    if not times or not all(0 < value < math.inf for value in times):
        shown = " ".join(repr(returned).split())
        which = f"the kernel of against[{name!r}]" if name else "the kernel"
        raise CheckFailed(
            f"{which} times itself and returned {shown[:60]}; expected seconds above zero"
        )
    return times
