"""Means and spreads of stretches of a series. This module answers them from running sums.

All indices are positions in the cleaned series; a stretch ``[a, c)`` has the boundary ``b`` where
its two sides meet: ``[a, b)`` and ``[b, c)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Sums", "sums_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """Running sums of a series y of n points, each of shape (n + 1,).

    Attributes:
        y: sums of y.
        y2: sums of y squared.
        iy: sums of position times y.
    """

    y: Floats
    y2: Floats
    iy: Floats

    def mean(self, a: int, b: int) -> float:
        """Return the mean of ``[a, b)``."""
        return float(self.y[b] - self.y[a]) / (b - a)

    def scatter(self, a: int, b: int) -> float:
        """Return the sum of squared deviations of ``[a, b)`` from its mean."""
        total = float(self.y[b] - self.y[a])
        return max(0.0, float(self.y2[b] - self.y2[a]) - total * total / (b - a))

    def slope(self, a: int, b: int) -> tuple[float, float]:
        """Return slope per point and explained sum of squares of the line through ``[a, b)``."""
        n = b - a
        if n < 3:
            return 0.0, 0.0
        centre = (a + b - 1) / 2
        total = float(self.y[b] - self.y[a])
        moment = float(self.iy[b] - self.iy[a]) - centre * total
        spread = n * (n * n - 1) / 12
        return moment / spread, moment * moment / spread


def sums_of(values: Floats) -> Sums:
    """Return the running sums of *values*, which should be near 0 for the sake of precision."""
    zero = np.zeros(1)
    position = np.arange(values.size, dtype=np.float64)
    return Sums(
        np.concatenate((zero, np.cumsum(values))),
        np.concatenate((zero, np.cumsum(values * values))),
        np.concatenate((zero, np.cumsum(position * values))),
    )
