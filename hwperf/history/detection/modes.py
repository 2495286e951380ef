"""Two modes that alternate. This module tells their switching from steps.

Placement in memory, a neighbour or a frequency gives a benchmark two levels, each of which it may
keep for many runs. Every switch looks like a step, but the series comes back to the same two
levels again and again; a regression and its repair do so once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwperf.history.detection.candidates import LONGEST
from hwperf.history.detection.contrast import Floats
from hwperf.history.detection.robust import between_neighbours

__all__ = ["without_modes"]

_ALIKE = 0.1  # Of the distance between two levels, or the scatter of a point if that is more:
# levels closer than that are the same. Two steps of like size by chance are further apart.
_NEAR = 0.25  # Of that distance: a point so near to a level is a visit to it.
_APART = 4.0  # Standard deviations of a point between two levels for visits to be told.
_FEWEST_RUNS = 2  # Visits that show a mode: one may be an outlier.
_LASTS = 3  # Times its longest visit before: a stay that much longer is a new level,
_LASTS_AND_ENDS = 6  # and that much, where the series was seen to come back from it.


@dataclass(frozen=True)
class _Excursion:
    """Away from a level and back: stretch *k* lies at *there*, both its neighbours at *here*."""

    k: int
    here: float
    there: float

    def has_levels_of(self, other: _Excursion, scatter: float) -> bool:
        """Tell whether both go between the same two levels, in either direction."""
        most = max(scatter, _ALIKE * abs(self.here - self.there))
        one, two = sorted((self.here, self.there)), sorted((other.here, other.there))
        return abs(one[0] - two[0]) <= most and abs(one[1] - two[1]) <= most


def without_modes(x: Floats, boundaries: list[int]) -> list[int]:
    """Return those of *boundaries* that are no switches between two modes.

    Args:
        x: the series, as it was before outliers were pulled in.
        boundaries: first points of new levels, in order.
    """
    if not boundaries:
        return []
    stretches = np.split(x, boundaries)
    levels = [float(np.median(stretch)) for stretch in stretches]
    scatter = between_neighbours(x)
    excursions = [
        _Excursion(k, (levels[k - 1] + levels[k + 1]) / 2, levels[k])
        for k in range(1, len(levels) - 1)
        if _returns(levels[k - 1], levels[k], levels[k + 1], scatter)
    ]
    switching = []
    for each in excursions:
        around = (stretches[each.k - 1], stretches[each.k + 1])
        seen = [run for side in around for run in _visits(side, each.here, each.there, scatter)]
        others = sum(each.has_levels_of(other, scatter) for other in excursions) - 1
        length = stretches[each.k].size
        is_visited = len(seen) >= _FEWEST_RUNS and sum(seen) > _FEWEST_RUNS
        if (others and length <= LONGEST) or (is_visited and length <= _LASTS_AND_ENDS * max(seen)):
            switching.append((length.bit_length(), boundaries[each.k - 1], boundaries[each.k]))
    left = list(boundaries)
    # Short ones first, those of about one length in order: of an odd number of switches the last
    # is left, as the level has changed.
    for _, first, last in sorted(switching):
        if first in left and last in left:
            left.remove(first)
            left.remove(last)
    return _without_ends(x, left, scatter)


def _without_ends(x: Floats, boundaries: list[int], scatter: float) -> list[int]:
    """Return *boundaries* but for a last or first stretch that is as short as visits to its level.

    These have no way back that could be seen.
    """
    stretches = np.split(x, boundaries)
    levels = [float(np.median(stretch)) for stretch in stretches]
    dropped: set[int] = set()
    for k, new, old in ((len(levels) - 2, -1, -2), (0, 0, 1)):
        if not boundaries:
            break
        seen = _visits(stretches[old], levels[old], levels[new], scatter)
        if len(seen) >= _FEWEST_RUNS and stretches[new].size <= _LASTS * max(seen):
            dropped.add(k)
    return [b for k, b in enumerate(boundaries) if k not in dropped]


def _returns(before: float, level: float, after: float, scatter: float) -> bool:
    distance = min(abs(level - before), abs(level - after))
    is_away = (level - before) * (level - after) > 0
    return is_away and abs(after - before) <= max(scatter, _ALIKE * distance)


def _visits(stretch: Floats, here: float, there: float, scatter: float) -> list[int]:
    """Return the lengths of the visits that a stretch at the level *here* pays to *there*."""
    distance = abs(there - here)
    if distance <= _APART * scatter:
        return []
    away = np.abs(stretch - there) < _NEAR * distance
    edges = np.flatnonzero(np.diff(np.concatenate(([0], away.astype(np.int8), [0]))))
    return [int(length) for length in edges[1::2] - edges[::2]]
