"""Taking samples. This module times calls until the samples suffice."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from hwperf.measure import stats
from hwperf.measure.affinity import Core
from hwperf.measure.interference import Counters, Disturbance, difference
from hwperf.measure.observe import Observation, Timed, calibrated
from hwperf.measure.placement import Placement
from hwperf.measure.profile import Profile
from hwperf.measure.selection import Paired, Sample, Samples, mark, mark_moved, moved, usable
from hwperf.measure.stage import Stage
from hwperf.work import Work

__all__ = ["Instruments", "collect", "enough"]

_READING_SHARE = 1e-3  # One reading of the clock for each such part of a sample, at most 8.
_SETTLED = 0.01  # Readings of the clock that agree within this are settled.


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
        placement: probes how the CPUs of a kernel's threads lie to one another; None where the
            kernel runs on one.
    """

    wall: Callable[[], float]
    tick_s: float
    probes: Reader
    core: Core
    core_clock: Callable[[], float] | None = None
    placement: Callable[[], Placement] | None = None


@dataclass
class _Between:
    """What is read between two samples: the clock, and how the CPUs lie to one another."""

    instruments: Instruments
    own: Work  # What the point yielded: its team runs the kernels that it is set against, too.
    n_readings: int = 1
    clock_hz: float | None = None
    placement: Placement | None = None

    def read(self) -> None:
        """Read again; the next sample begins here."""
        self.clock_hz = _frequency(self.instruments, self.n_readings)
        if self.instruments.placement is not None:
            self.placement = self.instruments.placement()

    def sample(self, timed: Timed) -> Sample:
        """Take a sample between the last reading and a new one."""
        before, placement_before = self.clock_hz, self.placement
        counters = self.instruments.probes.read()
        seen = timed.observe(self.instruments.wall)
        happened = difference(
            counters,
            self.instruments.probes.read(),
            seen.wall_s,
            wakes=timed.calls if self.own.team is not None else 0,
            own=self.own.own_causes,
        )
        happened = _with_own(happened, seen)
        self.n_readings = max(1, min(8, round(seen.wall_s / _READING_SHARE)))
        self.read()
        # The core's clock is not that of a device that times itself.
        has_clock = timed.work.clock is None or self.own.team is not None
        clocks = [clock for clock in (before, self.clock_hz) if clock and has_clock]
        sample = Sample(
            cost_s=seen.cost_s,
            seconds=seen.seconds,
            disturbance=happened,
            clock_hz=sum(clocks) / len(clocks) if clocks else None,
            slowest_hz=min(clocks, default=None),
            latencies=seen.latencies,
            placement=placement_before,
        )
        return mark_moved(sample) if moved(placement_before, self.placement) else sample


def _with_own(happened: Disturbance, seen: Observation) -> Disturbance:
    """Return what happened during a sample, with what its kernel says of it."""
    if not seen.counts and not seen.causes:
        return happened
    causes = tuple(dict.fromkeys((*happened.causes, *seen.causes)))
    return Disturbance({**happened.counts, **seen.counts}, causes)


