"""Taking samples. This module times calls until the samples suffice."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Protocol

from hwperf.errors import CheckFailed
from hwperf.measure import stats
from hwperf.measure.affinity import Core
from hwperf.measure.calibrate import calls_per_sample, seconds_of
from hwperf.measure.interference import Counters, difference
from hwperf.measure.profile import Profile
from hwperf.measure.selection import Sample, Samples, mark_slow, usable
from hwperf.measure.stage import Stage

__all__ = ["Instruments", "Observation", "collect", "enough"]

_READING_SHARE = 1e-3  # One reading of the clock for each such part of a sample, at most 8.
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
            lambda calls: _length(stage, calls, wall),
            sample_s=profile.sample_s,
            tick_s=instruments.tick_s,
        )
        warm_up_s = _warm_up(stage, calls, profile, instruments)
        samples: list[Sample] = []
        n_readings = 1
        clock_before = _frequency(instruments, n_readings)
        while not _suffice(samples, wall() - start, profile):
            before = instruments.probes.read()
            seen = _observe(stage, calls, wall)
            after = instruments.probes.read()
            n_readings = max(1, min(8, round(seen.seconds / _READING_SHARE)))
            clock_after = _frequency(instruments, n_readings)
            samples.append(
                Sample(
                    cost_s=seen.cost_s,
                    seconds=seen.seconds,
                    disturbance=difference(before, after, seen.seconds),
                    clock_hz=_mean(clock_before, clock_after),
                    slowest_hz=min(filter(None, (clock_before, clock_after)), default=None),
                    latencies=seen.latencies,
                )
            )
            clock_before = clock_after
            if _is_crowded(samples) and instruments.core.move():
                _observe(stage, calls, wall)
                clock_before = _frequency(instruments, n_readings)
        elapsed_s = wall() - start
    return Samples(mark_slow(samples), calls, warm_up_s, elapsed_s)


def _suffice(samples: Sequence[Sample], elapsed_s: float, profile: Profile) -> bool:
    # Judging many samples takes longer than a short one: do it now and then until the budget ends.
    count = len(samples)
    is_due = count <= 16 or count % (count.bit_length() ** 2) == 0 or elapsed_s >= profile.budget_s
    return is_due and enough(samples, elapsed_s, profile)


def enough(samples: Sequence[Sample], elapsed_s: float, profile: Profile) -> bool:
    """Return whether to stop: precise enough, or out of budget.

    The first fifth of the budget is always spent, so that a quiet moment does not stand for the
    whole; all of it where most samples are disturbed. Three budgets are the end even when there are
    fewer samples than wanted.
    """
    kept = usable(samples, profile.min_samples)
    if kept is not None:
        if elapsed_s >= profile.budget_s:
            return True
        if elapsed_s < profile.budget_s / 5 or 2 * len(kept) < len(samples):
            return False
        return stats.half_width([sample.cost_s for sample in kept]) <= profile.target
    if elapsed_s >= 3 * profile.budget_s:
        return len(samples) >= 3
    return elapsed_s >= 2 * profile.budget_s and len(samples) >= profile.min_samples


def _warm_up(stage: Stage, calls: int, profile: Profile, instruments: Instruments) -> float:
    """Run the kernel until three readings of the clock agree; return the seconds that it took."""
    start = instruments.wall()
    readings: list[float] = []
    while True:
        _observe(stage, calls, instruments.wall)
        elapsed = instruments.wall() - start
        frequency = _frequency(instruments, 1)
        if frequency is None or elapsed >= profile.warm_up_s:
            return elapsed
        readings = [*readings[-2:], frequency]
        if len(readings) == 3 and max(readings) <= (1 + _SETTLED) * min(readings):
            return elapsed


def _length(stage: Stage, calls: int, wall: Callable[[], float]) -> float:
    """Return how long a sample of *calls* is, to calibrate by.

    A kernel that times itself may claim next to nothing: waiting ten times as long is enough.
    """
    start = wall()
    seconds = _observe(stage, calls, wall).seconds
    return max(seconds, (wall() - start) / 10)


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
        shown = " ".join(repr(returned).split())
        raise CheckFailed(
            f"the kernel times itself and returned {shown[:60]}; expected seconds above zero"
        )
    return times


def _frequency(instruments: Instruments, n_readings: int) -> float | None:
    if instruments.core_clock is None:
        return None
    return stats.median([instruments.core_clock() for _ in range(n_readings)])


def _mean(before: float | None, after: float | None) -> float | None:
    return (before + after) / 2 if before and after else before or after


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
