"""Probabilities without scipy. This module holds tails of Student's t, as numpy has none."""

from __future__ import annotations

import math

__all__ = ["normal_equivalent", "p_value"]

_FREE = 10  # Degrees of freedom of the statistic: its deviation is estimated from few windows.
_BETA = math.gamma(5) * math.gamma(0.5) / math.gamma(5.5)  # B(5, 1/2)


def normal_equivalent(t: float, free: int) -> float:
    """Return the standard normal variable as likely as Student's *t* with *free* degrees.

    Source: Wallace (1959), "Bounds on normal approximations to Student's and the chi-square
    distributions".
    """
    return (8 * free + 1) / (8 * free + 3) * math.sqrt(free * math.log1p(t * t / free))


def p_value(statistic: float, points: int) -> float:
    """Return how often noise reaches *statistic* somewhere among *points* points.

    Two-sided, of Student's t with 10 degrees of freedom, times one look for every ten points
    (neighbouring splits look at nearly the same points).
    """
    return min(1.0, max(1.0, points / _FREE) * 2 * _tail(abs(statistic)))


def _tail(t: float) -> float:
    """Return P(T > t) of Student's t with 10 degrees of freedom: I_x(5, 1/2) / 2."""
    if not t < 1e30:  # Beyond, and for NaN: nothing that a float could tell from 0.
        return 0.0
    x = _FREE / (_FREE + t * t)
    if x > 0.9:  # The series below converges slowly there, and nobody asks: p is near 1.
        c = 1 - x
        cosines = 1 + x / 2 + 3 * x**2 / 8 + 5 * x**3 / 16 + 35 * x**4 / 128
        return 0.5 - 0.5 * math.sqrt(c) * cosines
    total, term = 0.0, 1.0
    for k in range(200):
        total += term / (5 + k)
        term *= x * (k + 0.5) / (k + 1)
        if term < 1e-17:
            break
    return 0.5 * x**5 * total / _BETA
