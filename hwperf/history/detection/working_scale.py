"""The scale that is worked on. This module takes values to where a change is a difference.

A change of a benchmark is a ratio, so positive values are worked on as logarithms. Series with
values of 0 or below are rare; what is done with them is said at :func:`scaled`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.history.detection.contrast import Floats

__all__ = ["Scaled", "as_numbers", "scaled"]

_MOST_LOG = 700.0  # exp of more overflows.


@dataclass(frozen=True)
class Scaled:
    """The usable points of a series on the working scale.

    Attributes:
        x: their values there.
        where: their positions in the series as it was given.
        unit: 0 where *x* are logarithms, else what a value was divided by.
        middle: what was subtracted on the working scale, so that *x* is near 0.
    """

    x: Floats
    where: NDArray[np.intp]
    unit: float
    middle: float

    def ratio(self, old: float, new: float) -> float:
        """Return new over old level; NaN where the old one is 0 on a linear scale."""
        if not self.unit:
            return math.exp(max(-_MOST_LOG, min(_MOST_LOG, new - old)))
        before = old + self.middle
        return (new + self.middle) / before if before else math.nan

    def interval(self, old: float, low: float, high: float) -> tuple[float, float]:
        """Return the ratios of two new levels over the old one, the lower first."""
        one, other = self.ratio(old, low), self.ratio(old, high)
        return (other, one) if other < one else (one, other)


def as_numbers(values: Sequence[Any] | NDArray[Any]) -> Floats:
    """Return *values* as floats, None as NaN.

    Raises:
        ValueError: if they are no flat sequence of numbers.
    """
    try:
        numbers = np.array(
            [math.nan if value is None else float(value) for value in values], dtype=np.float64
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"a series has to be a flat sequence of numbers (None where one is missing): {error}"
        ) from error
    return numbers


def scaled(values: Floats) -> Scaled:
    """Return the finite ones of *values* on the working scale.

    All positive: logarithms. All negative: logarithms of their sizes, as for a series whose sign is
    a convention. Otherwise linear, in units of the median size of those that are not 0; a change of
    the level by 1 % of that is a change of 1 %.
    """
    where = np.flatnonzero(np.isfinite(values))
    usable = values[where]
    if usable.size and (np.all(usable > 0) or np.all(usable < 0)):
        unit, x = 0.0, np.log(np.abs(usable))
    else:
        size = np.abs(usable[usable != 0])
        # Of the middle one, no mean of two: the sum of two large ones may overflow.
        unit = float(np.sort(size)[size.size // 2]) if size.size else 1.0
        with np.errstate(over="ignore"):  # What overflows is clipped like the rest.
            x = np.clip(usable / unit, -1e9, 1e9)
    middle = float(np.median(x)) if x.size else 0.0
    return Scaled(x - middle, where, unit, middle)
