"""Outliers. This module pulls spikes towards what surrounds them and leaves steps alone."""

from __future__ import annotations

import math

import numpy as np

from hwperf.history.detection.contrast import Floats

__all__ = ["CLIP", "between_neighbours", "clipped", "running_median", "spread_of", "spread_of_most"]

HALF_WINDOW = 12
"""Points on either side of a running median: it follows a level that lasts 13 points or more."""
ONE_SIDED = HALF_WINDOW + 1
"""Points of the medians to one side, which end or begin at the point itself."""
CLIP = 2.0
"""Robust standard deviations that a point may lie from its running median."""
_MAD = 1.4826  # Standard deviation over median absolute deviation, of a normal distribution.
_Q80 = 1.2816  # The 80 % quantile of |x| of a standard normal distribution.


def clipped(
    values: Floats,
    half_window: int = HALF_WINDOW,
    clip: float = CLIP,
    spread: float | None = None,
) -> Floats:
    """Return *values* with each point within *clip* spreads of a running median.

    Of the median around the point, that up to it and that from it on, the one that moves it least:
    beside a step with outliers the first may switch points too early or too late, which makes a
    ramp of the step, while one of the others lies on the point's own level.
    """
    centre = running_median(values, half_window)
    residual = values - centre
    bound = clip * (spread_of(residual) if spread is None else spread)
    pulled = np.asarray(centre + np.clip(residual, -bound, bound))
    if values.size < 2 * ONE_SIDED:
        return pulled
    windows = np.lib.stride_tricks.sliding_window_view(values, ONE_SIDED)
    level = np.partition(windows, ONE_SIDED // 2, axis=1)[:, ONE_SIDED // 2]
    # Not nearer to the ends: there so few points are left that a spike would be a level.
    for reached in (slice(ONE_SIDED - 1, None), slice(None, values.size - ONE_SIDED + 1)):
        value = values[reached]
        other = level + np.clip(value - level, -bound, bound)
        is_nearer = np.abs(other - value) < np.abs(pulled[reached] - value)
        pulled[reached] = np.where(is_nearer, other, pulled[reached])
    return pulled


def running_median(values: Floats, half_window: int) -> Floats:
    """Return medians over ``2 h + 1`` points, h shrinking towards both ends.

    A step four points before the end survives that: there the window is as wide as what is left.
    """
    n = values.size
    h = min(half_window, (n - 1) // 2)
    centre = np.empty(n)
    if n > 2 * h:
        windows = np.lib.stride_tricks.sliding_window_view(values, 2 * h + 1)
        centre[h : n - h] = np.partition(windows, h, axis=1)[:, h]
    for k in range(h):
        # An odd count, as always: sorting so few is quicker than asking numpy for a median.
        centre[k] = sorted(values[: 2 * k + 1].tolist())[k]
        centre[n - 1 - k] = sorted(values[n - 1 - 2 * k :].tolist())[k]
    return centre


def spread_of(residual: Floats) -> float:
    """Return a robust standard deviation of what is left of a running median.

    The larger of two estimates: that of the median absolute deviation, and that of the 80 %
    quantile, for which a second mode with a fifth of the points is no outlier.
    """
    size = np.abs(residual)
    middle, high = np.quantile(size, (0.5, 0.8))
    return float(max(_MAD * middle, high / _Q80))


def spread_of_most(residual: Floats) -> float:
    """Return the standard deviation by the median absolute deviation alone."""
    return _MAD * float(np.median(np.abs(residual)))


def between_neighbours(values: Floats) -> float:
    """Return the noise of a series by how much neighbours differ: levels do not swell it.

    Half of the differences of two normal values of one standard deviation lie within
    ``sqrt(2) / 1.4826`` of it.

    Args:
        values: at least two, none missing.
    """
    return _MAD * float(np.median(np.abs(np.diff(values)))) / math.sqrt(2)
