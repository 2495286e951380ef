"""A moving sum without refinements. This module is a baseline that hwperf's detector has to beat.

The same four ideas in their simplest form: outliers pulled towards one running median, noise by
scale, maxima of moving differences, bottom-up pruning. It needs numpy only and shares no code with
hwperf, so that a fault in hwperf's detector is not in it, too.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["moving_sum"]

Floats = NDArray[np.float64]

THRESHOLD = 4.0
LEAST = math.log(1.01)  # Practical size.
HALF_WINDOW = 6
CLIP = 3.5
LONGEST = 128
SHORTEST = 4
QUANTILE, NORMAL = 0.4, 0.52440  # Of |x| of a standard normal variable.
SHARE = 10  # Noise is measured up to windows of n / SHARE.
FLOOR = 1e-4  # A point is never surer than 0.01 %.


def moving_sum(values: list[float]) -> list[int]:
    """Return the first index of each new level."""
    y = _clipped(np.log(values))
    if y.size < 2 * SHORTEST:
        return []
    series = _Series(y, _variances(y))
    found = _candidates(series)
    for _ in range(6):
        before = found
        found = _pruned(found, series)
        edges = [0, *found, y.size]
        for k in range(1, len(edges) - 1):
            edges[k] = series.best_split(edges[k - 1], edges[k], edges[k + 1])
        found = edges[1:-1]
        if found == before:
            break
    return found


def _clipped(x: Floats) -> Floats:
    n = x.size
    reach = [min(HALF_WINDOW, i, n - 1 - i) for i in range(n)]
    centre = np.array([np.median(x[i - h : i + h + 1]) for i, h in enumerate(reach)])
    residual = x - centre
    middle, high = np.quantile(np.abs(residual), (0.5, 0.8))
    bound = CLIP * max(1.4826 * middle, high / 1.2816, FLOOR)
    return np.asarray(centre + np.clip(residual, -bound, bound))


def _difference(y: Floats, w: int) -> Floats:
    """Return (mean of the next w) - (mean of the last w) at each boundary in ``[w, n - w]``."""
    total = np.concatenate(([0.0], np.cumsum(y)))
    return np.asarray((total[2 * w :] - 2 * total[w:-w] + total[: -2 * w]) / w)


def _variances(y: Floats) -> Floats:
    """Return the variance of a mean of k points, k = 0 to LONGEST."""
    windows, squares = [], []
    w, below = SHORTEST, FLOOR * math.sqrt(2 / SHORTEST)
    while w == SHORTEST or w <= y.size / SHARE:
        size = np.abs(_difference(y, w))
        below = max(below, float(np.quantile(size, QUANTILE)) / NORMAL)
        windows.append(w)
        squares.append(below**2)
        below /= math.sqrt(2)
        w *= 2
    k = np.arange(1, LONGEST + 1)
    variance = np.interp(k, windows, squares)
    variance = np.where(k < windows[0], squares[0] * windows[0] / k, variance)
    variance = np.where(k > windows[-1], squares[-1] * windows[-1] / k, variance)
    return np.concatenate(([np.inf], variance / 2))


@dataclass(frozen=True)
class _Series:
    y: Floats
    variances: Floats

    def statistic(self, a: int, b: int, c: int) -> float:
        """Return the contrast of the stretches to the neighbours in deviations; 0 if too small."""
        a, c = max(a, b - LONGEST), min(c, b + LONGEST)
        left, right = b - a, c - b
        if min(left, right) < SHORTEST:
            return 0.0
        one, two = self.y[a:b], self.y[b:c]
        size = float(two.mean() - one.mean())
        if abs(size) < LEAST:
            return 0.0
        # The slope that both stretches have in common, and what is left of the contrast without it.
        when_one, when_two = np.arange(left) - (left - 1) / 2, np.arange(right) - (right - 1) / 2
        moment = float(when_one @ one + when_two @ two)
        slope = moment / float(when_one @ when_one + when_two @ when_two)
        level = size - slope * (left + right) / 2
        scatter = float(((one - one.mean()) ** 2).sum() + ((two - two.mean()) ** 2).sum())
        here = scatter / (left + right - 2) * (1 / left + 1 / right)
        deviation = math.sqrt(max(self.variances[left] + self.variances[right], here))
        shortest = min(left, right)
        least = min(abs(size), abs(level) if level * size > 0 else 0.0)
        return least / deviation * math.sqrt(shortest / (shortest + 3))

    def best_split(self, a: int, b: int, c: int) -> int:
        """Return the boundary within 8 points of *b* that leaves the least squares."""
        a, c = max(a, b - LONGEST), min(c, b + LONGEST)
        low, high = max(a + SHORTEST, b - 8), min(c - SHORTEST, b + 8)
        if low > high:
            return b
        splits = np.arange(low, high + 1)
        total = np.concatenate(([0.0], np.cumsum(self.y[a:c])))
        left, right = splits - a, c - splits
        size = (total[-1] - total[splits - a]) / right - total[splits - a] / left
        return int(splits[np.argmax(size * size * left * right)])


def _candidates(series: _Series) -> list[int]:
    y, n = series.y, series.y.size
    found: set[int] = set()
    w = SHORTEST
    while w <= LONGEST and 2 * w <= n:
        size = np.abs(_difference(y, w)) / np.sqrt(2 * series.variances[w])
        for i in np.flatnonzero(size >= THRESHOLD / 2):
            if size[i] == size[max(0, i - w // 2) : i + w // 2 + 1].max():
                found.add(int(i) + w)
        w *= 2
    for low, high, a, c in ((0, 16, 0, 48), (n - 16, n, n - 48, n)):
        a, c = max(0, a), min(n, c)
        splits = range(max(0, low) + SHORTEST, min(n, high) - SHORTEST + 1)
        found.add(splits[int(np.argmax([series.statistic(a, b, c) for b in splits]))])
    return sorted(found)


def _pruned(boundaries: list[int], series: _Series) -> list[int]:
    edges = [0, *boundaries, series.y.size]
    before = {b: a for a, b in pairwise(edges)}
    after = dict(pairwise(edges))
    current = {b: series.statistic(before[b], b, after[b]) for b in boundaries}
    heap = [(s, b) for b, s in current.items()]
    heapq.heapify(heap)
    while heap:
        s, b = heapq.heappop(heap)
        if current.get(b) != s:
            continue
        if s >= THRESHOLD:
            break
        a, c = before[b], after[b]
        del current[b]
        after[a], before[c] = c, a
        for near in (a, c):
            if near in current:
                current[near] = series.statistic(before[near], near, after[near])
                heapq.heappush(heap, (current[near], near))
    return sorted(current)
