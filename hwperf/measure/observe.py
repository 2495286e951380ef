"""Timing some calls of one kernel. This module holds what a sample is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from hwperf.errors import CheckFailed
from hwperf.measure import stats
from hwperf.measure.calibrate import calls_per_sample, seconds_of
from hwperf.work import Timing, Work

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
        counts: what a kernel that times itself counted of possible disturbances.
        causes: those that it says disturbed it.
    """

    seconds: float
    cost_s: float
    wall_s: float
    latencies: Sequence[float] = ()
    counts: Mapping[str, float] = field(default_factory=dict)
    causes: tuple[str, ...] = ()


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
        if self.work.clock is not None:
            return self._by_its_own_clock(wall)
        if self.work.latencies:
            latencies = [_times(self.work.kernel(), self.name) for _ in repeat(None, self.calls)]
            seconds = wall() - start
            pooled = [value for part in latencies for value in part]
            return Observation(seconds, stats.median(pooled), seconds, pooled[:_MOST_LATENCIES])
        seconds = seconds_of(self.work.kernel, self.calls, wall)
        return Observation(seconds, seconds / (self.calls * self.amount), seconds)

    def _by_its_own_clock(self, wall: Callable[[], float]) -> Observation:
        kernel, start = self.work.kernel, wall()
        timings = [self._timing(kernel()) for _ in repeat(None, self.calls)]
        wall_s = wall() - start
        seconds = math.fsum(timing.seconds for timing in timings)
        counts: dict[str, float] = {}
        for timing in timings:
            for name, count in timing.counts.items():
                counts[name] = counts.get(name, 0) + count
        return Observation(
            seconds=seconds,
            cost_s=seconds / (self.calls * self.amount),
            wall_s=wall_s,
            latencies=[each for timing in timings for each in timing.latencies][:_MOST_LATENCIES],
            counts=counts,
            causes=tuple(dict.fromkeys(cause for timing in timings for cause in timing.causes)),
        )

    def _timing(self, returned: Any) -> Timing:
        timing = returned if isinstance(returned, Timing) else Timing(returned)
        (seconds,) = _times([timing.seconds], self.name)
        latencies = _times(timing.latencies, self.name) if self.work.latencies else ()
        return replace(timing, seconds=seconds, latencies=latencies)


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

    if work.most_calls is not None:
        return Timed(work, amount, 1, name)
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
