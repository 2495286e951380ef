"""Many tests at once. This module bounds the share of false alarms over a suite."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["FALSE_SHARE", "adjusted"]

FALSE_SHARE = 0.05
"""Of the differences that are called real, at most this share is expected to be chance."""


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return for each p-value the smallest share of false discoveries at which it is one.

    Source: Benjamini and Hochberg (1995), "Controlling the false discovery rate": the i-th
    smallest of m is real where p * m / i is at most the share, for it or for a larger one.
    """
    count = len(p_values)
    order = sorted(range(count), key=lambda index: p_values[index], reverse=True)
    found = [1.0] * count
    smallest = 1.0
    for place, index in enumerate(order):
        smallest = min(smallest, p_values[index] * count / (count - place))
        found[index] = smallest
    return found
