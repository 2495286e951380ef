"""Noise by scale. This module estimates how much means of w points differ where nothing changed.

One standard deviation says too little: autocorrelation, drift and sticky modes make means of many
points vary more than independent points would. So the noise is measured at each window length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hwperf.history.detection.contrast import Floats, Sums
from hwperf.history.detection.robust import between_neighbours

__all__ = ["Noise", "moving_difference", "noise_of"]

QUANTILE = 0.4
"""Of |difference|: low, so that true steps, which few windows straddle, hardly raise it."""
SHARE = 13
"""Windows up to 1/SHARE of the series are measured; longer ones extrapolated as white noise."""
_FALL = 2.0
"""Times by which noise may fall where the window doubles: white noise falls by the root of 2, a
rhythm, whose periods cancel, by 2. Measured less than that, it is too few windows that agree."""
_FEWEST_WINDOWS = 19
"""Points from which on 40 % of the shortest windows lie beside a step, wherever it is."""
_NORMAL = 0.52440  # The QUANTILE of |x| of a standard normal distribution.


@dataclass(frozen=True)
class Noise:
    """Standard deviation of (mean of w points) - (mean of the w points before), by w.

    Attributes:
        windows: w, doubling.
        deviations: in the unit of the series.
    """

    windows: tuple[int, ...]
    deviations: tuple[float, ...]

    def variances(self, most: int) -> Floats:
        """Return the variance of a mean of k points, k = 0 to *most*; of 0 points it is infinite.

        Half the variance of a difference of two such means, linear between windows; white noise
        below the shortest window and above the longest.
        """
        windows = np.array(self.windows, dtype=np.float64)
        squares = np.square(self.deviations)
        k = np.arange(1, most + 1)
        variance = np.interp(k, windows, squares)
        variance = np.where(k < windows[0], squares[0] * windows[0] / k, variance)
        variance = np.where(k > windows[-1], squares[-1] * windows[-1] / k, variance)
        return np.concatenate(([np.inf], variance / 2))


def moving_difference(sums: Sums, w: int) -> Floats:
    """Return (mean of the next w) - (mean of the last w) before each b in ``[w, n - w]``."""
    y = sums.y
    return np.asarray((y[2 * w :] - 2 * y[w:-w] + y[: -2 * w]) / w)


def noise_of(sums: Sums, floor: float) -> Noise:
    """Return the noise of a series, at least that of white noise of standard deviation *floor*."""
    n = sums.y.size - 1
    windows = [4]
    while 2 * windows[-1] <= n / SHARE:
        windows.append(2 * windows[-1])
    deviations: list[float] = []
    below = 0.0
    for w in windows:
        below = max(below, floor * math.sqrt(2 / w))
        if n < _FEWEST_WINDOWS:
            # Of so few windows most straddle a step in the middle; of the neighbours two do.
            point = between_neighbours(np.diff(sums.y)) if n > 1 else 0.0
            below = max(below, point * math.sqrt(2 / w))
        elif n >= 3 * w:
            size = np.abs(moving_difference(sums, w))
            below = max(below, float(np.quantile(size, QUANTILE)) / _NORMAL)
        deviations.append(below)
        below /= _FALL
    return Noise(tuple(windows), tuple(deviations))
