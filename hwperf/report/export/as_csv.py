"""Runs as a table. This module writes CSV (RFC 4180), one row for each point.

A spreadsheet takes a cell for a formula that begins with ``=``, ``+``, ``-`` or ``@``. Names come
from whoever wrote the benchmarks, so that such text gets an apostrophe before it; numbers are left
as they are.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hwperf.asv.recorded import Measurement, Run
from hwperf.report.export import content

__all__ = ["COLUMNS", "text"]

COLUMNS = (
    "machine", "commit", "environment", "measured_at", "benchmark", "workload", "params",
    "statistic", "metric", "unit", "higher_is_better", "value", "low", "high", "cost", "cost_unit",
    "n_samples", "verdict", "reason", "version", "placement", "cpu", "num_cpu", "ram",
)  # fmt: skip
"""The columns, in order. One may be added at the end."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Source: OWASP, CSV Injection.


def text(runs: Sequence[Run]) -> str:
    """Return the header and one row for each point; lines end with CR LF."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for run in runs:
        for each in run.measurements:
            writer.writerow(map(_cell, _row(run, each)))
    return stream.getvalue()


def _row(run: Run, found: Measurement) -> Iterator[Any]:
    shown = content.point(found)
    low, high = shown["interval"] or (None, None)
    values = {
        **shown,
        "machine": run.machine,
        "commit": run.commit,
        "environment": run.environment,
        "measured_at": content.instant(run.measured_at),
        "params": json.dumps(shown["params"], ensure_ascii=False),
        "low": low,
        "high": high,
        "n_samples": len(shown["samples"]),
        "placement": found.placement,
        **{name: run.facts.get(name) for name in ("cpu", "num_cpu", "ram")},
    }
    return (values[name] for name in COLUMNS)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
