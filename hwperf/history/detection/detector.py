"""The detector. This module leads a series through cleaning, candidates and pruning."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.history.detection.candidates import LONGEST, candidates
from hwperf.history.detection.contrast import Floats, Sums, sums_of
from hwperf.history.detection.drifting import drift_within
from hwperf.history.detection.judgement import Judge
from hwperf.history.detection.likelihood import p_value
from hwperf.history.detection.modes import without_modes
from hwperf.history.detection.noise import noise_of
from hwperf.history.detection.pruning import pruned, regained
from hwperf.history.detection.robust import CLIP, clipped, spread_of
from hwperf.history.detection.settling import settled
from hwperf.history.detection.step import Step
from hwperf.history.detection.working_scale import Scaled, as_numbers, scaled

__all__ = ["FEWEST", "MIN_CHANGE", "THRESHOLD", "Detection", "detect", "steps"]

THRESHOLD = 4.0
MIN_CHANGE = 0.01
FEWEST = 8
"""Points that a change needs: four at the old level, four at the new one."""
_LEAST_CANDIDATE = 0.5  # Of the threshold: a candidate may gain when its neighbours go.
_FURTHER = 0.9  # Of the threshold, for others: where one change is sure they are likelier.
_CLEAR = 1.5  # Times the threshold: what noise hardly reaches, so that a clean series gains none.
_PASSES = 3  # Of finding steps and measuring the noise without them; the third rarely differs.
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
        min_change: least change that is told, 0.01 for 1 %; a step with a statistic of 1.25 times
            the threshold is told if its 95 % interval reaches that.

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
    detection = detect(series.x, floor, threshold, math.log1p(min_change))
    found = [*_steps(detection, series), *_drifts(detection, series, threshold)]
    return sorted(found, key=lambda each: (each.index, each.kind))


@dataclass(frozen=True)
class Detection:
    """What was found on the working scale.

    Attributes:
        boundaries: first points of new levels.
        judge: weighs them.
    """

    boundaries: list[int]
    judge: Judge


def detect(x: Floats, floor: float, threshold: float, least: float) -> Detection:
    """Return the steps of *x*, a series on the working scale.

    Noise is measured again without the steps that were found, as steps inflate it.
    """
    y = clipped(x)
    sums = sums_of(y)
    found: list[int] = []
    for _ in range(_PASSES):
        before = found
        levelled = sums_of(_levelled(y, found, sums)) if found else sums
        variances = noise_of(levelled, floor).variances(LONGEST)
        judge = Judge(sums, variances, floor)
        start = sorted({*before, *candidates(sums, variances, _LEAST_CANDIDATE * threshold)})
        found = pruned(start, x.size, judge, threshold, least)
        if _surest(found, x.size, judge) >= _CLEAR * threshold:
            further = _FURTHER * threshold
            found = pruned(sorted({*found, *start}), x.size, judge, further, least)
            found = regained(found, start, x.size, judge, further, least)
        if found == before:
            break
    return Detection(without_modes(x, settled(x, found, floor)), judge)


def _surest(found: list[int], n: int, judge: Judge) -> float:
    """Return the largest statistic of the steps at *found*, 0 without any."""
    edges = [0, *found, n]
    triples = zip(edges, edges[1:], edges[2:], strict=False)
    return max((judge.weigh(a, b, c).statistic for a, b, c in triples), default=0.0)


def _levelled(y: Floats, found: list[int], sums: Sums) -> Floats:
    """Return *y* without the steps at *found*."""
    edges = [0, *found, y.size]
    levels = [sums.mean(a, b) for a, b in pairwise(edges)]
    return np.asarray(y - np.repeat(levels, np.diff(edges)))


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


def _level(series: Scaled, a: int, b: int) -> float:
    """Return the mean of ``[a, b)`` with outliers pulled in, to tell ratios by."""
    x = series.x[a:b]
    centre = np.median(x)
    bound = CLIP * max(spread_of(x - centre), _TINY)
    return float(np.mean(np.clip(x, centre - bound, centre + bound)))


def _steps(detection: Detection, series: Scaled) -> Iterator[Step]:
    edges = [0, *detection.boundaries, series.x.size]
    for a, b, c in zip(edges, edges[1:], edges[2:], strict=False):
        weight = detection.judge.weigh(a, b, c)
        first, last = max(a, b - LONGEST), min(c, b + LONGEST)
        old, new = _level(series, first, b), _level(series, b, last)
        width = _SURE * weight.deviation
        p = p_value(weight.statistic, last - first)
        near = detection.judge.location(a, b, c)
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


def _drifts(detection: Detection, series: Scaled, threshold: float) -> Iterator[Step]:
    edges = [0, *detection.boundaries, series.x.size]
    judge = detection.judge
    for a, c in pairwise(edges):
        drift = drift_within(judge.sums, a, c, threshold, judge.floor)
        if drift is None:
            continue
        middle = judge.sums.mean(drift.first, drift.last)
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