def collect(stage: Stage, profile: Profile, instruments: Instruments) -> Samples:
    """Calibrate, warm up and take samples of *stage* until they suffice or the budget ends.

    The kernels that it is set against take turns with its own, one sample each.

    Raises:
        CheckFailed: if the kernel times itself and returns what is no time.
        StageError: if the kernel raises.
    """
    wall = instruments.wall
    between = _Between(instruments, stage.work)
    # What compiles, loads or wakes for the first time does so before the budget begins; a kernel
    # that may be called once does so in its only sample.
    profile = _for_coarse(profile, stage.work)
    begun = wall()
    if stage.work.most_calls != 1:
        stage.run()
    has_one_call = stage.work.precision > 0 and wall() - begun > 10 * profile.sample_s
    for name, work in stage.work.against.items():
        stage.run_other(name, work)
    between.read()
    with _no_garbage_collection():
        start = wall()
        calibrate = partial(
            calibrated, wall=wall, sample_s=profile.sample_s, tick_s=instruments.tick_s
        )
        timed = (
            Timed(stage.work, stage.amount) if has_one_call else calibrate(stage.work, stage.amount)
        )
        others = {
            name: calibrate(other, stage.amount_of(other), name=name)
            for name, other in stage.work.against.items()
        }
        warm_up_s = 0.0
        # The core's clock is not that of a device that times itself.
        if stage.work.most_calls is None and not (stage.work.clock and stage.work.precision):
            warm_up_s = _warm_up(timed, profile, instruments, begun=start)
        most = _most_samples(stage.work)
        samples: list[Sample] = []
        against: list[Paired] = []
        between.read()
        while len(samples) < most and not (
            _suffice(samples, wall() - start, profile)
            and _has_tail(stage.work, samples, wall() - start, profile)
        ):
            samples.append(between.sample(timed))
            for name, other in others.items():
                against.append(Paired(name, len(samples) - 1, between.sample(other)))
            if _is_crowded(samples) and instruments.core.move():
                if stage.work.most_calls is None:
                    timed.observe(wall)
                between.read()
        if others:
            stage.run()  # What the check sees is what the kernel itself computed.
        elapsed_s = wall() - start
    marked = _marked(samples, against, timed.calls, warm_up_s, elapsed_s)
    return replace(marked, is_bounded=len(samples) >= most)


def _for_coarse(profile: Profile, work: Work) -> Profile:
    """Return the profile for a kernel that may say that it does not settle finely."""
    if not work.precision:
        return profile
    return replace(
        profile,
        target=max(profile.target, work.precision),
        budget_s=profile.budget_s * profile.coarse_share,
    )


def _most_samples(work: Work) -> float:
    """Return how many samples the calls that *work* allows are enough for."""
    if work.most_calls is None:
        return math.inf
    # One call is the first; of kernels that are set against others one more is the last.
    return work.most_calls - (0 if work.most_calls == 1 else 1 + bool(work.against))


def _marked(
    samples: Sequence[Sample],
    against: Sequence[Paired],
    calls: int,
    warm_up_s: float,
    elapsed_s: float,
) -> Samples:
    """Return all samples, marked by what disturbed any of them, the kernels' own or the others'."""
    everything = mark([*samples, *(paired.sample for paired in against)])
    others = everything[len(samples) :]
    return Samples(
        all=everything[: len(samples)],
        calls=calls,
        warm_up_s=warm_up_s,
        elapsed_s=elapsed_s,
        against=tuple(
            replace(paired, sample=sample) for paired, sample in zip(against, others, strict=True)
        ),
    )


def _suffice(samples: Sequence[Sample], elapsed_s: float, profile: Profile) -> bool:
    # Judging many samples takes longer than a short one: do it now and then until the budget ends.
    count = len(samples)
    is_due = count <= 16 or count % (count.bit_length() ** 2) == 0 or elapsed_s >= profile.budget_s
    return is_due and enough(samples, elapsed_s, profile)


def _has_tail(work: Work, samples: Sequence[Sample], elapsed_s: float, profile: Profile) -> bool:
    """Return whether the operations are enough for a p99, or have had two budgets."""
    if not work.latencies or elapsed_s >= 2 * profile.budget_s:
        return True
    return sum(len(sample.latencies) for sample in samples) >= stats.P99_OPERATIONS


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


def _warm_up(timed: Timed, profile: Profile, instruments: Instruments, begun: float) -> float:
    """Run the kernel until three readings of the clock agree; return the seconds that it took.

    It has been running since *begun*: calls of a long kernel have then warmed up enough.
    """
    start = instruments.wall()
    readings: list[float] = []
    while instruments.wall() - begun < profile.warm_up_s:
        timed.observe(instruments.wall)
        frequency = _frequency(instruments, 1)
        if frequency is None:
            break
        readings = [*readings[-2:], frequency]
        if len(readings) == 3 and max(readings) <= (1 + _SETTLED) * min(readings):
            break
    return instruments.wall() - start


def _frequency(instruments: Instruments, n_readings: int) -> float | None:
    if instruments.core_clock is None:
        return None
    return stats.median([instruments.core_clock() for _ in range(n_readings)])


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
