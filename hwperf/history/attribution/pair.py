"""Machine or code, between two commits. This module judges them with or without a history.

Each side is one run. By how much runs differ for no reason comes from the history of the series
where there is enough, or from the noise floor of ``hwperf aa``; else from the interval within the
run, widened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from hwperf.canaries.kinds import BY_NAME, RESOURCES
from hwperf.history.attribution.cause import Attribution, Cause, Moved
from hwperf.history.attribution.noise import Contrast, noise
from hwperf.history.attribution.sensitivity import LARGEST, Sensitivity

__all__ = [
    "Sides",
    "change_between",
    "is_change",
    "judge",
    "may_be_change",
    "moved_of",
    "resources",
    "threshold",
    "undecided",
]

Array = NDArray[np.float64]

LEAST_CHANGE = 0.05
"""Of a benchmark: two runs of a shared machine differ by less than 5 % for no reason at all."""

LEAST_MOVE = 0.03
"""Of what canaries feel in common."""

ENOUGH = 8
"""Points from which on a series tells itself how much its runs differ."""

_HIGH = 0.8
_NORMAL = 1.2816  # The _HIGH quantile of |x| of a standard normal variable.
_WIDER = 2.0  # Runs differ by more than the samples of one do (docs/measured.md).
_LEAST_NOISE = 0.015  # Of a single run without a history.
_Z99 = 2.5758  # asv keeps the 99 % interval.
_AGREES = (0.6, LARGEST)  # Shares of a canary's shift that mean that it is the same shift.
_ALIKE = 0.75  # Of a canary's shift, or the reverse: that is as much.
_SPARE = 0.34  # Of a change: a machine that can explain no more than that did not make it.
_MOVED = 3.5  # Deviations of a canary: three resources, and their noise is hardly known.
_ALONE = 2.0  # As many times more, of a canary that has no history and that no other confirms.
_QUIET = 0.6  # Of a change: what no canary shows, and might be there unseen at most.
_SUSPECT = 2.0  # Deviations: 5 % of what does not change.
_SUSPECT_BY_HISTORY = 2.5  # Where the noise is known: 1 %.
_SUSPICIOUS = 0.2  # Of a benchmark: four times the least change.
_UNSURE = 0.15  # Of a share that was learned: the machine is never slowed twice in the same way.


@dataclass(frozen=True)
class Sides:
    """One series in two runs, in its stored unit.

    Attributes:
        before: value of the first run.
        after: value of the second.
        intervals: 99 % interval of each, ends NaN where asv kept none.
        history: logarithms of its other runs, in order.
        floor: standard deviation of its logarithm between rounds of the same code, as ``hwperf aa``
            found it; None where it did not.
    """

    before: float
    after: float
    intervals: tuple[tuple[float, float], tuple[float, float]]
    history: Array = field(default_factory=lambda: np.empty(0))
    floor: float | None = None


def change_between(sides: Sides) -> Contrast:
    """Return how much the second side differs from the first, in logarithms."""
    values = (sides.before, sides.after)
    if not all(np.isfinite(v) and v > 0 for v in values):
        return Contrast(float("nan"), float("nan"), 0)
    shift = float(np.log(sides.after / sides.before))
    first, second = (_within(low, high) for low, high in sides.intervals)
    within = float(np.hypot(first, second))
    known = int(np.isfinite(sides.history).sum())
    if known >= ENOUGH:
        return Contrast(shift, max(within, _between_runs(sides.history)), known)
    if sides.floor is not None:
        return Contrast(shift, max(within, sides.floor * float(np.sqrt(2))), ENOUGH)
    return Contrast(shift, max(_WIDER * within, _LEAST_NOISE * float(np.sqrt(2))), 1)


def _between_runs(history: Array) -> float:
    """Return the standard deviation of the difference of two runs by what neighbours differed by.

    The larger of two: by the middle one of the differences, and by the 80 % quantile, as one run in
    ten or in five was often disturbed, and says what the next may be.
    """
    steps = np.abs(np.diff(history[np.isfinite(history)]))
    return max(noise(history) * float(np.sqrt(2)), float(np.quantile(steps, _HIGH)) / _NORMAL)


def _within(low: float, high: float) -> float:
    if not (np.isfinite(low) and np.isfinite(high) and 0 < low <= high):
        return _LEAST_NOISE
    return float(np.log(high / low)) / (2 * _Z99)


def threshold(n: int) -> float:
    """Return the deviations beyond which one of *n* things that do not change is seldom (5 %)."""
    return max(3.0, NormalDist().inv_cdf(1 - 0.025 / max(1, n)))


def is_change(change: Contrast, n: int) -> bool:
    """Return whether one of *n* benchmarks has changed."""
    return change.is_beyond(threshold(n), float(np.log1p(LEAST_CHANGE)))


def may_be_change(change: Contrast) -> bool:
    """Return whether a benchmark moved too far to say that nothing changed, and may not have.

    Without a history the noise itself is hardly known, and one unquiet run hides a factor.
    """
    suspect = _SUSPECT if change.n < ENOUGH else _SUSPECT_BY_HISTORY
    return change.is_beyond(suspect, float(np.log1p(_SUSPICIOUS)))


def undecided(change: Contrast, canaries: Mapping[str, Contrast], index: int) -> Attribution:
    """Return that nothing can be told of a *change* which may be none."""
    return Attribution(
        cause="unclear",
        reason="the samples of each run differ so much that it may be noise: measure both again, "
        "or let a history grow"
        if change.n < ENOUGH
        else "earlier runs differed so much that it may be noise: measure both again",
        index=index,
        ratio=float(np.exp(change.shift)),
        interval=change.interval(),
        moved=moved_of(canaries),
    )


def resources(canaries: Mapping[str, Contrast]) -> dict[str, Contrast]:
    """Return how much each resource moved: the median of its canaries.

    Args:
        canaries: how much each of them changed.
    """
    groups: dict[str, list[Contrast]] = {}
    for name, found in canaries.items():
        known = BY_NAME.get(name.split("/")[0])
        if known is not None and found.is_known:
            groups.setdefault(known.resource, []).append(found)
    return {resource: _common(groups[resource]) for resource in RESOURCES if resource in groups}


def _has_moved(shift: Contrast) -> bool:
    """Return whether a resource moved; one canary without a history must show more."""
    return shift.is_beyond(_MOVED * (1 if shift.n >= ENOUGH else _ALONE), LEAST_MOVE)


def _common(members: Sequence[Contrast]) -> Contrast:
    if len(members) == 1:
        return members[0]
    shifts = [each.shift for each in members]
    typical = float(np.median([each.deviation for each in members]))
    loss = 1.25 / np.sqrt(len(members)) if len(members) > 2 else 1.0
    # Canaries that disagree know less than their own noise says.
    spread = float(np.median(np.abs(np.array(shifts) - np.median(shifts)))) / 0.6745
    spread /= np.sqrt(len(members))
    return Contrast(float(np.median(shifts)), max(typical * float(loss), spread), ENOUGH)


def moved_of(canaries: Mapping[str, Contrast]) -> tuple[Moved, ...]:
    """Return how each canary moved, as evidence."""
    return tuple(
        Moved(name, float(np.exp(c.shift)), c.interval(), c.is_beyond(_MOVED, LEAST_MOVE))
        for name, c in canaries.items()
        if c.is_known
    )


def judge(
    change: Contrast,
    canaries: Mapping[str, Contrast],
    learned: Mapping[str, Sensitivity] | None = None,
    index: int = 1,
) -> Attribution:
    """Return the cause of *change*.

    Args:
        change: of the benchmark.
        canaries: how much each canary changed between the same two runs.
        learned: by resource, how much of it shows in the benchmark by its history; without those
            of which it says nothing.
        index: of the second run in the series.
    """
    case = _Pair(change, resources(canaries), learned or {})
    cause, reason, part = case.cause()
    dependence = max(case.learned.values(), key=lambda each: each.share, default=None)
    return Attribution(
        cause=cause,
        reason=reason,
        index=index,
        ratio=float(np.exp(change.shift)),
        interval=change.interval(),
        factor=dependence.factor.name if dependence and dependence.share > 0 else "",
        sensitivity=dependence.share if dependence else None,
        machine_ratio=float(np.exp(part)),
        left_over=float(np.exp(change.shift - part)),
        moved=moved_of(canaries),
    )


@dataclass(frozen=True)
class _Pair:
    """A change, what the resources did, and what is known of how they show in it."""

    change: Contrast
    shifts: Mapping[str, Contrast]
    learned: Mapping[str, Sensitivity]

    def cause(self) -> tuple[Cause, str, float]:
        """Return the cause, why, and how much of the change is the machine's, in logarithms."""
        if not self.shifts:
            return "unclear", "no canary was measured in both runs", 0.0
        sign = 1.0 if self.change.shift > 0 else -1.0
        size = abs(self.change.shift)
        # By how much each moved in the direction of the change, and may have moved at most.
        along = {name: sign * shift.shift for name, shift in self.shifts.items()}
        at_most = {n: self._high(n) * (along[n] + 2 * s.deviation) for n, s in self.shifts.items()}
        moving = [n for n, s in self.shifts.items() if along[n] > 0 and _has_moved(s)]
        if not moving:
            # More than a canary itself feels is not to be feared of what did not even move.
            if max(most / max(1.0, self._high(n)) for n, most in at_most.items()) < _QUIET * size:
                return "code", "no canary moved with it", 0.0
            return "unclear", "the canaries are too noisy in these two runs to tell", 0.0
        names = _named(moving)
        if max(at_most.values()) < _SPARE * size:
            return "code", f"{names} moved, which shows too little here to explain it", 0.0
        fitting = [name for name in moving if self._fits(name, size, along[name])]
        if fitting:
            as_much = [name for name in fitting if _ALIKE <= size / along[name] <= 1 / _ALIKE]
            reason = "moved as much" if as_much else "moved, and may explain all of it"
            return "machine", f"{_named(as_much or fitting)} {reason}", self.change.shift
        most = max(at_most[name] for name in moving)
        if size > most + 2 * self.change.deviation:
            part = sign * max(self._share(name) * along[name] for name in moving)
            return "mixed", f"{names} moved, which does not explain all of it", part
        return "unclear", f"{names} moved, and nothing tells how much of that shows here", 0.0

    def _fits(self, name: str, size: float, along: float) -> bool:
        """Return whether the change is what the resource *name* alone would make of it."""
        low, high = _AGREES
        known = self.learned.get(name)
        if known is not None:
            low, high = max(0.0, known.low - _UNSURE), known.high + _UNSURE
            if known.share == 0:
                return False
        slack = 2 * float(np.hypot(self.change.deviation, high * self.shifts[name].deviation))
        return low * along - slack <= size <= high * along + slack

    def _high(self, name: str) -> float:
        """Return the largest share of the resource *name* that may show."""
        known = self.learned.get(name)
        return LARGEST if known is None else min(LARGEST, known.high + _UNSURE)

    def _share(self, name: str) -> float:
        known = self.learned.get(name)
        return 1.0 if known is None else known.share


def _named(resources: Sequence[str]) -> str:
    """Return ``the processor, the memory and the storage``."""
    *others, last = [f"the {name}" for name in resources]
    return f"{', '.join(others)} and {last}" if others else last
