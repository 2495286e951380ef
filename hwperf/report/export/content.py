"""What a run says, in words that any format can hold. This module makes plain records of runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hwperf.asv.recorded import Measurement, Run

__all__ = ["instant", "plain", "point", "run"]

_IN_POINT = frozenset(
    {
        "benchmark", "schema", "id", "params", "metric", "unit", "value", "interval", "cost_s",
        "verdict", "reason", "version", "samples",
    }
)  # fmt: skip


def run(found: Run) -> dict[str, Any]:
    """Return a run with its points as JSON has it."""
    return {
        "machine": found.machine,
        "facts": dict(found.facts),
        "commit": found.commit,
        "environment": found.environment,
        "measured_at": instant(found.measured_at),
        "file": f"{found.path.parent.name}/{found.path.name}",
        "points": [point(each) for each in found.measurements],
    }


def point(found: Measurement) -> dict[str, Any]:
    """Return one point as JSON has it: base units, null where there is nothing."""
    interval = found.interval
    return {
        "name": found.name,
        "benchmark": found.point.benchmark,
        "workload": found.point.workload,
        "params": {name: plain(value) for name, value in found.params.items()},
        "statistic": "p99" if found.is_tail else "median",
        "metric": None if found.metric is None else found.metric.name,
        "unit": found.unit,
        "higher_is_better": found.higher_is_better,
        "value": plain(found.value),
        "interval": None if interval is None else [plain(end) for end in interval],
        "cost": plain(found.point.cost),
        "cost_unit": found.point.unit,
        "samples": [plain(sample) for sample in found.point.samples],
        "verdict": found.verdict,
        "reason": found.reason,
        "version": found.point.version,
        "started_at": instant(found.point.started_at),
        "beside": {
            str(key): plain(value) for key, value in found.record.items() if key not in _IN_POINT
        },
    }


def instant(at: float | None) -> str | None:
    """Return seconds since 1970 as ``2026-11-29T11:21:03Z``, None where there are none."""
    if at is None or not math.isfinite(at):
        return None
    try:
        return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):  # A year that no calendar has.
        return None


def plain(value: Any) -> Any:
    """Return *value* as JSON has it; what is not finite becomes None, what is foreign its repr."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return repr(value)
