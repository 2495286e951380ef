"""The detector. This module tells the steps and drifts of a series of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.history.detection.candidates import LONGEST
from hwperf.history.detection.contrast import Floats, Sums, sums_of
from hwperf.history.detection.drifting import drift_within
from hwperf.history.detection.finding import Found, Limits, found_in
from hwperf.history.detection.in_modes import joined
from hwperf.history.detection.likelihood import p_value
from hwperf.history.detection.many_outliers import found_among_outliers
from hwperf.history.detection.rhythm import rhythm_of
from hwperf.history.detection.robust import CLIP, clipped, spread_of
from hwperf.history.detection.step import Step
from hwperf.history.detection.trend import found_beside_trend
from hwperf.history.detection.unfolding import modes_of
from hwperf.history.detection.working_scale import Scaled, as_numbers, scaled

__all__ = ["FEWEST", "MIN_CHANGE", "THRESHOLD", "Detection", "detect", "steps"]

THRESHOLD = 4.0
MIN_CHANGE = 0.01
FEWEST = 8
"""Points that a change needs: four at the old level, four at the new one."""
_FLOOR = 8  # A point is never taken to be surer than an eighth of the least change: values may
# be rounded, and a series of equal numbers has noise all the same.
_SURE = 1.959964  # Two-sided 95 % of a standard normal variable.
_SURE_99 = 2.575829
_TINY = 1e-12
_QUIETEST = 1e-7  # Of a point: running sums of logarithms are no more exact.
_LOUDEST = 1e3  # In logarithms: beyond that nothing can be told anyway.


def steps(
    values: Sequence[Any] | NDArray[Any],
    *,
    times: Sequence[Any] | NDArray[Any] | None = None,
    low: Sequence[Any] | NDArray[Any] | None = None,
    high: Sequence[Any] | NDArray[Any] | None = None,
    threshold: float = THRESHOLD,
    min_change: float = MIN_CHANGE,
) -> list[Step]:
    """Return the changes of a series, in order.

    Args:
        values: one number per point; None, NaN and infinities are missing: passed over, and
            counted in the numbering.
        times: when each was measured, to put them in order; in the order given where None.
        low: lower bound of the 99 % interval of each value.
        high: upper bound.
        threshold: least statistic of a change; beside a change of 1.5 times that, 0.9 of it is
            enough.
        min_change: least change that is told, 0.01 for 1 %: what the 95 % interval of a step has to
            reach.

    Raises:
        ValueError: if the arguments are no flat sequences of numbers, of one length, or a
            threshold of 0 or less or a negative least change is asked for.
    """
    if not (threshold > 0 and min_change >= 0):
        raise ValueError(
            f"threshold={threshold!r}, min_change={min_change!r}: the first has to be above 0 "
            "(4.0 by default), the second 0 or more (0.01 for 1 %)"
        )
    numbers = as_numbers(values)
    bounds = [as_numbers(each) if each is not None else None for each in (low, high, times)]
    for name, each in zip(("low", "high", "times"), bounds, strict=True):
        if each is not None and each.size != numbers.size:
            raise ValueError(f"{name} has {each.size} entries for {numbers.size} values")
    if bounds[2] is not None:
        if np.isnan(bounds[2]).any():
            raise ValueError("times has entries that are missing: leave those points out")
        order = np.argsort(bounds[2], kind="stable")
        numbers = numbers[order]
        bounds = [each[order] if each is not None else None for each in bounds]
    series = scaled(numbers)
    if series.x.size < FEWEST:
        return []
    own = _own_noise(numbers, bounds, series)
    floor = max(math.log1p(min_change) / _FLOOR, own, _QUIETEST)
    limits = Limits(floor, threshold, math.log1p(min_change))
    detection = detect(series.x, limits)
    found = [*_steps(detection, series), *_drifts(detection, series, limits)]
    return sorted(found, key=lambda each: (each.index, each.kind))


@dataclass(frozen=True)
class Detection:
    """What was found on the working scale.

    Attributes:
        steps: the first point of each new level, and the series that shows it.
        sums: of the series as it is, outliers pulled in.
    """

    steps: list[tuple[int, Found]]
    sums: Sums

    @property
    def boundaries(self) -> list[int]:
        """First points of new levels, in order."""
        return [b for b, _ in self.steps]


def detect(x: Floats, limits: Limits) -> Detection:
    """Return the steps of *x*, a series on the working scale."""
    sums = sums_of(clipped(x))
    plain = found_beside_trend(x, limits, _found_beside_rhythm)
    modes = modes_of(x, limits.floor)
    if modes is None:
        found = [(b, plain) for b in plain.boundaries]
        if (hidden := found_among_outliers(x, limits, plain.boundaries)) is not None:
            found += [(b, hidden) for b in hidden.boundaries]
        return Detection(sorted(found, key=lambda each: each[0]), sums)
    folded = found_beside_trend(modes.folded, limits, _found_beside_rhythm)
    return Detection(joined(plain, folded, modes), sums)


def _found_beside_rhythm(x: Floats, limits: Limits) -> Found:
    """Return the steps of *x*, or of what is left without its rhythm if it has one."""
    found = found_in(x, limits)
    rhythm = rhythm_of(x, found.boundaries)
    return found if rhythm is None else found_in(x - rhythm, limits)


def _own_noise(numbers: Floats, bounds: list[Floats | None], series: Scaled) -> float:
    """Return the standard error that the 99 % intervals of the points give, 0 without them."""
    low, high, _ = bounds
    if low is None or high is None:
        return 0.0
    scale = series.unit or np.abs(numbers[series.where])
    with np.errstate(all="ignore"):  # Bounds may be anything: those that are none are left out.
        error = (high - low)[series.where] / (2 * _SURE_99) / scale
    known = error[np.isfinite(error) & (error >= 0)]
    return float(np.median(np.minimum(known, _LOUDEST))) if known.size else 0.0


def _level(x: Floats, a: int, b: int) -> float:
    """Return the mean of ``[a, b)`` with outliers pulled in, to tell ratios by."""
    stretch = x[a:b]
    centre = np.median(stretch)
    bound = CLIP * max(spread_of(stretch - centre), _TINY)
    return float(np.mean(np.clip(stretch, centre - bound, centre + bound)))


def _steps(detection: Detection, series: Scaled) -> Iterator[Step]:
    n = series.x.size
    for b, found in detection.steps:
        # Between the neighbouring stretches, also where these alternate: one of them has one level.
        edges = {0, *found.stretches, *detection.boundaries, n}
        a = max(each for each in edges if each < b)
        c = min(each for each in edges if each > b)
        weight = found.judge.weigh(a, b, c)
        first, last = max(a, b - LONGEST), min(c, b + LONGEST)
        old, new = _level(found.x, first, b), _level(found.x, b, last)
        width = _SURE * weight.deviation
        p = p_value(weight.statistic, last - first)
        near = found.judge.location(a, b, c)
        yield Step(
            index=int(series.where[b]),
            ratio=series.ratio(old, new),
            interval=series.interval(old, new - width, new + width),
            certainty=1 - p,
            kind="step",
            statistic=weight.statistic,
            p_value=p,
            location=(int(series.where[near[0]]), int(series.where[near[1]])),
        )


def _drifts(detection: Detection, series: Scaled, limits: Limits) -> Iterator[Step]:
    edges = [0, *detection.boundaries, series.x.size]
    for a, c in pairwise(edges):
        drift = drift_within(detection.sums, a, c, limits.threshold, limits.floor)
        if drift is None:
            continue
        middle = detection.sums.mean(drift.first, drift.last)
        old, new = middle - drift.size / 2, middle + drift.size / 2
        width = _SURE * drift.deviation
        p = p_value(drift.statistic, drift.last - drift.first)
        ends = int(series.where[drift.first]), int(series.where[drift.last - 1])
        yield Step(
            index=ends[0],
            ratio=series.ratio(old, new),
            interval=series.interval(old, new - width, new + width),
            certainty=1 - p,
            kind="drift",
            statistic=drift.statistic,
            p_value=p,
            location=ends,
        )
