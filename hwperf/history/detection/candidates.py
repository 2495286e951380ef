"""Where a step may be. This module finds the maxima of moving differences at every scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwperf.history.detection.contrast import Floats, Sums
from hwperf.history.detection.noise import moving_difference

__all__ = ["LONGEST", "SHORTEST", "candidates"]

SHORTEST = 4
"""Points that a level lasts at least: what is shorter is a spike."""
LONGEST = 64
"""Points beside a step that are compared at most: what is further away says little about it."""


def candidates(sums: Sums, variances: Floats, least: float) -> list[int]:
    """Return, in order, each boundary where the contrast has a maximum of at least *least*.

    Args:
        sums: of the cleaned series.
        variances: of a mean of k points, by k up to LONGEST.
        least: in standard deviations.
    """
    n = sums.y.size - 1
    found: set[int] = set()
    w = SHORTEST
    while w <= LONGEST and 2 * w <= n:
        size = np.abs(moving_difference(sums, w)) / np.sqrt(2 * variances[w])
        found.update((_maxima(size, w // 2, least) + w).tolist())
        found.update(_at_the_ends(sums, variances, w, least))
        w *= 2
    return sorted(found)


def _maxima(size: Floats, reach: int, least: float) -> NDArray[np.intp]:
    """Return where *size* is the first maximum within *reach* on both sides."""
    padded = np.full(size.size + 2 * reach, -np.inf)
    padded[reach : reach + size.size] = size
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    peak = (size >= around) & (size >= least)
    peak[1:] &= size[1:] != size[:-1]
    return np.flatnonzero(peak)


def _at_the_ends(sums: Sums, variances: Floats, w: int, least: float) -> list[int]:
    """Return the best boundary within *w* of either end, so that the newest points are judged."""
    n = sums.y.size - 1
    short = np.arange(SHORTEST, min(w, n - w) + 1)
    if not short.size:
        return []
    variance = variances[short] + variances[w]
    y = sums.y
    late = (y[n] - y[n - short]) / short - (y[n - short] - y[n - short - w]) / w
    early = y[short] / short - (y[short + w] - y[short]) / w
    found = []
    for difference, boundaries in ((late, n - short), (early, short)):
        size = np.abs(difference) / np.sqrt(variance)
        best = int(np.argmax(size))
        if size[best] >= least:
            found.append(int(boundaries[best]))
    return found
