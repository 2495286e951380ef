"""Runs as the reading layer gives them, made up: in memory, or as files in asv's format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hwperf.asv.recorded import Measurement, Run
from hwperf.asv.results import Point
from hwperf.metrics import METRICS

FACTS = {"machine": "here", "os": "Linux", "cpu": "A CPU", "num_cpu": "2", "ram": "16 GiB"}


def measured(
    name: str = "memory.copy",
    value: float | None = 1e9,
    *,
    metric: str | None = "bandwidth",
    unit: str = "seconds",
    params: Mapping[str, Any] | None = None,
    spread: float = 0.001,
    n_samples: int = 9,
    verdict: str = "",
    version: str = "v1",
    record: Mapping[str, Any] | None = None,
    benchmark: str = "",
) -> Measurement:
    """Return one point; *value* in the metric's base unit, samples evenly about it."""
    quantity = METRICS.get(metric or "")
    cost = None if value is None else (quantity.cost(value) if quantity else value)
    samples: tuple[float, ...] = ()
    if cost is not None and n_samples:
        middle = (n_samples - 1) / 2
        samples = tuple(cost * (1 + spread * (i - middle) / middle) for i in range(n_samples))
    beside = {"verdict": verdict} if verdict else {}
    return Measurement(
        Point(
            machine="here", commit="a" * 40, environment="host-py3.11", started_at=1e9,
            benchmark=benchmark or f"bench.{name}.cost",
            workload=name if quantity else None, metric=metric,
            params={key: repr(each) for key, each in (params or {}).items()},
            cost=cost if value is not None else float("nan"),
            interval=(min(samples), max(samples)) if samples else None,
            samples=samples, version=version, unit=unit, quantity=quantity,
        ),
        {**beside, **(record or {})},
    )  # fmt: skip


def run_of(
    *measurements: Measurement,
    machine: str = "here",
    commit: str = "a" * 40,
    facts: Mapping[str, str] | None = None,
    measured_at: float | None = 1e9,
    environment: str = "host-py3.11",
) -> Run:
    """Return a run of these points."""
    return Run(
        path=Path("results") / machine / f"{commit[:8]}-{environment}.json",
        machine=machine,
        facts={**FACTS, "machine": machine, **(facts or {})},
        commit=commit,
        environment=environment,
        measured_at=measured_at,
        measurements=tuple(measurements),
    )


@dataclass(frozen=True)
class Row:
    """One benchmark of a result file: its costs, one for each value of one parameter."""

    costs: Sequence[float | None]
    values: Sequence[Any] = ()
    name: str = "memory.Copy.cost"
    workload: str | None = "memory.copy"
    metric: str | None = "bandwidth"
    unit: str = "seconds"
    axis: str = "nbytes"
    version: str = "v1"
    spread: float = 0.001
    records: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


COLUMNS = [
    "result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b",
    "samples",
]  # fmt: skip


def stored(
    directory: Path,
    rows: Iterable[Row],
    *,
    machine: str = "here",
    commit: str = "a" * 40,
    environment: str = "host-py3.11",
    started_at: float = 1e9,
) -> Path:
    """Write a result file with its sidecar and definitions as asv and hwperf do; return it."""
    folder = directory / machine
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "machine.json").write_text(json.dumps({**FACTS, "machine": machine, "version": 1}))
    known_at = directory / "benchmarks.json"
    known = json.loads(known_at.read_text()) if known_at.exists() else {}
    results: dict[str, Any] = {}
    lines = []
    for row in rows:
        quantity = METRICS.get(row.metric or "")
        known[row.name] = {
            "name": row.name, "unit": row.unit, "version": row.version,
            "param_names": [row.axis] if row.values else [],
            **({"workload": row.workload, "metric": row.metric} if quantity else {}),
        }  # fmt: skip
        results[row.name] = [
            list(row.costs), [[repr(v) for v in row.values]] if row.values else [],
            row.version, int(started_at * 1e3), 1.0,
            [c and c * (1 - row.spread) for c in row.costs],
            [c and c * (1 + row.spread) for c in row.costs],
            [c and [c * (1 + row.spread * (i - 4) / 4) for i in range(9)] for c in row.costs],
        ]  # fmt: skip
        lines += [json.dumps({"benchmark": row.name, **record}) for record in row.records]
    known_at.write_text(json.dumps(known))
    path = folder / f"{commit[:8]}-{environment}.json"
    path.write_text(
        json.dumps(
            {
                "version": 2,
                "commit_hash": commit,
                "env_name": environment,
                "date": 1,
                "params": {"machine": machine},
                "python": "3.11",
                "requirements": {},
                "env_vars": {},
                "result_columns": COLUMNS,
                "results": results,
                "durations": {},
            }
        )
    )
    if lines:
        path.with_name(f"{path.stem}.hwperf.jsonl").write_text("\n".join(lines) + "\n")
    return path
