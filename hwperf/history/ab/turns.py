"""What the turns so far have told. This module pairs the visits of each round, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hwperf.asv import rounds
from hwperf.asv.recorded import Measurement
from hwperf.asv.rounds import Key, Visit
from hwperf.history.ab.paired import FEWEST, Pair, ratio_of, rounds_for
from hwperf.history.ab.verdict import Comparison, Side, judge

__all__ = ["Turns"]

Sides = tuple[Side, Side, bool]
"""A's and B's side of one round, and whether A was first."""


@dataclass
class Turns:
    """What the rounds so far have told."""

    sides: dict[Key, list[tuple[Side, Side, bool]]] = field(default_factory=dict)
    canaries: dict[str, list[Pair]] = field(default_factory=dict)
    seen: dict[Key, Measurement] = field(default_factory=dict)
    machine: str = ""
    count: int = 0

    def add(self, visits: Mapping[str, Visit], machine: Mapping[str, Mapping[str, float]]) -> None:
        """Add one round: A's and B's visit, in the order in which they were made."""
        is_a_first = next(iter(visits)) == "a"
        a, b = visits["a"].measurements, visits["b"].measurements
        self.count += 1
        for run in visits["a"].runs:
            self.machine = run.machine
        for key in (key for key in a if key in b):
            sides = Side(a[key].point.cost), Side(b[key].point.cost), is_a_first
            self.sides.setdefault(key, []).append(sides)
            is_better = key not in self.seen or sides[0].is_measured
            self.seen[key] = a[key] if is_better else self.seen[key]
        for name in (name for name in machine["a"] if name in machine["b"]):
            pair = Pair(machine["a"][name], machine["b"][name], is_a_first)
            self.canaries.setdefault(name, []).append(pair)

    def judged(self, min_change: float, target: float | None) -> Comparison:
        names = self.names()
        riders = {key: name for key, name in names.items() if _is_canary(self.seen[key])}
        own = {
            names[key]: [
                Pair(a.cost, b.cost, first)
                for a, b, first in self.sides[key]
                if a.cost and b.cost and a.is_measured and b.is_measured and min(a.cost, b.cost) > 0
            ]
            for key in riders
        }
        return judge(
            {names[key]: sides for key, sides in self.sides.items() if key not in riders},
            canaries={**self.canaries, **own},
            min_change=min_change,
            target=target,
        )

    def names(self) -> dict[Key, str]:
        """Return what people read of each key; environments are named where there are several."""
        several = len({environment for environment, _, _ in self.sides}) > 1
        return {
            key: rounds.name_of(measurement) + (f" [{key[0]}]" if several else "")
            for key, measurement in self.seen.items()
        }

    def needed(self, target: float) -> int:
        """Return the rounds after which a change of *target* is seen in every metric."""
        found = [FEWEST]
        for sides in self.sides.values():
            costs = [(a.cost, b.cost, o) for a, b, o in sides if a.is_measured and b.is_measured]
            pairs = [Pair(a, b, o) for a, b, o in costs if a and b and min(a, b) > 0]
            ratio = ratio_of(pairs)
            found += [] if ratio is None else [rounds_for(ratio, target)]
        return max(found)


def _is_canary(measurement: Measurement) -> bool:
    from hwperf.canaries import kinds

    return kinds.recognised(measurement.point.version) is not None
