"""Where exactly a step is. This module settles it on the series as it was measured.

Outliers were pulled towards a running median, and beside a step that median may switch some points
early or late when outliers stand there. Once the two levels are known it is not needed.
"""

from __future__ import annotations

import numpy as np

from hwperf.history.detection.candidates import LONGEST, SHORTEST
from hwperf.history.detection.contrast import Floats
from hwperf.history.detection.robust import CLIP, spread_of

__all__ = ["settled"]

_REACH = 12  # Points on either side: half of the running median's window.
# Squares, in variances of a point, that another boundary has to leave less before it is taken: a
# log likelihood better by 1. Fewer would exchange boundaries that fit about as well.
_BETTER = 2.0


def settled(x: Floats, boundaries: list[int], floor: float) -> list[int]:
    """Return *boundaries*, each where the points fit best to the level on their side.

    A point counts by its squared distance from the level, an outlier from either as one that is
    CLIP deviations away.

    Args:
        x: the series, as it was before outliers were pulled in.
        boundaries: first points of new levels, in order.
        floor: least standard deviation of a point.
    """
    edges = [0, *boundaries, x.size]
    for k in range(1, len(edges) - 1):
        b = edges[k]
        a, c = max(edges[k - 1], b - LONGEST), min(edges[k + 1], b + LONGEST)
        old, new = np.median(x[a:b]), np.median(x[b:c])
        left_over = np.concatenate((x[a:b] - old, x[b:c] - new))
        most = (CLIP * max(spread_of(left_over), floor)) ** 2
        first, last = max(a + SHORTEST, b - _REACH), min(c - SHORTEST, b + _REACH)
        near = x[first:last]
        gain = np.minimum((near - new) ** 2, most) - np.minimum((near - old) ** 2, most)
        total = np.concatenate(([0.0], np.cumsum(gain)))
        if total.max() - total[b - first] > _BETTER * most / CLIP**2:
            edges[k] = first + int(np.argmax(total))
    return edges[1:-1]
