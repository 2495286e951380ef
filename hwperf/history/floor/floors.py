"""The floor of each metric. This module computes what rounds of the same code differ by."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hwperf.history.floor import power

__all__ = ["Floor", "by_metric", "floor_of"]

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Floor:
    """How much of a change in one metric is noise.

    Attributes:
        change: the smallest relative change (0.02 for 2 %) that two sets of *rounds* rounds show,
            in 80 % of cases, at a two-sided level of 5 %; None with fewer than 3 rounds.
        rounds: rounds that it was learned from.
        sd: standard deviation of the metric's logarithm between rounds; None as above.
        measured_at: when the last of the rounds ended, seconds since 1970.
        version: version of the benchmark; the floor of another version says nothing of it.
        sd_high: what the true deviation stays below with 90 % confidence.
        environment: asv's name of the environment.
        commit: hash of the measured commit.
        values: the metric's cost in each round.
    """

    change: float | None
    rounds: int
    sd: float | None
    measured_at: float
    version: str
    sd_high: float | None = None
    environment: str = ""
    commit: str = ""
    values: tuple[float, ...] = ()

    def seen(self, before: int, after: int) -> float | None:
        """Return the smallest relative change that so many rounds on either side show."""
        if self.sd is None or before < 1 or after < 1 or before + after < 3:
            return None
        return power.detectable(self.sd, before, after)


def floor_of(
    values: Sequence[float],
    *,
    measured_at: float,
    version: str,
    environment: str = "",
    commit: str = "",
) -> Floor | None:
    """Return the floor that the costs *values*, one of each round, tell.

    Returns:
        None where a value is not above zero or not finite: a ratio of such values says nothing.
    """
    if not values or not all(math.isfinite(value) and value > 0 for value in values):
        return None
    count = len(values)
    if count < power.FEWEST:
        found: tuple[float | None, float | None, float | None] = (None, None, None)
    else:
        sd = power.sd_of([math.log(value) for value in values])
        found = power.detectable(sd, count, count), sd, power.highest_sd(sd, count)
    change, sd_or_none, sd_high = found
    return Floor(
        change, count, sd_or_none, measured_at, version, sd_high, environment, commit,
        tuple(values),
    )  # fmt: skip


def by_metric(rounds: Sequence[Mapping[K, float]]) -> dict[K, list[float]]:
    """Return the values of each metric over *rounds*, in order of the first that has it."""
    found: dict[K, list[float]] = {}
    for values in rounds:
        for key, value in values.items():
            found.setdefault(key, []).append(value)
    return found
