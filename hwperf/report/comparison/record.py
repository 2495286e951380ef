"""A comparison for programs. This module gives its JSON object (docs/howto/compare-runs.md)."""

from __future__ import annotations

import math
from typing import Any

from hwperf.asv.recorded import Measurement, Run
from hwperf.history.fdr import FALSE_SHARE
from hwperf.report.comparison.judged import ASSUMED_RUN_SD, OTHER_RUN_SD, Comparison
from hwperf.report.comparison.pairs import Compared

__all__ = ["SCHEMA", "of"]

SCHEMA = "hwperf.compare/1"
"""Name and version of the object. A key may be added without a new number."""


def of(comparison: Comparison) -> dict[str, Any]:
    """Return the object; values in base units, null where there is none."""
    return {
        "schema": SCHEMA,
        "a": _run(comparison.a),
        "b": _run(comparison.b),
        "differences": [
            {"what": each.what, "a": each.a or None, "b": each.b or None}
            for each in comparison.differences
        ],
        "false_share": FALSE_SHARE,
        "assumed_run_sd": {**ASSUMED_RUN_SD, "other": OTHER_RUN_SD},
        "n_compared": len(comparison.compared),
        "n_worse": len(comparison.worse),
        "n_better": len(comparison.better),
        "points": [_point(point) for point in comparison.points],
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "machine": run.machine,
        "commit": run.commit,
        "environment": run.environment,
        "measured_at": _finite(run.measured_at),
        "file": run.path.name,
        "facts": dict(run.facts),
    }


def _point(point: Compared) -> dict[str, Any]:
    known = point.b or point.a
    return {
        "name": point.name,
        "benchmark": None if known is None else known.point.benchmark,
        "params": {name: _plain(value) for name, value in point.params.items()},
        "is_tail": point.is_tail,
        "unit": point.unit,
        "higher_is_better": point.higher_is_better,
        "kind": point.kind,
        "why": point.why,
        "a": _side(point.a),
        "b": _side(point.b),
        "ratio": _finite(point.ratio),
        "interval": None if point.interval is None else list(map(_finite, point.interval)),
        "gain": _finite(point.gain),
        "p": point.p,
        "q": point.q,
        "is_measured_noise": point.is_measured_noise,
    }


def _side(measurement: Measurement | None) -> dict[str, Any] | None:
    if measurement is None:
        return None
    interval = measurement.interval
    return {
        "value": _finite(measurement.value),
        "interval": None if interval is None else list(map(_finite, interval)),
        "verdict": measurement.verdict,
        "reason": measurement.reason,
        "version": measurement.point.version,
        "placement": measurement.placement,
    }


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _plain(value: Any) -> Any:
    """Return a parameter as JSON has it: numbers, text, true, null, or its repr."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    return repr(value)
