"""The newest points. This module tells what a step of one to three points may be.

A step needs some points behind it. One to three newest points that lie far outside everything
before are worth a second measurement, and no more: they are possible, and never fail. Thresholds of
8, 6 and 4.5 robust deviations give 2 alarms per 1,000 clean commits of a series; a step of 10 % is
seen after 2 commits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hwperf.history.detection.robust import spread_of
from hwperf.history.gate.changes import Change, Member
from hwperf.history.gate.findings import shown_ratio
from hwperf.history.gate.pooled import logs
from hwperf.history.gate.settings import Settings
from hwperf.history.series import Series

__all__ = ["Alarm", "alarms"]

_DEVIATIONS = (8.0, 6.0, 4.5)  # Of one, two, three newest points.
_ENVELOPE = 0.98  # Of what came before; single spikes lie outside of it, too.
_FEWEST = 12  # Points before, to know what is usual.
_BASELINE = 128
_LEAST_SPREAD = 1e-3  # Relative: a clock that shows three digits has no smaller one.

Alarm = tuple[Member, float]
"""A series whose newest points are off, and by how many deviations."""


def alarms(
    group: Sequence[Series], changes: Sequence[Change], settings: Settings, after: int
) -> list[Alarm]:
    """Return those of *group* whose newest points are worse than all before.

    Args:
        group: the series of one benchmark.
        changes: its changes; what is explained by them is no alarm.
        settings: what changes matter.
        after: only points behind this place count.
    """
    known = [c.place for c in changes if c.kind == "step"]
    found = []
    for series in group:
        own = [c.place for c in changes if any(m.series is series for m in c.members)]
        alarm = _alarm(series, max(own, default=-1), settings, max([after, *known]))
        if alarm is not None:
            found.append(alarm)
    return found


def _alarm(series: Series, level_from: int, settings: Settings, after: int) -> Alarm | None:
    sign = 1.0 if series.rises_when_worse else -1.0
    badness = sign * logs(series)
    usable = np.flatnonzero(np.isfinite(badness) & (series.places >= level_from))
    least = settings.bounds(series).fail_change
    for n, deviations in reversed(list(enumerate(_DEVIATIONS, 1))):
        newest, before = usable[-n:], usable[:-n][-_BASELINE:]
        if len(before) < _FEWEST or series.places[newest[0]] <= after:
            continue
        base = badness[before]
        centre = float(np.median(base))
        spread = max(float(spread_of(base - centre)), _LEAST_SPREAD)
        bound = max(centre + deviations * spread, float(np.quantile(base, _ENVELOPE)))
        lowest = float(badness[newest].min())
        size = float(np.mean(badness[newest])) - centre
        ratio = math.exp(sign * size)
        if lowest > bound and abs(shown_ratio(series, ratio) - 1) >= least:
            width = 1.96 * spread * math.sqrt(1 / n + 1 / len(before))
            interval = sorted((math.exp(sign * (size - width)), math.exp(sign * (size + width))))
            level = math.exp(sign * centre)
            member = Member(
                series, int(newest[0]), level, ratio, (interval[0], interval[1]), level * ratio,
                len(before), n,
            )  # fmt: skip
            return member, size / spread
    return None
