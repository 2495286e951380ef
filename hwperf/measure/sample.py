"""Taking samples. This module times calls until the samples suffice, and marks disturbed ones."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, Protocol

from hwperf.errors import CheckFailed
from hwperf.measure import stats
from hwperf.measure.affinity import Core
from hwperf.measure.calibrate import calls_per_sample, seconds_of
from hwperf.measure.interference import Counters, Disturbance, difference
from hwperf.measure.profile import Profile
from hwperf.measure.stage import Stage

__all__ = ["Instruments", "Observation", "Sample", "Samples", "clean", "collect", "enough"]

_SLOW = 0.97
# Share of the point's own clock (its upper decile) below which a sample's clock counts as slow:
# the result's precision is 1 %, and readings of the clock agree within 1 %.
_SETTLED = 0.01  # Readings of the clock that agree within this are settled.
_MOST_LATENCIES = 1_000_000


class Reader(Protocol):
    """What reads the interference counters."""

    def read(self) -> Counters: ...


@dataclass(frozen=True)
class Instruments:
    """What a measurement reads; injected in tests.

    Attributes:
        wall: seconds since some moment.
        tick_s: resolution of *wall*.
        probes: reads the interference counters.
        core: the core that the thread is pinned to.
        core_clock: reads the core's frequency in Hz, or None where it cannot be read.
    """

    wall: Callable[[], float]
    tick_s: float
    probes: Reader
    core: Core
    core_clock: Callable[[], float] | None = None


@dataclass(frozen=True)
class Observation:
    """What some calls took: their wall time, and the cost per unit of work."""

    seconds: float
    cost_s: float
    latencies: Sequence[float] = ()


@dataclass(frozen=True)
class Sample:
    """One recorded value.

    Attributes:
        cost_s: seconds per unit of work.
        seconds: how long the sample lasted.
        disturbance: what happened meanwhile.
        clock_hz: the higher of the core's frequencies before and after, or None.
        latencies: those of single operations, where the kernel returns them.
    """

    cost_s: float
    seconds: float
    disturbance: Disturbance
    clock_hz: float | None
    latencies: Sequence[float] = field(default=(), repr=False)


@dataclass(frozen=True)
class Samples:
    """All samples of a point, disturbed ones marked, and how they were taken."""

    all: tuple[Sample, ...]
    calls: int
    warm_up_s: float
    elapsed_s: float

    @property
    def clean(self) -> tuple[Sample, ...]:
        """Those whose core was theirs alone."""
        return tuple(sample for sample in self.all if not sample.disturbance.causes)


def collect(stage: Stage, profile: Profile, instruments: Instruments) -> Samples:
    """Calibrate, warm up and take samples of *stage* until they suffice or the budget ends.

    Raises:
        CheckFailed: if the kernel times itself and returns what is no time.
        StageError: if the kernel raises.
    """
    wall = instruments.wall
    stage.run()
    with _no_garbage_collection():
        start = wall()
        calls, _ = calls_per_sample(
            lambda calls: _observe(stage, calls, wall).seconds,
            sample_s=profile.sample_s,
            tick_s=instruments.tick_s,
        )
        warm_up_s = _warm_up(stage, calls, profile, instruments)
        samples: list[Sample] = []
        clock_before = _frequency(instruments)
        while not enough(samples, wall() - start, profile):
            before = instruments.probes.read()
            seen = _observe(stage, calls, wall)
            after = instruments.probes.read()
            clock_after = _frequency(instruments)
            samples.append(
                Sample(
                    cost_s=seen.cost_s,
                    seconds=seen.seconds,
                    disturbance=difference(before, after, seen.seconds),
                    clock_hz=max(filter(None, (clock_before, clock_after)), default=None),
                    latencies=seen.latencies,
                )
            )
            clock_before = clock_after
            if _is_crowded(samples) and instruments.core.move():
                _observe(stage, calls, wall)
                clock_before = _frequency(instruments)
        elapsed_s = wall() - start
    return Samples(_mark_slow(samples), calls, warm_up_s, elapsed_s)


def enough(samples: Sequence[Sample], elapsed_s: float, profile: Profile) -> bool:
    """Return whether to stop: precise enough, or out of budget.

    The first fifth of the budget is always spent, so that a quiet moment does not stand for the
    whole. Four budgets are the end even when there are fewer samples than wanted.
    """
    usable = [sample.cost_s for sample in clean(samples)]
    if len(usable) >= profile.min_samples:
        if elapsed_s >= profile.budget_s:
            return True
        if elapsed_s < profile.budget_s / 5:
            return False
        return stats.half_width(usable) <= profile.target
    if elapsed_s >= 4 * profile.budget_s:
        return len(samples) >= 3
    return elapsed_s >= 2 * profile.budget_s and len(samples) >= profile.min_samples


def clean(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples that nothing disturbed, a slow clock included."""
    return [sample for sample in _mark_slow(samples) if not sample.disturbance.causes]


def _mark_slow(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    clocks = [sample.clock_hz for sample in samples if sample.clock_hz]
    if not clocks:
        return tuple(samples)
    level = _SLOW * stats.quantile(clocks, 0.9)
    return tuple(
        replace(
            sample,
            disturbance=replace(
                sample.disturbance, causes=(*sample.disturbance.causes, "slow_clock")
            ),
        )
        if sample.clock_hz is not None and sample.clock_hz < level
        else sample
        for sample in samples
    )


def _warm_up(stage: Stage, calls: int, profile: Profile, instruments: Instruments) -> float:
    """Run the kernel until three readings of the clock agree; return the seconds that it took."""
    start = instruments.wall()
    readings: list[float] = []
    while True:
        _observe(stage, calls, instruments.wall)
        elapsed = instruments.wall() - start
        frequency = _frequency(instruments)
        if frequency is None or elapsed >= profile.warm_up_s:
            return elapsed
        readings = [*readings[-2:], frequency]
        if len(readings) == 3 and max(readings) <= (1 + _SETTLED) * min(readings):
            return elapsed


def _observe(stage: Stage, calls: int, wall: Callable[[], float]) -> Observation:
    work = stage.work
    if work.latencies:
        start = wall()
        latencies = [_times(work.kernel()) for _ in repeat(None, calls)]
        seconds = wall() - start
        pooled = [value for part in latencies for value in part]
        return Observation(seconds, stats.median(pooled), pooled[:_MOST_LATENCIES])
    if work.clock is not None:
        seconds = math.fsum(_times([work.kernel()])[0] for _ in repeat(None, calls))
    else:
        seconds = seconds_of(work.kernel, calls, wall)
    return Observation(seconds, seconds / (calls * stage.amount))


def _times(returned: Any) -> list[float]:
    """Return the seconds that a kernel returned.

    Raises:
        CheckFailed: if they are none, or not all finite and above zero.
    """
    try:
        times = [float(value) for value in returned]
    except (TypeError, ValueError):
        times = []
    if not times or not all(0 < value < math.inf for value in times):
        shown = repr(returned)
        raise CheckFailed(
            f"the kernel times itself and returned {shown[:60]}; expected seconds above zero"
        )
    return times


def _frequency(instruments: Instruments) -> float | None:
    return instruments.core_clock() if instruments.core_clock else None


def _is_crowded(samples: Sequence[Sample]) -> bool:
    """Return whether somebody else has kept taking the core: in 4 of the last 8 samples."""
    if len(samples) % 8 or not samples:
        return False
    taken = ("involuntary_switches", "runqueue_wait_s")
    lost = sum(any(c in s.disturbance.causes for c in taken) for s in samples[-8:])
    return lost >= 4


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
