"""Which samples count. This module marks those that something disturbed and selects the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hwperf.measure.interference import Disturbance
from hwperf.measure.placement import Placement

__all__ = [
    "Paired",
    "Sample",
    "Samples",
    "counted",
    "mark",
    "mark_moved",
    "mark_slow",
    "moved",
    "usable",
    "was_moved",
]

_SLOW_CAUSE = "slow_clock"
_MOVED_CAUSE = "placement"
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
        placement: how the CPUs of the kernel's threads lay to one another, where it has several.
    """

    cost_s: float
    seconds: float
    disturbance: Disturbance
    clock_hz: float | None
    slowest_hz: float | None = None
    latencies: Sequence[float] = field(default=(), repr=False)
    placement: Placement | None = None


@dataclass(frozen=True)
class Paired:
    """A sample of a kernel that the point's own is set against.

    Attributes:
        name: what that kernel is.
        place: the index of the point's own sample that was taken just before.
        sample: the sample.
    """

    name: str
    place: int
    sample: Sample


@dataclass(frozen=True)
class Samples:
    """All samples of a point, disturbed ones marked, and how they were taken.

    They are bounded where the workload allows no more calls.
    """

    all: tuple[Sample, ...]
    calls: int
    warm_up_s: float
    elapsed_s: float
    against: tuple[Paired, ...] = ()
    is_bounded: bool = False

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
    marked = mark(samples)
    kept = tuple(sample for sample in marked if not sample.disturbance.causes)
    if len(kept) >= wanted:
        return kept
    own = [sample for sample in marked if _is_own(sample)]
    if len(own) < wanted:
        return None
    own.sort(key=lambda sample: -(sample.slowest_hz or 0))
    return tuple(own[: max(2 * wanted, len(own) // 4)])


def counted(samples: Sequence[Sample], wanted: int) -> tuple[Sample, ...]:
    """Return the samples that figures are made of: the usable ones where there are enough.

    Where too few kept their core, all count, which is then not trusted; but never samples of one
    placement together with those of another, as long as there are any.
    """
    found = usable(samples, wanted)
    if found is not None:
        return found
    marked = mark(samples)
    return tuple(sample for sample in marked if not was_moved(sample)) or marked


def was_moved(sample: Sample) -> bool:
    """Return whether the CPUs were moved during a sample, or lay otherwise than in most."""
    return _MOVED_CAUSE in sample.disturbance.causes


def mark(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return *samples*, the disturbed ones marked: by a slow clock, or by another placement."""
    return _mark_minority(mark_slow(samples))


def moved(before: Placement | None, after: Placement | None) -> bool:
    """Return whether the CPUs were moved between two probes: their tags differ."""
    return before is not None and after is not None and before.tag != after.tag


def mark_moved(sample: Sample) -> Sample:
    """Return *sample* marked as one during which the CPUs were moved."""
    return _caused(sample, _MOVED_CAUSE)


def _mark_minority(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Mark the samples that were not taken in the placement of most: like is compared with like."""
    tags = Counter(
        sample.placement.tag
        for sample in samples
        if sample.placement and _MOVED_CAUSE not in sample.disturbance.causes
    )
    if len(tags) < 2:
        return tuple(samples)
    most = tags.most_common(1)[0][0]
    return tuple(
        _caused(sample, _MOVED_CAUSE)
        if sample.placement and sample.placement.tag != most
        else sample
        for sample in samples
    )


def mark_slow(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return *samples*, those beside a slow reading of the clock marked as disturbed by it."""
    clocks = [sample.slowest_hz for sample in samples if sample.slowest_hz]
    if not clocks:
        return tuple(samples)
    level = _SLOW * sorted(clocks)[-min(3, len(clocks))]
    return tuple(
        _caused(sample, _SLOW_CAUSE)
        if sample.slowest_hz is not None and sample.slowest_hz < level
        else sample
        for sample in samples
    )


def _caused(sample: Sample, cause: str) -> Sample:
    causes = sample.disturbance.causes
    if cause in causes:
        return sample
    return replace(sample, disturbance=replace(sample.disturbance, causes=(*causes, cause)))


def _is_own(sample: Sample) -> bool:
    return all(cause == _SLOW_CAUSE for cause in sample.disturbance.causes)
