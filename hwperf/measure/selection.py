"""Which samples count. This module marks those that a slow core disturbed and selects the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hwperf.measure.interference import Disturbance

__all__ = ["Sample", "Samples", "mark_slow", "usable"]

_SLOW_CAUSE = "slow_clock"
_SLOW = 0.99
# Share of the core's clock (the third highest of the point's readings: what disturbs them only
# lowers them) below which a sample counts as slowed. Undisturbed readings agree within 0.3 %; what
# lowers them (a busy sibling thread, the hypervisor, the clock itself) makes the sample slow, too,
# mostly unseen by the operating system: chases in L1 spread over 1.23 to 1.50 ns, short ones
# between two fast readings over 1.244 to 1.248 ns (docs/measured.md).


@dataclass(frozen=True)
class Sample:
    """One recorded value.

    Attributes:
        cost_s: seconds per unit of work.
        seconds: how long the sample lasted.
        disturbance: what happened meanwhile.
        clock_hz: mean of the core's frequencies before and after, or None.
        slowest_hz: the lower of the two, or None.
        latencies: those of single operations, where the kernel returns them.
    """

    cost_s: float
    seconds: float
    disturbance: Disturbance
    clock_hz: float | None
    slowest_hz: float | None = None
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
        """Those that nothing disturbed."""
        return tuple(sample for sample in self.all if not sample.disturbance.causes)

    @property
    def own(self) -> tuple[Sample, ...]:
        """Those that never lost their core, whatever its clock was."""
        return tuple(sample for sample in self.all if _is_own(sample))


def usable(samples: Sequence[Sample], wanted: int) -> tuple[Sample, ...] | None:
    """Return the samples that count, or None where fewer than *wanted* kept their core.

    The clean ones while there are *wanted*; otherwise, of those that kept their core, the quarter
    with the fastest clocks, and at least twice *wanted* (or all): of fewer the interval of the
    median would be their whole range.
    """
    marked = mark_slow(samples)
    kept = tuple(sample for sample in marked if not sample.disturbance.causes)
    if len(kept) >= wanted:
        return kept
    own = [sample for sample in marked if _is_own(sample)]
    if len(own) < wanted:
        return None
    own.sort(key=lambda sample: -(sample.slowest_hz or 0))
    return tuple(own[: max(2 * wanted, len(own) // 4)])


def mark_slow(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return *samples*, those beside a slow reading of the clock marked as disturbed by it."""
    clocks = [sample.slowest_hz for sample in samples if sample.slowest_hz]
    if not clocks:
        return tuple(samples)
    level = _SLOW * sorted(clocks)[-min(3, len(clocks))]
    return tuple(
        _slowed(sample) if sample.slowest_hz is not None and sample.slowest_hz < level else sample
        for sample in samples
    )


def _slowed(sample: Sample) -> Sample:
    causes = sample.disturbance.causes
    if _SLOW_CAUSE in causes:
        return sample
    return replace(sample, disturbance=replace(sample.disturbance, causes=(*causes, _SLOW_CAUSE)))


def _is_own(sample: Sample) -> bool:
    return all(cause == _SLOW_CAUSE for cause in sample.disturbance.causes)
