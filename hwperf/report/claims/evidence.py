"""The points of a run, as claims ask for them. This module looks one up, or says why there is none.

Nothing is imported of the workloads: what is n/a here says the run's own record.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from hwperf.asv.recorded import Measurement
from hwperf.report.claims.quantity import Missing, Quantity

__all__ = ["Evidence", "interval_of"]

_FEWEST = 2  # Samples whose range stands in for an interval.

Key = tuple[str, tuple[tuple[str, str], ...]]


class Evidence:
    """The points of one run by workload and parameters.

    Args:
        measurements: of the run; tails and benchmarks that are not hwperf's are passed over.
    """

    def __init__(self, measurements: Iterable[Measurement]) -> None:
        self._by_point: dict[Key, Measurement] = {}
        self._axes: dict[str, set[str]] = {}
        for each in measurements:
            if each.point.workload is None or each.is_tail:
                continue
            key = (each.name, tuple(sorted(each.point.params.items())))
            if key not in self._by_point or each.value is not None:
                self._by_point[key] = each
            self._axes.setdefault(each.name, set()).update(each.point.params)
        self.all = tuple(self._by_point.values())

    def point(self, workload: str, params: Mapping[str, Any]) -> Measurement:
        """Return a point that was measured.

        Raises:
            Missing: if there is none, with what the run says of it.
        """
        found = self._by_point.get((workload, _key(params)))
        if found is None:
            if workload in self._axes:
                raise Missing(
                    f"{_named(workload, params)} is no point of this run, which another version "
                    f"of the workload recorded: hwperf run -k {workload}"
                )
            raise Missing(_again(workload))
        if found.value is not None:
            return found
        if found.verdict in ("failed", "impossible"):
            why = f": {found.reason}" if found.reason else ""
            raise Missing(f"{_named(workload, params)} {_VERB[found.verdict]}{why}")
        raise Missing(found.reason or _again(workload))

    def quantity(self, workload: str, params: Mapping[str, Any]) -> Quantity:
        """Return the value of a point in its metric's base unit, with its interval.

        Where the run has no interval, the range of the samples stands in for it.

        Raises:
            Missing: as :meth:`point`.
        """
        found = self.point(workload, params)
        assert found.value is not None
        return Quantity(found.value, found.unit, interval_of(found) or _range(found), (found,))

    def figure(self, workload: str, params: Mapping[str, Any], name: str) -> Any:
        """Return what a point says beside its value, as JSON has it.

        Raises:
            Missing: if there is no such point, or it does not say it.
        """
        figures = _mapping(self.point(workload, params).record.get("figures"))
        value = _mapping(figures.get(name)).get("value")
        if value is None:
            raise Missing(f"{_named(workload, params)} was recorded without its figure {name!r}")
        return value

    def against(self, workload: str, params: Mapping[str, Any], name: str) -> Quantity:
        """Return how many times the rate of the kernel *name* a point reached, in turn with it.

        Raises:
            Missing: if there is no such point, or the ratio was not recorded.
        """
        found = self.point(workload, params)
        entry = _mapping(_mapping(found.record.get("against")).get(name))
        ratio, ends = entry.get("ratio"), entry.get("interval")
        if not _is_number(ratio):
            raise Missing(f"{_named(workload, params)} was recorded without its ratio to {name!r}")
        is_pair = isinstance(ends, list) and len(ends) == 2 and all(map(_is_number, ends))
        interval = (float(ends[0]), float(ends[1])) if ends and is_pair else None
        return Quantity(float(ratio), "x", interval, (found,))


def interval_of(found: Measurement) -> tuple[float, float] | None:
    """Return the interval of a measurement, None where there is none or a file says nonsense."""
    costs = found.point.interval
    return found.interval if costs is not None and min(costs) > 0 else None


_VERB = {"failed": "failed", "impossible": "came out above what is physically possible"}


def _range(found: Measurement) -> tuple[float, float] | None:
    costs = [cost for cost in found.point.samples if _is_number(cost) and cost > 0]
    if len(costs) < _FEWEST or found.metric is None:
        return None
    return found.metric.interval(min(costs), max(costs))


def _key(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, repr(value)) for name, value in params.items()))


def _named(workload: str, params: Mapping[str, Any]) -> str:
    inside = ", ".join(f"{name}={value}" for name, value in params.items())
    return f"{workload}({inside})" if inside else workload


def _again(workload: str) -> str:
    return f"not measured in this run: hwperf run -k {workload}"


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _is_number(found: Any) -> TypeGuard[float]:
    # JSON has whole numbers that are too large for a float.
    is_one = isinstance(found, (int, float)) and not isinstance(found, bool)
    return is_one and abs(found) <= sys.float_info.max
