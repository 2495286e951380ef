"""Is it a step? This module weighs the contrast between two neighbouring stretches."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from hwperf.history.detection.candidates import LONGEST, SHORTEST
from hwperf.history.detection.contrast import Floats, Sums
from hwperf.history.detection.likelihood import normal_equivalent

__all__ = ["Judge", "Weight"]

SHORT = 3.0
"""Points by which a short stretch counts for less: a cluster of spikes is no level."""
_NARROWEST = 8  # Points on either side within which a line is first tried in place of a step.
_LINE = 6.0  # Squares, in variances, by which a line has to be better: twice the log likelihood.
_MOST_OF = 0.7  # Share of the reach that has to be there on both sides.
_CHOICE = 0.5  # Deviations that the ends of two stretches have to be surer by: there are several.


@dataclass(frozen=True)
class Weight:
    """What speaks for a step.

    Attributes:
        size: new level minus old.
        statistic: size over its deviation, less where a level is short or a line fits as well.
        deviation: standard deviation of the size.
    """

    size: float
    statistic: float
    deviation: float


@dataclass(frozen=True)
class Judge:
    """A series, ready to be asked.

    Attributes:
        sums: of the cleaned series.
        variances: of a mean of k points, by k up to LONGEST.
        floor: least standard deviation of a point.
    """

    sums: Sums
    variances: Floats
    floor: float
    _known: dict[tuple[int, int, int], Weight] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def weigh(self, a: int, b: int, c: int) -> Weight:
        """Return what speaks for a step at *b* between the boundaries *a* and *c*."""
        a, c = max(a, b - LONGEST), min(c, b + LONGEST)
        # The same is asked again and again while others are dropped and moved.
        if (weight := self._known.get((a, b, c))) is None:
            weight = self._known[a, b, c] = self._weighed(a, b, c)
        return weight

    def _weighed(self, a: int, b: int, c: int) -> Weight:
        """Return what speaks for a step at *b*, the stretches being at most LONGEST.

        The whole stretches are compared, and their ends next to *b*: where neighbouring points
        share their noise, means of many points tell less than the jump itself.
        """
        if min(b - a, c - b) < SHORTEST:
            return Weight(0.0, 0.0, math.inf)
        size = self.sums.mean(b, c) - self.sums.mean(a, b)
        contrast, variance = self._contrast(a, b, c, abs(size))
        if contrast <= 0:
            return Weight(size, 0.0, math.inf)
        deviation = abs(size) / contrast
        if self._is_a_slope(a, b, c, size, variance):
            return Weight(size, 0.0, deviation)
        statistic = contrast * _full(a, b, c) * self._unlike_a_slope(a, b, c, size)
        reach = SHORTEST
        while reach < max(b - a, c - b):
            first, last = max(a, b - reach), min(c, b + reach)
            statistic = max(statistic, self._near(first, b, last, size, statistic))
            reach *= 2
        return Weight(size, statistic, deviation)

    def _near(self, a: int, b: int, c: int, size: float, least: float) -> float:
        """Return the statistic of the ends of two stretches, 0 if it is below *least*."""
        local = math.copysign(1.0, size) * (self.sums.mean(b, c) - self.sums.mean(a, b))
        # What the noise by scale leaves is the most that it can be.
        if local <= 0 or local * _full(a, b, c) < (least + _CHOICE) * self._usual(a, b, c):
            return 0.0
        statistic = self._contrast(a, b, c, local)[0] * _full(a, b, c) - _CHOICE
        return max(statistic, 0.0) * self._unlike_a_slope(a, b, c, local)

    def _contrast(self, a: int, b: int, c: int, size: float) -> tuple[float, float]:
        """Return *size*, the difference of two stretches, in deviations, and a point's variance."""
        left, right = b - a, c - b
        before, after = self.sums.scatter(a, b), self.sums.scatter(b, c)
        free = left + right - 2
        pooled = max((before + after) / free, self.floor**2)
        # The larger of two: where one side is louder, its own noise counts (Welch).
        own = before / (left * (left - 1)) + after / (right * (right - 1))
        here = math.sqrt(max(pooled * (1 / left + 1 / right), own))
        return min(size / self._usual(a, b, c), normal_equivalent(size / here, free)), pooled

    def _usual(self, a: int, b: int, c: int) -> float:
        """Return the deviation of the difference of two stretches by their lengths."""
        return math.sqrt(self.variances[b - a] + self.variances[c - b])

    def _unlike_a_slope(self, a: int, b: int, c: int, size: float) -> float:
        """Return 1 where a step explains the two stretches better than a line does, 0 if worse.

        A line explains 3 l r / (l + r)^2 of the squares that a true step explains, which leaves a
        true step room for noise before it counts for less.
        """
        left, right = b - a, c - b
        total = left + right
        step = size * size * left * right / total
        line = self.sums.slope(a, c)[1]
        expected = 1 - 3 * left * right / (total * total)
        return math.sqrt(min(1.0, max(0.0, 2 * (1 - line / step) / expected)))

    def _is_a_slope(self, a: int, b: int, c: int, size: float, variance: float) -> bool:
        """Tell whether around *b*, at any scale, a line is better by _LINE variances of a point."""
        reach = _NARROWEST
        while reach <= LONGEST:
            first, last = max(a, b - reach), min(c, b + reach)
            left, right = b - first, last - b
            if min(left, right) < _MOST_OF * reach:
                return False
            local = self.sums.mean(b, last) - self.sums.mean(first, b)
            step = math.copysign(local * local * left * right / (left + right), local * size)
            slope, explained = self.sums.slope(first, last)
            if math.copysign(explained, slope * size) - step > _LINE * variance:
                return True
            reach *= 2
        return False

    def best_split(self, a: int, c: int, near: int | None = None) -> int:
        """Return the boundary within ``[a, c)`` that leaves the least squares; *near* limits it."""
        low, high = a + SHORTEST, c - SHORTEST
        if near is not None:
            a, c = max(a, near - LONGEST), min(c, near + LONGEST)
            low, high = max(a + SHORTEST, near - 8), min(c - SHORTEST, near + 8)
        if low > high:
            return (a + c) // 2 if near is None else near
        b = np.arange(low, high + 1)
        y = self.sums.y
        left, right = b - a, c - b
        size = (y[c] - y[b]) / right - (y[b] - y[a]) / left
        return int(b[np.argmax(size * size * (left * right))])

    def location(self, a: int, b: int, c: int) -> tuple[int, int]:
        """Return the first and the last boundary that may be the true one, if *b* is the best.

        Those that leave at most 7.35 noise variances more squares than *b* does, which holds the
        true one in 95 of 100 cases: 2 log(likelihood ratio) is there the larger of two exponential
        variables of mean 2.

        Source: Siegmund (1988), "Confidence sets in change-point problems".
        """
        weight = self.weigh(a, b, c)
        a, c = max(a, b - LONGEST), min(c, b + LONGEST)
        splits = np.arange(a + 1, c)
        y = self.sums.y
        left, right = splits - a, c - splits
        size = (y[c] - y[splits]) / right - (y[splits] - y[a]) / left
        explained = size * size * (left * right) / (c - a)
        weigh = (b - a) * (c - b) / (c - a)
        missing = explained[b - a - 1] - explained
        near = splits[missing <= 7.35 * weight.deviation**2 * weigh]
        return int(near.min(initial=b)), int(near.max(initial=b))


def _full(a: int, b: int, c: int) -> float:
    """Return what a contrast counts for: less than 1 where a side is short."""
    shortest = min(b - a, c - b)
    return math.sqrt(shortest / (shortest + SHORT))
