"""Which canaries were measured beside a series. This module matches them by run.

asv keeps one result of a commit, machine and environment: what stands in one file is of one run, as
long as nobody measures a part of it again later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwperf.canaries.kinds import CANARIES, recognised
from hwperf.history.series import Series

__all__ = ["SAME_RUN_S", "Beside", "canaries_beside", "is_canary"]

Array = NDArray[np.float64]

SAME_RUN_S = 12 * 3600.0
"""A long suite takes hours; who measures a part of it again on another day has another machine."""


@dataclass(frozen=True)
class Beside:
    """The canaries of one machine and environment.

    Attributes:
        values: by name, the cost at each commit.
        series: by name, the whole series.
    """

    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)

    def along(self, commits: Sequence[str], times: Array | None = None) -> dict[str, Array]:
        """Return each canary's costs at *commits*, NaN where it was not measured.

        Canaries that were measured at none of them are left out.

        Args:
            commits: of the series.
            times: when each of its points was measured, seconds since 1970: a canary that was
                measured :data:`SAME_RUN_S` before or after says nothing of it.
        """
        found = {
            name: np.array([costs.get(commit, np.nan) for commit in commits], float)
            for name, costs in self.values.items()
        }
        if times is not None:
            for name, costs in found.items():
                series = self.series[name]
                at = dict(zip(series.commits, map(float, series.times), strict=True))
                apart = np.abs(times - np.array([at.get(commit, np.nan) for commit in commits]))
                costs[apart > SAME_RUN_S] = np.nan
        return {name: costs for name, costs in found.items() if np.isfinite(costs).any()}


def is_canary(series: Series) -> bool:
    """Whether *series* is one of hwperf's canaries."""
    return recognised(series.key.version) is not None


def canaries_beside(found: Iterable[Series], machine: str, environment: str) -> Beside:
    """Return the canaries of *machine* and *environment* among *found*.

    A canary that several modules import, or that has several revisions, has one series of each;
    those after the first get a number: ``core_clock/2``.
    """
    by_name: dict[str, Series] = {}
    place = machine, environment
    here = [each for each in found if (each.key.machine, each.key.environment) == place]
    known = [(canary, each) for each in here if (canary := recognised(each.key.version))]
    for canary, series in sorted(known, key=lambda pair: CANARIES.index(pair[0])):
        name, number = canary.name, 1
        while name in by_name:
            number += 1
            name = f"{canary.name}/{number}"
        by_name[name] = series
    values = {
        name: dict(zip(series.commits, map(float, series.values), strict=True))
        for name, series in by_name.items()
    }
    return Beside(values, by_name)
