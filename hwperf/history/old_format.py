"""Result files of asv before 0.5. This module reads their format 1 as today's format 2.

There a benchmark is a number, nothing, or an object of values, parameters and statistics, and the
versions and times of all benchmarks stand beside them. Old results are the history: they are read
for ever, and never rewritten.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["COLUMNS", "as_format_2"]

COLUMNS = (
    "result", "params", "version", "started_at", "stats_ci_99_a", "stats_ci_99_b", "stats_repeat",
    "samples",
)  # fmt: skip
"""What is taken of a benchmark: what a series needs."""


def as_format_2(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a file of format 1 as that of one of format 2.

    What is not as it should be stays so: :mod:`hwperf.asv.damage` names it.
    """
    results = data.get("results")
    rows = results.items() if isinstance(results, Mapping) else ()
    told = {
        name: found if isinstance(found := data.get(name), Mapping) else {}
        for name in ("benchmark_version", "started_at")
    }
    converted = dict(data)
    converted.update(
        version=2,
        env_name=data.get("env_name") or f"py{data.get('python', '')}",
        result_columns=list(COLUMNS),
        results={
            name: [
                *_values(value)[:2],
                told["benchmark_version"].get(name),
                told["started_at"].get(name),
                *_values(value)[2:],
            ]
            for name, value in rows
        },
    )
    return converted


def _values(value: Any) -> tuple[Any, ...]:
    """Return result, params, the interval's ends, repeats and samples of one benchmark."""
    if not isinstance(value, Mapping):
        return [value], [], None, None, None, None
    result, params = _listed(value.get("result")), value.get("params") or []
    n_points = math.prod(len(axis) for axis in params if isinstance(axis, list))
    if len(result) != n_points and set(map(type, result)) == {type(None)}:
        result = [None] * n_points  # One failure stood for all.
    stats = [each if isinstance(each, Mapping) else {} for each in _listed(value.get("stats"))]
    if len(stats) != n_points:
        return result, params, None, None, None, None
    ends = [each.get("ci_99") for each in stats]
    bounds = [e if isinstance(e, list) and len(e) == 2 else [None, None] for e in ends]
    samples = value.get("samples")
    is_whole = isinstance(samples, list) and len(samples) == n_points
    return (
        result, params, [low for low, _ in bounds], [high for _, high in bounds],
        [each.get("repeat") for each in stats], samples if is_whole else None,
    )  # fmt: skip


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
