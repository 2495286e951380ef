"""Levels that a benchmark goes back and forth between. This module tells when it is at the worse.

The detector takes levels that alternate for a state (a placement of threads, a layout of memory),
and says nothing of them. A regression that was mended and came back looks the same, so a series
that is at the worse level now is worth a word: it is possible, and never fails.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hwperf.history.detection.robust import between_neighbours, running_median
from hwperf.history.gate.changes import Change, Member
from hwperf.history.gate.findings import shown_ratio
from hwperf.history.gate.pooled import known_index, logs
from hwperf.history.gate.settings import Settings
from hwperf.history.gate.sightings import SURE, TOLERANCE
from hwperf.history.series import Series

__all__ = ["at_the_worse"]

_FEWEST = 24  # Points: three levels of eight.
_END = 8  # Points that say where a series is now.
_APART = 6.0  # Deviations of a point between the levels: else it is noise.
_LOW = 0.1  # Quantile that stands for the better level.
_HALF_WINDOW = 2  # Of the running median that single points do not turn.


def at_the_worse(
    group: Sequence[Series], changes: Sequence[Change], settings: Settings, after: int
) -> list[Member]:
    """Return those of *group* that are at the worse of two levels since a place behind *after*.

    Args:
        group: the series of one benchmark.
        changes: its changes; what they explain is not told twice.
        settings: what matters.
        after: the place behind which a level has to begin.
    """
    found = []
    for series in group:
        own = [c for c in changes if any(m.series is series for m in c.members)]
        member = _member(series, settings)
        if member is None or any(c.kind == "drift" for c in own):
            continue
        places = [c.place for c in own]
        place = int(series.places[member.index])
        if place > after and all(each < place - TOLERANCE for each in places):
            found.append(member)
    return found


def _member(series: Series, settings: Settings) -> Member | None:
    sign = 1.0 if series.rises_when_worse else -1.0
    badness = sign * logs(series)
    usable = np.flatnonzero(np.isfinite(badness))
    y = badness[usable]
    if len(y) < _FEWEST:
        return None
    now, better = float(np.median(y[-_END:])), float(np.quantile(y, _LOW))
    # Of neighbours: a level that changes now and then does not swell it.
    noise = between_neighbours(y)
    if now - better < max(_APART * noise, math.log1p(settings.min_change)):
        return None
    is_worse = running_median(y, _HALF_WINDOW) > (now + better) / 2
    below = np.flatnonzero(~is_worse)
    start = int(below[-1]) + 1 if len(below) else 0
    if start < _END or len(y) - start < settings.min_points_after:
        return None
    if is_worse[:start].sum() < settings.min_points_after:
        return None  # It was never there before: the detector's business.
    difference, deviation, _ = known_index(sign * y, start, start - _END, len(y))
    ratio, width = math.exp(difference), SURE * deviation
    if sign * difference <= 0:
        return None
    if abs(shown_ratio(series, ratio) - 1) < settings.bounds(series).fail_change:
        return None
    interval = math.exp(difference - width), math.exp(difference + width)
    level = float(np.median(series.values[usable[start - _END : start]]))
    return Member(
        series, int(usable[start]), level, ratio, interval, level * ratio, start, len(y) - start
    )
