"""How much a series moves when nothing happens. This module holds robust scales and contrasts.

All of it is on logarithms: a change is a ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["LEAST", "WINDOW", "Contrast", "contrast", "logarithms", "noise", "spread_of_mean"]

Array = NDArray[np.float64]

WINDOW = 24
"""Points on either side of a change that are looked at: an older level says little of today's."""

LEAST = 1e-4
"""Least noise that is believed, relative: asv keeps five digits of most numbers."""

_NORMAL_MEDIAN = 0.6745  # |z| that half of a normal distribution is below.
_NORMAL_40 = 0.5244  # ... and 40 %.
_MEDIAN_LOSS = 1.2533  # Standard deviation of a median over that of a mean, sqrt(pi / 2).


def logarithms(values: ArrayLike) -> Array:
    """Return the natural logarithms; NaN for what is missing, not finite, or not above zero."""
    # None becomes NaN here.
    numbers = np.array(values, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isfinite(numbers) & (numbers > 0), np.log(np.abs(numbers)), np.nan)


def noise(logs: Array) -> float:
    """Return the standard deviation of a point about its level, steps and spikes left out.

    The median of the differences between neighbours (an Allan deviation): a level that changes now
    and then does not show in it.
    """
    found = logs[np.isfinite(logs)]
    if len(found) < 3:
        return float("nan")
    steps = np.abs(np.diff(found))
    median = float(np.median(steps)) / _NORMAL_MEDIAN
    # More than half of the differences may be exactly zero, of what is counted or coarsely timed.
    upper = float(np.quantile(steps, 0.8)) / 1.2816
    return max(LEAST, (median if median > 0 else upper) / float(np.sqrt(2)))


def spread_of_mean(logs: Array, w: int) -> float:
    """Return the standard deviation of (mean of the next w) - (mean of the last w).

    From the 40 % quantile of its absolute values, so that true steps do not show; never below what
    white noise gives. This is what takes in autocorrelation, drifts and sticky states.
    """
    found = logs[np.isfinite(logs)]
    white = noise(logs) * float(np.sqrt(2 / w))
    if len(found) < 6 * w:
        return white
    sums = np.concatenate([[0.0], np.cumsum(found)])
    means = (sums[w:] - sums[:-w]) / w
    differences = np.abs(means[w:] - means[:-w])
    return max(white, float(np.quantile(differences, 0.4)) / _NORMAL_40)


@dataclass(frozen=True)
class Contrast:
    """How much the level differs between two sides, in logarithms.

    Attributes:
        shift: median after less median before; NaN where one side is empty.
        deviation: its standard deviation where nothing happens; NaN where the noise is unknown.
        n: points on the smaller side.
    """

    shift: float
    deviation: float
    n: int

    @property
    def is_known(self) -> bool:
        """Whether both are numbers."""
        return bool(np.isfinite(self.shift) and np.isfinite(self.deviation))

    def is_beyond(self, threshold: float, least: float) -> bool:
        """Whether the shift is more than *threshold* deviations, and than *least*."""
        return (
            self.is_known
            and abs(self.shift) > threshold * self.deviation
            and abs(self.shift) > least
        )

    def interval(self, z: float = 1.96) -> tuple[float, float]:
        """Return the interval of the ratio."""
        low, high = self.shift - z * self.deviation, self.shift + z * self.deviation
        return float(np.exp(low)), float(np.exp(high))


def contrast(logs: Array, index: int, begin: int = 0, end: int | None = None) -> Contrast:
    """Return how much *logs* differ after *index* (included) from before.

    Args:
        logs: the series.
        index: the first point after.
        begin: the first point that is looked at.
        end: the first that no longer is.
    """
    stop = len(logs) if end is None else end
    before = _finite(logs[max(begin, index - WINDOW) : index])
    after = _finite(logs[index : min(stop, index + WINDOW)])
    n = min(len(before), len(after))
    if not n:
        return Contrast(float("nan"), float("nan"), 0)
    shift = float(np.median(after) - np.median(before))
    single = noise(logs)
    white = single * _MEDIAN_LOSS * float(np.sqrt(1 / len(before) + 1 / len(after)))
    # What longer windows show beyond white noise stays, however many points there are.
    w = max(1, min(8, n, np.isfinite(logs).sum() // 10))
    excess = spread_of_mean(logs, w) / (single * np.sqrt(2 / w)) if np.isfinite(single) else 1.0
    return Contrast(shift, white * float(max(1.0, excess)), n)


def _finite(values: Array) -> Any:
    return values[np.isfinite(values)]
