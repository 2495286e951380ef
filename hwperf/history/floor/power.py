"""What change can be seen. This module turns the noise between rounds into a smallest change.

All of it works on logarithms: a change is a ratio, and noise is relative. The derivation is in
docs/howto/noise-floor.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hwperf.history.floor import student

__all__ = [
    "ALPHA",
    "FEWEST",
    "POWER",
    "detectable",
    "detectable_within",
    "highest_sd",
    "rounds_needed",
    "sd_of",
]

ALPHA = 0.05
"""How often a change is seen where there is none; two-sided."""

POWER = 0.80
"""How often a change as large as the floor is seen."""

FEWEST = 3
"""Rounds below which no noise is told: of two, the standard deviation is off by a factor of 4."""

_Z_10 = -1.2815515655446004  # Quantile 0.10 of the normal distribution.


def sd_of(logs: Sequence[float]) -> float:
    """Return the standard deviation of *logs*, with n - 1 in the denominator.

    Raises:
        ValueError: if there are fewer than two.
    """
    if len(logs) < 2:
        raise ValueError(f"{len(logs)} rounds: a standard deviation needs 2")
    mean = math.fsum(logs) / len(logs)
    return math.sqrt(math.fsum((y - mean) ** 2 for y in logs) / (len(logs) - 1))


def highest_sd(sd: float, rounds: int) -> float:
    """Return what the true deviation stays below with 90 % confidence, if noise is normal.

    Source: the quantile of chi-square after Wilson and Hilferty (1931), within 7 % from 2 degrees
    of freedom on.
    """
    df = rounds - 1
    spread = 2.0 / (9.0 * df)
    quantile = df * (1.0 - spread + _Z_10 * math.sqrt(spread)) ** 3
    return sd * math.sqrt(df / quantile)


def detectable(sd: float, before: int, after: int) -> float:
    """Return the smallest relative change that *before* and *after* rounds show.

    Args:
        sd: standard deviation of the logarithm of a metric between rounds.
        before: rounds on the one side.
        after: rounds on the other side; both together at least 3.

    Returns:
        0.02 for 2 %; infinite where it exceeds all bounds.
    """
    scale = sd * math.sqrt(1.0 / before + 1.0 / after)
    return detectable_within(scale, before + after - 2)


def detectable_within(standard_error: float, df: int) -> float:
    """Return the smallest relative change that a comparison of this standard error shows.

    Args:
        standard_error: of the difference of two means of logarithms.
        df: degrees of freedom of that standard error.
    """
    wanted = student.quantile(1.0 - ALPHA / 2.0, df) + student.quantile(POWER, df)
    shift = wanted * standard_error
    return math.expm1(shift) if shift < 700.0 else math.inf


def rounds_needed(sd: float, target: float, *, most: int = 100_000) -> int | None:
    """Return the rounds that each side needs to show a relative change of *target*.

    Returns:
        At least 2; None where even *most* do not suffice.
    """
    if detectable(sd, most, most) > target:
        return None
    low, high = 1, most  # The answer lies above low, at or below high.
    while high - low > 1:
        middle = (low + high) // 2
        if detectable(sd, middle, middle) <= target:
            high = middle
        else:
            low = middle
    return high
