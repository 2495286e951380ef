"""The changes of one benchmark. This module finds them over its parameters, as few as there are.

What several parameters show at one place, in one direction, is one change with members.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.history import fdr
from hwperf.history.detection.step import Step
from hwperf.history.gate.pooled import axis_of, known_index, logs, pool
from hwperf.history.gate.sightings import (
    LEVEL,
    POOL,
    SURE,
    TOLERANCE,
    Sighting,
    merged,
    sighting_of,
    steps_of,
)  # fmt: skip
from hwperf.history.series import Series

__all__ = ["TOLERANCE", "Change", "Member", "changes_of"]

_FEWEST = 4  # Points that say where a series is now.


@dataclass(frozen=True, eq=False)
class Member:
    """A change in one series.

    Attributes:
        series: the series.
        index: its first point at the new level.
        before: the old level, as stored.
        ratio: new level over old, as stored.
        interval: 95 % interval of the ratio.
        now: the level at the end of the series.
        since: of the levels that followed, the one that undid most of it; NaN where none did.
        n_before: points at the old level.
        n_after: points at the new level.
    """

    series: Series
    index: int
    before: float
    ratio: float
    interval: tuple[float, float]
    now: float
    n_before: int
    n_after: int
    since: float = math.nan

    @property
    def after(self) -> float:
        """The new level, as stored."""
        return self.before * self.ratio


@dataclass(frozen=True, eq=False)
class Change:
    """One change of a benchmark.

    Attributes:
        group: the series that were looked at.
        kind: "step" or "drift".
        rises: whether what is stored rises.
        place: where the new level begins: the rank of the commit among all that were measured.
        earliest: the first place at which it may well begin.
        latest: the last.
        members: the series that show it.
        statistic: size over noise, of the one that shows it best.
        p_value: how often noise shows as much somewhere near.
    """

    group: Sequence[Series]
    kind: str
    rises: bool
    place: int
    earliest: int
    latest: int
    members: Sequence[Member]
    statistic: float
    p_value: float

    @property
    def ratio(self) -> float:
        """New level over old, as stored: the geometric mean over the members."""
        return _mean(member.ratio for member in self.members)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the ratio, as if all members had the same noise."""
        return (
            _mean(member.interval[0] for member in self.members),
            _mean(member.interval[1] for member in self.members),
        )

    @property
    def now(self) -> float:
        """Level at the end over old level, the geometric mean over the members."""
        return _mean(
            member.now / member.before if member.now > 0 < member.before else member.ratio
            for member in self.members
        )

    @property
    def since(self) -> float:
        """Of what followed, the level that undid most, over the old one; as `now` where none."""
        return _mean(
            member.since / member.before if member.since > 0 < member.before else self.now
            for member in self.members
        )

    @property
    def n_after(self) -> int:
        """Points at the new level, of the member that has most."""
        return max(member.n_after for member in self.members)

    @property
    def n_before(self) -> int:
        """Points at the old level, of the member that has most."""
        return max(member.n_before for member in self.members)


def changes_of(
    group: Sequence[Series], min_change: float, q: float = fdr.FALSE_SHARE
) -> list[Change]:
    """Return the changes of one benchmark, in order of their places.

    Args:
        group: its series: one for each combination of parameters.
        min_change: smallest change that is looked for.
        q: false discovery rate among the members of a change.
    """
    axis = axis_of(group)
    sightings = [
        seen
        for source, series in enumerate(group)
        for step in steps_of(series.values, min_change, low=series.low, high=series.high)
        if (seen := sighting_of(step, source, np.searchsorted(axis, series.places)))
    ]
    if len(group) > 1:
        places = np.arange(len(axis))
        pooled = steps_of(pool(group, axis), min_change)
        sightings += [seen for step in pooled if (seen := sighting_of(step, POOL, places))]
    events = merged(sightings)
    found = _Group(group, axis, [logs(series) for series in group], events, min_change, q)
    changes = [change for event in events if (change := found.change(event)) is not None]
    return sorted(changes, key=lambda change: (change.place, change.rises))


