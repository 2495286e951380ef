"""Which differences are real. This module sets one run against another.

Two runs of the same code on the same machine differ by more than their samples let expect: memory
lies elsewhere, the core is another one, a neighbour is busy. So to what the samples say comes what
two runs differ by: as ``hwperf aa`` measured it for this point, else as
:data:`ASSUMED_RUN_SD` says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from hwperf.asv.recorded import Measurement, Run
from hwperf.history.fdr import FALSE_SHARE, q_values
from hwperf.history.floor import Floor
from hwperf.report.comparison.pairs import Compared, Kind, key_of, paired
from hwperf.report.comparison.spread import log_error, p_value, ratio_interval
from hwperf.report.comparison.surroundings import Difference, differences

__all__ = ["ASSUMED_RUN_SD", "OTHER_RUN_SD", "Comparison", "Floors", "compare"]

ASSUMED_RUN_SD: Mapping[str, float] = MappingProxyType(
    {"core": 0.01, "simd": 0.02, "network": 0.1, "storage": 0.1}
)
"""Relative standard deviation between runs by domain, where none was measured.

From two runs of the same code on a shared virtual machine (docs/howto/compare-runs.md).
"""

OTHER_RUN_SD = 0.04
"""The same for every other domain, and for benchmarks that are not hwperf's."""

Floors = Mapping[tuple[str, str, tuple[tuple[str, str], ...]], Floor]
"""What :func:`hwperf.history.floor.load` returns: by machine, benchmark and parameters."""

_Known = Mapping[tuple[str, str, tuple[tuple[str, str], ...]], Floor]  # Parameters sorted.


@dataclass(frozen=True)
class Comparison:
    """Run B against run A.

    Attributes:
        a: the run that is compared with.
        b: the run that is judged.
        points: every point of either run.
        differences: in what the machine and its state differ.
    """

    a: Run
    b: Run
    points: tuple[Compared, ...]
    differences: tuple[Difference, ...]

    def of(self, *kinds: Kind) -> tuple[Compared, ...]:
        """Return the points of these kinds, the largest difference first."""
        found = [point for point in self.points if point.kind in kinds]
        return tuple(sorted(found, key=lambda point: -abs(math.log(point.ratio or 1.0))))

    @property
    def worse(self) -> tuple[Compared, ...]:
        """The points that got significantly worse, the largest difference first."""
        return self.of("worse")

    @property
    def better(self) -> tuple[Compared, ...]:
        """The points that got significantly better, the largest difference first."""
        return self.of("better")

    @property
    def compared(self) -> tuple[Compared, ...]:
        """The points that have a ratio."""
        return tuple(point for point in self.points if point.has_ratio)

    @property
    def groups(self) -> Mapping[str, tuple[Compared, ...]]:
        """The points by domain, in the order in which the runs have them."""
        found: dict[str, list[Compared]] = {}
        for point in self.points:
            found.setdefault(point.group, []).append(point)
        return {name: tuple(points) for name, points in found.items()}

    @property
    def n_measured_noise(self) -> int:
        """Of how many compared points the noise between runs was measured."""
        return sum(point.is_measured_noise for point in self.compared)


def compare(a: Run, b: Run, *, floors: Floors | None = None) -> Comparison:
    """Return run *b* against run *a*, each point judged with all the others.

    Args:
        a: the run to compare with.
        b: the run to judge.
        floors: what two runs differ by without a cause, as ``hwperf.history.floor.load`` gives it;
            where a point has none, :data:`ASSUMED_RUN_SD` counts.
    """
    known: _Known = {
        (machine, benchmark, tuple(sorted(params))): floor
        for (machine, benchmark, params), floor in (floors or {}).items()
    }
    points = [_with_error(point, a, b, known) for point in paired(a, b)]
    tested = [index for index, point in enumerate(points) if point.p is not None]
    shares = q_values([points[index].p or 0.0 for index in tested])
    for index, share in zip(tested, shares, strict=True):
        points[index] = _judged(points[index], share)
    return Comparison(a, b, tuple(points), differences(a, b))


def _with_error(point: Compared, a: Run, b: Run, floors: _Known) -> Compared:
    if point.ratio is None or point.a is None or point.b is None:
        return point
    sides = [
        _known_to(each, point.group, floors.get((run.machine, *key_of(each))))
        for run, each in ((a, point.a), (b, point.b))
    ]
    if sides[0] is None or sides[1] is None:
        return replace(point, why="neither samples nor an interval say how well it is known")
    error = math.hypot(sides[0].error, sides[1].error)
    # Both may stand on the same rounds, so that their degrees of freedom do not add up.
    df = min((side.df for side in sides if side and side.df is not None), default=None)
    return replace(
        point,
        error=error,
        interval=ratio_interval(point.ratio, error, df),
        p=p_value(point.ratio, error, df),
        is_measured_noise=all(side is not None and side.df is not None for side in sides),
    )


@dataclass(frozen=True)
class _Side:
    """How well one run knows a point.

    Attributes:
        error: standard error of the logarithm of its value.
        df: degrees of freedom of that, None where it does not come from rounds.
    """

    error: float
    df: int | None


def _known_to(measurement: Measurement, group: str, floor: Floor | None) -> _Side | None:
    # On a log scale costs and rates have the same error.
    point = measurement.point
    within = log_error(point.samples, point.interval)
    is_of_it = floor is not None and floor.version in ("", point.version)
    if floor is not None and is_of_it and floor.sd is not None and floor.rounds > 1:
        # What rounds differ by has the error of their samples in it.
        return _Side(max(within or 0.0, floor.sd), floor.rounds - 1)
    between = ASSUMED_RUN_SD.get(group, OTHER_RUN_SD)
    return None if within is None else _Side(math.hypot(within, between), None)


def _judged(point: Compared, share: float) -> Compared:
    if share > FALSE_SHARE or point.gain is None:
        return replace(point, q=share, kind="same")
    doubts = _doubts(point)
    if doubts:
        return replace(point, q=share, kind="untrusted", why=doubts)
    return replace(point, q=share, kind="better" if point.gain > 1 else "worse")


def _doubts(point: Compared) -> str:
    """Return what explains a difference as well as a change of the machine or the code would."""
    if point.a is None or point.b is None:
        return ""
    noisy = [
        side
        for side, each in (("A", point.a), ("B", point.b))
        if each.verdict != "ok" and not point.is_measured_noise
    ]
    said = [f"{' and '.join(noisy)} {'are' if len(noisy) > 1 else 'is'} noisy"] if noisy else []
    if point.a.placement != point.b.placement:
        first, second = (each.placement or "not known" for each in (point.a, point.b))
        said.append(f"its threads lay {first} in A, {second} in B")
    return "; ".join(said)
