"""A comparison as data. This module turns it into the object that ``hwperf ab`` prints as JSON."""

from __future__ import annotations

import math
from typing import Any

from hwperf.asv.recorded import Measurement
from hwperf.history.ab.paired import Ratio
from hwperf.history.ab.session import Outcome
from hwperf.history.ab.verdict import Row
from hwperf.history.fdr import FALSE_SHARE

__all__ = ["SCHEMA", "as_json"]

SCHEMA = "hwperf.ab/1"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return everything that *outcome* says; numbers that JSON does not have are null."""
    comparison = outcome.comparison
    return {
        "schema": SCHEMA,
        "a": {"name": outcome.a.name, "commit": outcome.a.commit},
        "b": {"name": outcome.b.name, "commit": outcome.b.commit},
        "machine": outcome.machine,
        "rounds": outcome.rounds,
        "wall_s": outcome.wall_s,
        "interrupted": outcome.is_interrupted,
        "fdr": FALSE_SHARE,
        "min_change": comparison.min_change,
        "target": comparison.target,
        "exit_code": comparison.exit_code,
        "metrics": [_row(row, outcome.measurements.get(row.name)) for row in comparison.rows],
        "canaries": [
            {"name": name, "moved": name in comparison.moved, **_ratio(ratio)}
            for name, ratio in comparison.canaries.items()
        ],
        "missed": list(comparison.missed),
    }


def _row(row: Row, measurement: Measurement | None) -> dict[str, Any]:
    point = None if measurement is None else measurement.point
    return {
        "name": row.name,
        "benchmark": None if point is None else point.benchmark,
        "workload": None if point is None else point.workload,
        "params": {} if point is None else dict(point.params),
        "environment": None if point is None else point.environment,
        "unit": None if point is None else point.unit,
        "kind": row.kind,
        "reason": row.reason,
        "before": row.before,
        "after": row.after,
        "q": row.q,
        **_ratio(row.ratio),
    }


def _ratio(ratio: Ratio | None) -> dict[str, Any]:
    if ratio is None:
        return {"ratio": None, "interval": None, "p": None, "rounds": None, "seen": None}
    low, high = ratio.interval
    return {
        "ratio": _finite(ratio.value),
        "interval": [_finite(low), _finite(high)],
        "p": ratio.p,
        "rounds": ratio.rounds,
        "seen": _finite(ratio.seen),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
