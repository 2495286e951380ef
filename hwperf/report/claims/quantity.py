"""Numbers with where they may lie. This module calculates with intervals, conservatively.

Each operation gives the smallest interval that holds its result wherever in theirs the operands
lie. If k operands have 99 % intervals, all of them hold with 100 - k % or more, whatever depends on
what (Bonferroni), and then so does the result's: docs/howto/read-the-card.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hwperf.asv.recorded import Measurement
from hwperf.errors import HwperfError

__all__ = ["Missing", "Quantity", "best", "complement", "difference", "product", "quotient"]

Interval = tuple[float, float]


class Missing(HwperfError):
    """There is no such number here; the words say why."""


@dataclass(frozen=True)
class Quantity:
    """A measured number, or what was calculated from measured ones.

    Attributes:
        value: above zero, in the base unit *unit*.
        unit: "x" for a ratio.
        interval: where it lies, or None: not known.
        points: the measurements that it rests on.
    """

    value: float
    unit: str
    interval: Interval | None = None
    points: tuple[Measurement, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0):
            raise Missing(f"{self.value!r} {self.unit} is no number above zero")
        if self.interval is not None:
            low, high = self.interval
            # The median of pooled samples may lie a little outside of one run's interval.
            ends = (max(0.0, min(low, self.value)), max(high, self.value))
            is_known = math.isfinite(ends[0]) and math.isfinite(ends[1])
            object.__setattr__(self, "interval", ends if is_known else None)

    @property
    def is_noisy(self) -> bool:
        """Whether any of its points is not to be trusted on its own."""
        return any(point.verdict == "noisy" for point in self.points)

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""
        return None if self.interval is None else self.interval[0]

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return None if self.interval is None else self.interval[1]


def quotient(a: Quantity, b: Quantity, unit: str = "x") -> Quantity:
    """Return a / b: the least is the least of *a* over the most of *b*."""
    interval = None
    if a.interval and b.interval and b.interval[0] > 0:
        interval = (a.interval[0] / b.interval[1], a.interval[1] / b.interval[0])
    return Quantity(a.value / b.value, unit, interval, a.points + b.points)


def product(a: Quantity, b: Quantity, unit: str) -> Quantity:
    """Return a x b."""
    interval = None
    if a.interval and b.interval:
        interval = (a.interval[0] * b.interval[0], a.interval[1] * b.interval[1])
    return Quantity(a.value * b.value, unit, interval, a.points + b.points)


def difference(a: Quantity, b: Quantity) -> Quantity:
    """Return a - b.

    Raises:
        Missing: if *a* is not larger.
    """
    if not a.value > b.value:
        raise Missing("the two points that it is the difference of cannot be told apart")
    interval = None
    if a.interval and b.interval:
        interval = (a.interval[0] - b.interval[1], a.interval[1] - b.interval[0])
    return Quantity(a.value - b.value, a.unit, interval, a.points + b.points)


def complement(share: Quantity) -> Quantity:
    """Return 1 - share.

    Raises:
        Missing: if the share is 1 or more.
    """
    if not share.value < 1:
        raise Missing("the two kernels that it is the difference of cannot be told apart")
    interval = None
    if share.interval:
        interval = (1 - share.interval[1], 1 - share.interval[0])
    return Quantity(1 - share.value, "x", interval, share.points)


def best(found: Sequence[Quantity], *, is_highest: bool) -> Quantity:
    """Return the highest, or the lowest, of quantities of one unit.

    The highest of several lies between the highest of the lower ends and that of the upper ends.
    """
    choose = max if is_highest else min
    chosen = choose(found, key=lambda each: each.value)
    known = [each.interval for each in found if each.interval]
    interval = None
    if chosen.interval:
        interval = (choose(low for low, _ in known), choose(high for _, high in known))
    return Quantity(chosen.value, chosen.unit, interval, chosen.points)
