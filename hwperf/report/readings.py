"""The points of a run. This module holds them so that a report can pick out what it places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Reading", "Readings"]


@dataclass(frozen=True)
class Reading:
    """One point of a run.

    Attributes:
        workload_id: id of the workload.
        params: its parameters.
        value: in base units, None where there is none.
        verdict: how far to trust it.
        ratios: how many times the rates of other kernels it reaches, by name.
        placement: how the CPUs of its threads lay to one another, where it has several.
    """

    workload_id: str
    params: Mapping[str, Any]
    value: float | None
    verdict: str = "ok"
    ratios: Mapping[str, float] = field(default_factory=dict)
    placement: str = ""


class Readings:
    """The points of one run, by workload and parameters.

    Of a point that was measured in several rounds the last reading counts that has a value.
    """

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._by_point: dict[tuple[Any, ...], Reading] = {}
        for r in readings:
            point = (r.workload_id, tuple(sorted(r.params.items())))
            if r.value is not None or point not in self._by_point:
                self._by_point[point] = r
        self.all = tuple(self._by_point.values())

    def reading(self, workload_id: str, **params: Any) -> Reading | None:
        """Return one point, or None."""
        return self._by_point.get((workload_id, tuple(sorted(params.items()))))

    def value(self, workload_id: str, **params: Any) -> float | None:
        """Return the value of one point in base units, or None."""
        found = self.reading(workload_id, **params)
        return None if found is None else found.value

    def curve(self, workload_id: str, axis: str, **params: Any) -> list[tuple[int, float]]:
        """Return ``(axis value, value)`` of the points with *params*, ascending."""
        found = [
            (int(r.params[axis]), r.value)
            for r in self.all
            if r.workload_id == workload_id
            and r.value is not None
            and all(r.params.get(name) == value for name, value in params.items())
        ]
        return sorted(found)
