"""Levels of the memory hierarchy. This module finds them in a curve of latency over working set.

What the system reports as cache sizes is not used: a virtual machine may get a small share of a
last-level cache that is reported whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

__all__ = ["Level", "levels"]

_DISTINCT = 1.6
# Ratio of latencies from which two flat stretches are two levels. Neighbouring levels are 2.5 or
# more apart (4, 14, 45 and 400 cycles on current cores); address translation raises the latency
# within DRAM by 1.3 over the sizes that are measured.
_SAME = 1.15  # A point within this ratio of a level's flattest point belongs to it.


@dataclass(frozen=True)
class Level:
    """One level as measured.

    Attributes:
        latency_s: median over its flat stretch.
        capacity_bytes: the largest working set that it still served, None for the last level.
    """

    latency_s: float
    capacity_bytes: int | None


def levels(sizes: Sequence[int], latencies_s: Sequence[float]) -> tuple[Level, ...]:
    """Return the levels of a curve, the fastest first.

    A level is where the curve is flatter than on both sides. It ends at the last size below the
    geometric mean of its own latency and the next level's: there half of the (logarithmic) rise is
    done. Capacities are therefore known to one step of *sizes*.

    Args:
        sizes: working sets in bytes, ascending.
        latencies_s: latency at each size, above zero.

    Raises:
        ValueError: if the two differ in length, or sizes do not ascend.
    """
    if len(sizes) != len(latencies_s) or list(sizes) != sorted(set(sizes)):
        raise ValueError("expected one latency for each of ascending sizes")
    if len(sizes) < 3 or not all(0 < value < math.inf for value in latencies_s):
        return ()
    flat = _flattest(latencies_s)
    plateaus = [_plateau(latencies_s, index) for index in flat]
    found = []
    for number, latency in enumerate(plateaus):
        capacity = None
        if number + 1 < len(plateaus):
            middle = math.sqrt(latency * plateaus[number + 1])
            below = [
                size
                for index, size in enumerate(sizes)
                if latencies_s[index] <= middle and index <= flat[number + 1]
            ]
            if not below:
                return ()  # No staircase: the points contradict each other.
            capacity = max(below)
        found.append(Level(latency, capacity))
    return tuple(found)


def _flattest(latencies: Sequence[float]) -> list[int]:
    """Return the index of the flattest point of each level."""
    slopes = [abs(math.log(later / earlier)) for earlier, later in pairwise(latencies)]
    chosen: list[tuple[int, float]] = []  # where, and how steep
    for index, slope in enumerate(slopes):
        before = slopes[index - 1] if index else math.inf
        after = slopes[index + 1] if index + 1 < len(slopes) else math.inf
        if slope > min(before, after) and slope > math.log(_SAME):
            continue
        if not (slope <= before and slope <= after) and slope > math.log(_SAME):
            continue
        if chosen and latencies[index + 1] < _DISTINCT * latencies[chosen[-1][0]]:
            if slope < chosen[-1][1]:
                chosen[-1] = (index, slope)
            continue
        chosen.append((index + 1 if slope > math.log(_SAME) else index, slope))
    return [index for index, _ in chosen]


def _plateau(latencies: Sequence[float], index: int) -> float:
    level = latencies[index]
    near = [value for value in latencies if level / _SAME <= value <= level * _SAME]
    return median(near)
