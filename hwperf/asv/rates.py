"""Costs become what people read. This module turns what is published into rates.

asv's files hold seconds per unit of work. The published copies of the graphs, the lists and the
regressions hold the metric's value instead, in the unit of the field, and index.json says the unit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwperf.metrics import METRICS, Metric
from hwperf.units import UNITS, scale_of

__all__ = [
    "Shown",
    "convert_graph",
    "convert_regressions",
    "convert_summary",
    "metric_of",
    "shown_of",
]

# The units of the field, whatever the size of the number; op/s has none and follows the data.
USUAL = {"B/s": 1e9, "FLOP/s": 1e9, "Hz": 1e9}


@dataclass(frozen=True)
class Shown:
    """How one benchmark is shown.

    Attributes:
        metric: what it measures.
        factor: base units in one shown unit.
        unit: the shown unit; ``seconds`` for a time, which asv's pages scale themselves.
    """

    metric: Metric
    factor: float
    unit: str

    def value(self, cost: Any) -> float | None:
        """Return the shown value of a cost, None where there is none."""
        if not isinstance(cost, (int, float)) or not math.isfinite(cost) or cost <= 0:
            return None
        return self.metric.value(float(cost)) / self.factor


def shown_of(definition: Mapping[str, Any], costs: Iterable[Any] = ()) -> Shown | None:
    """Return how a benchmark is shown, or None when it is not one of hwperf's.

    Args:
        definition: its entry of benchmarks.json.
        costs: some of its costs; they choose the prefix where the field has no usual one.
    """
    metric = metric_of(definition)
    if metric is None or definition.get("unit") != "seconds":
        return None
    if metric.unit == "s":
        return Shown(metric, 1.0, "seconds")
    plain = Shown(metric, 1.0, metric.unit)
    values = sorted(v for v in (plain.value(cost) for cost in costs) if v is not None)
    typical = USUAL.get(metric.unit) or (values[len(values) // 2] if values else 1.0)
    return Shown(metric, *scale_of(typical, metric.unit))


def metric_of(definition: Mapping[str, Any]) -> Metric | None:
    """Return the metric of a benchmark of hwperf's, or None.

    A plugin's own metric is known by its unit and direction.
    """
    name, unit = str(definition.get("metric", "")), definition.get("metric_unit")
    if name in METRICS or unit not in UNITS:
        return METRICS.get(name)
    return Metric(name, str(unit), "ops", bool(definition.get("higher_is_better")), "")


def convert_graph(path: Path, shown: Shown) -> None:
    """Rewrite ``[[revision, cost or [cost, ...]], ...]``."""

    def point(data: Any) -> Any:
        return [shown.value(cost) for cost in data] if isinstance(data, list) else shown.value(data)

    _rewrite(path, lambda points: [[revision, point(data)] for revision, data in points])


def convert_summary(path: Path, shown_by_name: Mapping[str, Shown]) -> None:
    """Rewrite the rows of the list page: the last value, its error and the one before."""

    def row(old: dict[str, Any]) -> dict[str, Any]:
        shown = shown_by_name.get(old["name"])
        if shown is None:
            return old
        new = dict(old)
        for key in ("last_value", "prev_value"):
            new[key] = shown.value(old[key])
        if old["last_err"] is not None and new["last_value"] is not None:
            # First order: the relative error of a rate is that of its cost.
            new["last_err"] = new["last_value"] * old["last_err"] / old["last_value"]
        return new

    _rewrite(path, lambda rows: [row(old) for old in rows])


def convert_regressions(
    entries: Iterable[list[Any]], shown_by_name: Mapping[str, Shown]
) -> list[list[Any]]:
    """Return the entries of regressions.json with values in place of costs."""
    converted = []
    for entry in entries:
        shown = shown_by_name.get(base_name(entry[0]))
        if shown is not None:
            last, best = shown.value(entry[4]), shown.value(entry[5])
            jumps = [[a, b, shown.value(x), shown.value(y)] for a, b, x, y in entry[6]]
            entry = [*entry[:4], last, best, jumps]
        converted.append(list(entry))
    return converted


def base_name(entry_name: str) -> str:
    """Return the benchmark of an entry such as ``memory.Copy.cost(4096, 'small')``."""
    return entry_name.split("(", 1)[0]


def _rewrite(path: Path, change: Callable[[Any], Any]) -> None:
    if path.is_file():
        path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), "utf-8")
