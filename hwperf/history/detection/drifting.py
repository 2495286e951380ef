"""Slow change. This module finds stretches in which a level drifts without a step.

A line through a series looks more certain than it is wherever neighbouring points share their
noise. So it is laid through means of blocks, and judged by how far the means scatter around it:
noise that lasts shorter than a block cannot pass for a drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hwperf.history.detection.contrast import Floats, Sums
from hwperf.history.detection.likelihood import normal_equivalent

__all__ = ["LEAST_DRIFT", "Drift", "drift_within"]

LEAST_DRIFT = 0.03
"""Least change that is told as a drift, 0.03 for 3 %: below, rooms and seasons drift."""
_BLOCKS = 12
_SHORTEST_BLOCK = 4
_SEEN = 0.75  # Of a drift, at least, lies between the means of its first and its last block.
_FEWEST_BLOCKS = 6  # A line through fewer leaves too little to judge its scatter by.


@dataclass(frozen=True)
class Drift:
    """A slow change in ``[first, last)``.

    Attributes:
        first: its first point.
        last: one past its last point.
        size: end minus beginning.
        deviation: standard deviation of the size.
        statistic: size over deviation, as a standard normal variable.
    """

    first: int
    last: int
    size: float
    deviation: float
    statistic: float


def drift_within(sums: Sums, a: int, c: int, threshold: float, floor: float) -> Drift | None:
    """Return the surest drift within the level ``[a, c)``, None where there is none.

    Args:
        sums: of the cleaned series.
        a: first point of the level.
        c: one past its last point.
        threshold: least statistic of a drift.
        floor: least standard deviation of a point.
    """
    blocks = min(_BLOCKS, (c - a) // _SHORTEST_BLOCK)
    if blocks < _FEWEST_BLOCKS:
        return None
    edges = np.linspace(a, c, blocks + 1).round().astype(int)
    means = np.diff(sums.y[edges]) / np.diff(edges)
    least = math.log1p(LEAST_DRIFT)
    if np.ptp(means) < _SEEN * least:
        return None
    best: Drift | None = None
    for i in range(blocks - _FEWEST_BLOCKS + 1):
        for j in range(i + _FEWEST_BLOCKS, blocks + 1):
            found = _line(means[i:j], int(edges[i]), int(edges[j]), floor)
            is_large = abs(found.size) >= least
            if is_large and found.statistic >= threshold:
                best = found if best is None or found.statistic > best.statistic else best
    return best


def _line(means: Floats, first: int, last: int, floor: float) -> Drift:
    k = means.size
    position = np.arange(k) - (k - 1) / 2
    spread = k * (k * k - 1) / 12
    slope = float(position @ means) / spread
    left_over = means - means.mean() - slope * position
    free = k - 2
    variance = max(float(left_over @ left_over) / free, floor**2 * k / (last - first))
    deviation = k * math.sqrt(variance / spread)
    size = k * slope
    return Drift(first, last, size, deviation, normal_equivalent(abs(size) / deviation, free))
