"""False alarms over a whole suite. This module controls their share.

A suite of 4,000 series at a level of 5 % each would cry 200 times at nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["FALSE_SHARE", "q_values", "simes"]

FALSE_SHARE = 0.05
"""Of the differences that are called real, at most this share is expected to be chance."""


def q_values(p_values: Sequence[float], n_tests: int | None = None) -> list[float]:
    """Return for each test the smallest false discovery rate at which it is a discovery.

    Args:
        p_values: of the tests that showed something, in any order.
        n_tests: how many there were in all; those not named count as p = 1.

    Source: Benjamini and Hochberg (1995), "Controlling the false discovery rate"; valid for
    independent and for positively dependent tests.
    """
    n = max(len(p_values), n_tests or 0)
    found = [1.0] * len(p_values)
    least = 1.0
    ranked = sorted(range(len(p_values)), key=lambda i: p_values[i])
    for rank, i in reversed(list(enumerate(ranked, 1))):
        least = min(least, p_values[i] * n / rank)
        found[i] = least
    return found


def simes(p_values: Sequence[float], n_tests: int) -> float:
    """Return one p-value for several tests of one thing, of which those not named gave 1.

    Source: Simes (1986), "An improved Bonferroni procedure for multiple tests of significance".
    """
    ranked = sorted(p_values)
    return min((p * n_tests / rank for rank, p in enumerate(ranked, 1)), default=1.0)
