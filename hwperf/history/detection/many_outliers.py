"""Steps among many outliers. This module looks at most of the points, where the rest is too loud.

A spread that counts a second mode with a fifth of the points as noise hides steps where a fifth of
the points are just too slow. Most points then tell of them, if they are asked alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwperf.history.detection.candidates import SHORTEST
from hwperf.history.detection.contrast import Floats
from hwperf.history.detection.finding import Found, Limits, found_in_cleaned
from hwperf.history.detection.robust import (
    HALF_WINDOW,
    clipped,
    running_median,
    spread_of,
    spread_of_most,
)
from hwperf.history.detection.unfolding import is_grid

__all__ = ["found_among_outliers"]

_MANY = 1.8  # Times the spread of most points that of all is where outliers are many.
_SURER = 1.5  # Times the threshold: what is left out may have been no outliers.


def found_among_outliers(x: Floats, limits: Limits, known: list[int]) -> Found | None:
    """Return the steps of *x* that many outliers hide; None where there are no such outliers.

    Args:
        x: the series on the working scale, without two modes.
        limits: what a step has to reach otherwise.
        known: steps that were found without; none of those returned is near one.
    """
    residual = x - running_median(x, HALF_WINDOW)
    tight = max(spread_of_most(residual), limits.floor)
    if spread_of(residual) < _MANY * tight or is_grid(x):
        return None
    y = clipped(x, spread=tight)
    found = found_in_cleaned(x, y, replace(limits, threshold=_SURER * limits.threshold))
    edges = np.array([0, *known, x.size])
    apart = [b for b in found.boundaries if np.abs(edges - b).min() >= SHORTEST]
    return replace(found, boundaries=apart) if apart else None
