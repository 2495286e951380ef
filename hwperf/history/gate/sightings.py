"""Where a step is seen. This module has the series of one benchmark looked at, and joins sightings.

Several parameters that show a step within some points of each other, in one direction, show one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.history import steps
from hwperf.history.detection.step import Step
from hwperf.history.gate.pooled import known_index, split
from hwperf.history.gate.short import step_of

__all__ = ["LEVEL", "POOL", "SURE", "TOLERANCE", "Sighting", "merged", "sighting_of", "steps_of"]

TOLERANCE = 3
"""Points by which the place of one change may differ: between parameters, and as data arrive."""
LEVEL = 128
"""Points that a level is taken from, at most."""
POOL = -1
"""The source of what the mean over all parameters shows."""
SURE = 1.959964
"""Standard deviations of a normal variable on either side of a 95 % interval."""
_END = 2 * TOLERANCE  # Points behind a step up to which its place is looked at again.


@dataclass(frozen=True)
class Sighting:
    """A step that one series, or the pool, shows.

    Attributes:
        at: the index on the common axis of the group.
        source: number of the series in the group, or :data:`POOL`.
        step: what was seen.
        earliest: the first index at which it may well be.
        latest: the last.
    """

    at: int
    source: int
    step: Step
    earliest: int
    latest: int

    @property
    def rises(self) -> bool:
        """Whether what is stored rises."""
        return self.step.ratio > 1


def steps_of(
    values: NDArray[Any],
    min_change: float,
    low: NDArray[Any] | None = None,
    high: NDArray[Any] | None = None,
) -> Iterator[Step]:
    """Yield the steps of a series; what lies at its end is put where it is.

    The detector wants four points behind a step, and takes old ones for new where there are fewer.
    """
    level_from = 0
    found = steps(values, low=low, high=high, min_change=min_change)
    if not found and (plain := step_of(values, min_change)) is not None:
        found = [plain]
    for step in found:
        begin, level_from = max(level_from, step.index - LEVEL), step.index
        behind = np.flatnonzero(np.isfinite(values[step.index :])) + step.index
        if step.kind != "step" or len(behind) > _END:
            yield step
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            y = np.log(values[begin:])
        at = split(y, max(0, step.index - TOLERANCE - begin))
        if at is None or at + begin == step.index:
            yield step
            continue
        difference, deviation, _ = known_index(y, at, 0, len(y))
        if math.isfinite(difference):
            width = SURE * deviation
            place = at + begin
            yield replace(
                step,
                index=place,
                ratio=math.exp(difference),
                interval=(math.exp(difference - width), math.exp(difference + width)),
                location=(min(step.location[0], place), max(step.location[1], place)),
            )


def sighting_of(step: Step, source: int, places: NDArray[Any]) -> Sighting | None:
    """Return a step at its index of the common axis; None where its ratio means nothing.

    Args:
        step: the step.
        source: which series of the group shows it, or :data:`POOL`.
        places: the index on the common axis of each point of that series.
    """
    if not (math.isfinite(step.ratio) and step.ratio > 0 and min(step.interval) > 0):
        return None  # A value that crosses zero has no ratio.
    first, last = step.location
    at, earliest, latest = (int(places[i]) for i in (step.index, first, last))
    return Sighting(at, source, step, min(earliest, at), max(latest, at))


def merged(sightings: Iterable[Sighting]) -> list[list[Sighting]]:
    """Put what is one change together; the best sighting of each comes first."""
    events: list[list[Sighting]] = []
    for seen in sorted(
        sightings, key=lambda each: (-abs(each.step.statistic), each.at, each.source)
    ):
        for event in events:
            best = event[0]
            if (
                best.rises == seen.rises
                and best.step.kind == seen.step.kind
                and abs(best.at - seen.at) <= TOLERANCE
                and all(seen.source != each.source for each in event)
            ):
                event.append(seen)
                break
        else:
            events.append([seen])
    return sorted(events, key=lambda event: event[0].at)
