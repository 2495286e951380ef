"""Levels that a benchmark was at before. This module tells whether a regression leads to one.

A placement of threads, a layout of memory or a neighbour gives a benchmark levels that it keeps
for many runs each, and the way back to one looks like a step of the code. So does an improvement
that was undone, and no number tells the two apart until a level has lasted: what leads to a level
of late is possible, and does not fail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwperf.history.detection.robust import between_neighbours, running_median
from hwperf.history.gate.changes import TOLERANCE, Member
from hwperf.history.gate.pooled import logs

__all__ = ["earlier_commit"]

_MEMORY = 256  # Points before a change that are asked.
_SETTLED = 64  # Points: an old level that lasted so long is the usual one, and not a state's,
_FEWEST = 2  # unless the series was at the new one so many times.
_NEAR = 0.3  # Of the change: what lies so near to the new level is at it.
_HALF_WINDOW = 2  # Of a running median; three points of five at a level are a visit.
_WIDEST = 16  # Half a window: beyond that there would be no earlier history to ask.
_BEYOND = 6  # Half a window for levels that are worse still: bursts of outliers are shorter.
_APART = 4.0  # Standard deviations of such a median between the old level and a visit.
_OF_MEDIAN = 1.2533  # Standard deviation of a median over that of a mean, of normal variables.
_LASTS = 4  # Times all visits before: a stay that much longer is a new level.


def earlier_commit(members: Sequence[Member]) -> str:
    """Return the last commit at which most of *members* were at their new level or worse.

    Args:
        members: of a regression.

    Returns:
        the commit of the member that was there last; empty where most were never.
    """
    found = [(member, at) for member in members if (at := _last_visit(member)) is not None]
    if 2 * len(found) <= len(members):
        return ""
    member, at = max(found, key=lambda each: (each[0].series.places[each[1]], each[0].series.key))
    return member.series.commits[at]


def _last_visit(member: Member) -> int | None:
    """Return the index of the newest point at the new level before the change, None for none."""
    if not (member.before > 0 < member.ratio):
        return None
    y = logs(member.series)
    usable = np.flatnonzero(np.isfinite(y))
    first = int(np.searchsorted(usable, member.index)) - TOLERANCE
    asked = usable[max(0, first - _MEMORY) : max(0, first)]
    size = math.log(member.ratio)
    # 0 at the old level, 1 at the new one; noise of neighbours, which a mode does not swell.
    shares = (y[asked] - math.log(member.before)) / size
    noise = between_neighbours(y[usable]) / abs(size)
    needed = (_APART * _OF_MEDIAN * noise / (1 - _NEAR)) ** 2
    half = max(_HALF_WINDOW, math.ceil((needed - 1) / 2))
    at_it = _centres(shares, half, above=1 - _NEAR, below=1 + _NEAR)
    beyond = _centres(shares, max(half, _BEYOND), above=1 - _NEAR, below=math.inf)
    visits = np.union1d(at_it, beyond)
    if len(visits) == 0 or _LASTS * len(visits) < member.n_after:
        return None
    is_settled = len(asked) - visits[-1] > _SETTLED
    times = 1 + int(np.sum(np.diff(visits) > TOLERANCE))
    return None if is_settled and times < _FEWEST else int(asked[visits[-1]])


def _centres(
    shares: NDArray[np.float64], half: int, *, above: float, below: float
) -> NDArray[np.intp]:
    """Return the middles of the windows whose median lies between two bounds."""
    if half > _WIDEST or len(shares) < 2 * half + 1:
        return np.empty(0, np.intp)
    # Towards its ends the running median is one of ever fewer points: those say nothing.
    medians = running_median(shares, half)[half : len(shares) - half]
    return np.flatnonzero((medians >= above) & (medians <= below)) + half