@dataclass(frozen=True, eq=False)
class _Group:
    """A benchmark's series while its changes are put together."""

    group: Sequence[Series]
    axis: NDArray[Any]
    values: Sequence[NDArray[Any]]
    events: Sequence[Sequence[Sighting]]
    min_change: float
    q: float

    def change(self, event: Sequence[Sighting]) -> Change | None:
        """Return what *event* is, None where no series shows it."""
        best = event[0]
        own = {seen.source: seen for seen in event if seen.source != POOL}
        members = [self._member(i, seen.step) for i, seen in own.items()]
        pooled = next((seen for seen in event if seen.source == POOL), None)
        if best.step.kind == "step" and len(self.group) > 1:
            others = [i for i in range(len(self.group)) if i not in own]
            members += self._tested(others, best, is_pooled=pooled is not None)
        if not members:
            return None
        p = fdr.simes([seen.step.p_value for seen in own.values()], len(self.group))
        if pooled is not None:  # Two ways to look: whichever saw it, it counts twice.
            p = min(1.0, 2 * min(p, pooled.step.p_value))
        elif len(self.group) > 1:
            p = min(1.0, 2 * p)
        members.sort(key=lambda member: member.series.key)
        return Change(
            group=self.group,
            kind=best.step.kind,
            rises=best.rises,
            place=int(self.axis[best.at]),
            earliest=int(self.axis[best.earliest]),
            latest=int(self.axis[best.latest]),
            members=members,
            statistic=abs(best.step.statistic),
            p_value=p,
        )

    def _tested(self, others: Sequence[int], best: Sighting, *, is_pooled: bool) -> list[Member]:
        """Return those of *others* that show the change too, now that its place is known."""
        tests = []
        for i in others:
            at = int(np.searchsorted(self.group[i].places, self.axis[best.at]))
            low, high = self._bounds(i, at)
            difference, deviation, p = known_index(self.values[i], at, low, high)
            tests.append((i, at, difference, deviation, p))
        q_values = fdr.q_values([test[-1] for test in tests])
        least = math.log1p(self.min_change)
        found, alike = [], []
        for (i, at, difference, deviation, _), q in zip(tests, q_values, strict=True):
            if (difference > 0) is not best.rises or not math.isfinite(difference):
                continue
            width = SURE * deviation
            interval = math.exp(difference - width), math.exp(difference + width)
            member = self._at(i, at, math.exp(difference), interval)
            alike.append(member)
            if q <= self.q and abs(difference) >= least:
                found.append(member)
        # Seen in the mean alone: it is nobody's, and so everybody's.
        return found or (alike if is_pooled and len(others) == len(self.group) else [])

    def _member(self, i: int, step: Step) -> Member:
        end = step.location[1] if step.kind == "drift" else None
        return self._at(i, step.index, step.ratio, step.interval, end=end)

    def _at(
        self, i: int, at: int, ratio: float, interval: tuple[float, float], end: int | None = None
    ) -> Member:
        series = self.group[i]
        low, high = self._bounds(i, at)
        values = series.values
        # A drift has no level at its beginning; where it leads is behind its end.
        old = _level(values[low:at], newest=True) or _level(values[at:high], newest=False)
        last = max((each for each in self._edges(i) if _is_level(values[each:])), default=at)
        new = _level(values[end if end and end > at else at : high], newest=False)
        now = _level(values[max(last, at) :], newest=True) or new
        return Member(
            series=series,
            index=at,
            before=old,
            ratio=ratio,
            interval=(interval[0], interval[1]),
            now=old * ratio if last <= at else now,
            n_before=int(np.isfinite(values[low:at]).sum()),
            n_after=int(np.isfinite(values[at:high]).sum()),
            since=self._since(i, at, rises=ratio > 1),
        )

    def _since(self, i: int, at: int, *, rises: bool) -> float:
        """Return the level that undid most of a change, NaN where nothing followed it."""
        values = self.group[i].values
        edges = sorted({each for each in self._edges(i) if each > at + TOLERANCE})
        levels = [
            _level(values[a:b], newest=False)
            for a, b in pairwise([*edges, len(values)])
            if _is_level(values[a:b])
        ]
        return (min if rises else max)(levels, default=math.nan)

    def _edges(self, i: int) -> list[int]:
        """Return where the levels of a series begin, but for the first."""
        places = self.group[i].places
        return [int(np.searchsorted(places, self.axis[event[0].at])) for event in self.events]

    def _bounds(self, i: int, index: int) -> tuple[int, int]:
        """Return where the old level begins and the new one ends: at the changes around."""
        near = self._edges(i)
        low = max((each for each in near if each < index - TOLERANCE), default=0)
        high = min((each for each in near if each > index + TOLERANCE), default=len(self.values[i]))
        return low, high


def _is_level(values: NDArray[Any]) -> bool:
    return int(np.isfinite(values).sum()) >= _FEWEST


def _level(values: NDArray[Any], *, newest: bool) -> float:
    found = values[np.isfinite(values)]
    found = found[-LEVEL:] if newest else found[:LEVEL]
    return float(np.median(found)) if len(found) else 0.0


def _mean(ratios: Iterable[float]) -> float:
    found = [math.log(ratio) for ratio in ratios]
    return math.exp(sum(found) / len(found))
