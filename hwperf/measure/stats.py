"""The statistics of one point. This module holds pure functions that assume no distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

__all__ = ["P99_OPERATIONS", "half_width", "interval_of_median", "median", "percentile", "quantile"]

P99_OPERATIONS = 1000
"""Operations that a p99 needs: ten beyond it, see :func:`percentile`."""


def median(samples: Sequence[float]) -> float:
    """Return the median; of an even count the mean of the two in the middle.

    Raises:
        ValueError: if there is no sample.
    """
    return quantile(samples, 0.5)


def quantile(samples: Sequence[float], share: float) -> float:
    """Return the quantile *share* (0 to 1), linear between order statistics.

    Raises:
        ValueError: if there is no sample.

    Source: Hyndman and Fan (1996), definition 7 (numpy's and R's default).
    """
    if not samples:
        raise ValueError("no samples: a quantile needs at least one")
    ordered = sorted(samples)
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (position - low) * (ordered[high] - ordered[low])


def interval_of_median(
    samples: Sequence[float], *, level: float = 0.99
) -> tuple[float, float] | None:
    """Return order statistics that enclose the median with probability *level* or more.

    Assumes independent samples, no distribution. None where there are too few of them: for 99 %
    fewer than 8.

    Source: Hahn and Meeker, Statistical Intervals (1991), section 5.2: the number of samples below
    the median is binomial(n, 1/2).
    """
    rank = _rank(len(samples), level)
    if rank is None:
        return None
    ordered = sorted(samples)
    return ordered[rank], ordered[-1 - rank]


def half_width(samples: Sequence[float], *, level: float = 0.99) -> float:
    """Return half the interval of the median, relative to the median; infinite if there is none."""
    interval = interval_of_median(samples, level=level)
    if interval is None:
        return math.inf
    middle = median(samples)
    return math.inf if middle <= 0 else (interval[1] - interval[0]) / 2 / middle


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the percentile, or None where *values* are too few to support it.

    Supported means that at least ten of them lie beyond it: 1,000 for p99, 10,000 for p99.9.
    """
    beyond = min(percent, 100 - percent) / 100
    if len(values) * beyond < 10 * (1 - 1e-9) and percent != 50:
        return None
    return quantile(values, percent / 100) if values else None


@lru_cache(maxsize=1024)
def _rank(count: int, level: float) -> int | None:
    """Return the largest k with P(k-th smallest <= median <= k-th largest) >= level, from 0."""
    tail = (1 - level) / 2
    below = 0.0
    rank = None
    for k in range(count // 2):
        below += math.comb(count, k) * 0.5**count if count < 1000 else _binomial(count, k)
        if below > tail:
            break
        rank = k
    return rank


def _binomial(count: int, k: int) -> float:
    logarithm = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
    return math.exp(logarithm - count * math.log(2))
