"""How well the median of one point is known. This module gives its standard error on a log scale.

The ratio of two medians is the difference of their logarithms, whose standard errors add up in
squares. docs/howto/compare-runs.md derives it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from hwperf.history.floor import student

__all__ = ["FEWEST_SAMPLES", "Z99", "log_error", "p_value", "ratio_interval"]

FEWEST_SAMPLES = 5
"""Below that no order statistics stand far enough apart to tell a standard error."""

_NORMAL = NormalDist()
Z99 = _NORMAL.inv_cdf(0.995)
"""Half-width of a 99 % interval, in standard errors."""


def log_error(samples: Sequence[float], interval: tuple[float, float] | None) -> float | None:
    """Return the standard error of the logarithm of the median, or None where nothing tells it.

    Args:
        samples: values above zero, in any unit; used where there are :data:`FEWEST_SAMPLES`.
        interval: a 99 % interval of the median in the same unit, used where samples are too few.

    Source: Price and Bonett (2002), "Distribution-free confidence intervals for difference and
    ratio of medians": two order statistics about sqrt(n) ranks from the middle, whose distance is
    known in standard errors since the number of samples below the median is binomial(n, 1/2).
    """
    if len(samples) >= FEWEST_SAMPLES and all(0 < s < math.inf for s in samples):
        ordered = sorted(map(math.log, samples))
        count = len(ordered)
        rank = max(1, round((count + 1) / 2 - math.sqrt(count)))
        tail = _binomial_tail(count, rank)
        return (ordered[count - rank] - ordered[rank - 1]) / (2 * _NORMAL.inv_cdf(1 - tail))
    if interval is not None and 0 < interval[0] <= interval[1] < math.inf:
        return math.log(interval[1] / interval[0]) / (2 * Z99)
    return None


def ratio_interval(ratio: float, error: float, df: int | None = None) -> tuple[float, float]:
    """Return the 99 % interval of *ratio*, whose logarithm has the standard error *error*.

    Args:
        ratio: above zero.
        error: standard error of its logarithm.
        df: degrees of freedom of *error*, None where it is taken as known.
    """
    wide = Z99 if df is None else student.quantile(0.995, df)
    # Wider than this says nothing, and exp would overflow.
    half = min(wide * error, 300.0)
    return ratio * math.exp(-half), ratio * math.exp(half)


def p_value(ratio: float, error: float, df: int | None = None) -> float:
    """Return the probability of a ratio at least as far from 1, were both medians the same."""
    distance = abs(math.log(ratio))
    if error <= 0:
        return 1.0 if distance == 0 else 0.0
    if df is not None:
        return student.two_sided(distance / error, df)
    return math.erfc(distance / error / math.sqrt(2))


def _binomial_tail(count: int, rank: int) -> float:
    """Return P(X < rank) of X binomial(count, 1/2), without overflow."""
    half = count * math.log(2)
    return math.fsum(
        math.exp(math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) - half)
        for k in range(rank)
    )
