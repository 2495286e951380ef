"""One kernel set against another. This module turns samples taken in turn into a ratio of rates.

What moves both (a clock, a neighbour, where the CPUs lie) cancels within a pair and would not
between two medians.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwperf.measure import stats
from hwperf.measure.selection import Paired, Samples, was_moved

__all__ = ["Ratio", "ratios"]

_FEWEST = 3  # Clean pairs; with fewer, disturbed ones count, too.


@dataclass(frozen=True)
class Ratio:
    """How many times the rate of another kernel is reached.

    Attributes:
        value: median over the pairs.
        interval: 99 % interval of that median, or the range of the pairs where they are few.
        cost_s: the other kernel's seconds per unit of work, median over its samples.
        n_pairs: number of pairs.
    """

    value: float
    interval: tuple[float, float]
    cost_s: float
    n_pairs: int

    def to_json(self) -> dict[str, Any]:
        """Return the documented object."""
        return {
            "ratio": self.value,
            "interval": list(self.interval),
            "cost_s": self.cost_s,
            "n_pairs": self.n_pairs,
        }


def ratios(samples: Samples) -> Mapping[str, Ratio]:
    """Return the ratio to each of the other kernels, in the order of their first samples.

    Pairs that something disturbed do not count while there are clean ones; those during which the
    CPUs of the threads were moved never count. A kernel of which no pair is left has no ratio.
    """
    by_name: dict[str, list[Paired]] = {}
    for paired in samples.against:
        own = samples.all[paired.place]
        if not (was_moved(own) or was_moved(paired.sample)):
            by_name.setdefault(paired.name, []).append(paired)
    return {name: _ratio(samples, pairs) for name, pairs in by_name.items()}


def _ratio(samples: Samples, pairs: list[Paired]) -> Ratio:
    clean = [pair for pair in pairs if _is_clean(samples, pair)]
    counted = clean if len(clean) >= _FEWEST else pairs
    found = [pair.sample.cost_s / samples.all[pair.place].cost_s for pair in counted]
    return Ratio(
        value=stats.median(found),
        interval=stats.interval_of_median(found) or (min(found), max(found)),
        cost_s=stats.median([pair.sample.cost_s for pair in counted]),
        n_pairs=len(counted),
    )


def _is_clean(samples: Samples, pair: Paired) -> bool:
    own = samples.all[pair.place]
    return not (own.disturbance.causes or pair.sample.disturbance.causes)
