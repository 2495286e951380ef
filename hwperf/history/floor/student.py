"""Student's t. This module gives its two-sided p-value and its quantiles, for whole df.

Closed forms, so that judging a few rounds needs no library; tests hold them against SciPy.

Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
"""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["LEAST_P", "quantile", "two_sided"]

LEAST_P = 1e-14
"""No p-value is given below this: 1 - A is then rounding."""


def two_sided(t: float, df: int) -> float:
    """Return P(|T| >= |t|), not below :data:`LEAST_P`.

    Args:
        t: the statistic; it may be infinite.
        df: degrees of freedom, at least 1.

    Raises:
        ValueError: if df < 1, or t is NaN.
    """
    if df < 1:
        raise ValueError(f"df={df}: Student's t has at least 1 degree of freedom")
    if math.isnan(t):
        raise ValueError("t is NaN")
    return min(1.0, max(LEAST_P, 1.0 - _inside(abs(t), df)))


@lru_cache(maxsize=1024)
def quantile(share: float, df: int) -> float:
    """Return the value below which T lies with probability *share*.

    Raises:
        ValueError: if share is not between 0 and 1, or df < 1.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"share={share}: a quantile lies between 0 and 1")
    if df < 1:
        raise ValueError(f"df={df}: Student's t has at least 1 degree of freedom")
    if share < 0.5:
        return -quantile(1.0 - share, df)
    wanted = 2.0 * share - 1.0
    low, high = 0.0, 1.0
    while _inside(high, df) < wanted:
        low, high = high, high * 2.0
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if _inside(middle, df) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _inside(t: float, df: int) -> float:
    """Return P(|T| < t) for t >= 0."""
    theta = math.atan2(t, math.sqrt(df))
    sine, square = math.sin(theta), math.cos(theta) ** 2
    is_odd = df % 2
    # Odd: cos (1 + 2/3 cos^2 + 2.4/3.5 cos^4 + ...); even: 1 + 1/2 cos^2 + 1.3/2.4 cos^4 + ...
    term = math.cos(theta) if is_odd else 1.0
    total = 0.0
    for k in range((df - is_odd) // 2):
        total += term
        term *= square * ((2 * k + 2) / (2 * k + 3) if is_odd else (2 * k + 1) / (2 * k + 2))
    return 2.0 / math.pi * (theta + sine * total) if is_odd else sine * total
