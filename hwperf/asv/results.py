"""What was measured, as asv keeps it. This module reads result files without importing asv."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwperf.asv import damage, versions
from hwperf.asv.rates import metric_of
from hwperf.metrics import Metric

__all__ = ["Point", "definitions_of", "files", "latest", "points_of", "read"]

Warn = Callable[[str], None]
Known = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Point:
    """One point of one result file.

    Attributes:
        machine: name of the machine.
        commit: hash of the measured commit.
        environment: asv's name of the environment.
        started_at: when its benchmark was started, seconds since 1970; None in old files.
        benchmark: asv's name, e.g. ``memory.Copy.cost``.
        workload: id of the workload; None for a benchmark that is not hwperf's.
        metric: name of its metric, or None.
        params: ``repr`` of each parameter by its name.
        cost: seconds per unit of work, or the value of a benchmark that is not hwperf's; NaN where
            the host cannot measure it, None where it failed.
        interval: 99 % interval of the cost, or None.
        samples: costs, empty where none were recorded.
        version: version of the benchmark that was run.
        unit: asv's unit of the cost, ``seconds`` for all of hwperf's.
        quantity: the metric that people read in place of the cost, None where it is not hwperf's.
    """

    machine: str
    commit: str
    environment: str
    started_at: float | None
    benchmark: str
    workload: str | None
    metric: str | None
    params: Mapping[str, str]
    cost: float | None
    interval: tuple[float, float] | None
    samples: tuple[float, ...]
    version: str
    unit: str = "seconds"
    quantity: Metric | None = None


def read(
    results_dir: Path, *, machine: str | None = None, warn: Warn = lambda sentence: None
) -> Iterator[Point]:
    """Yield every point of every result file, file by file.

    Args:
        results_dir: asv's directory of results.
        machine: only this machine's.
        warn: told of each file that is damaged and passed over.
    """
    known = definitions_of(results_dir)
    for path in files(results_dir, machine):
        yield from points_of(path, known, warn)


def latest(
    results_dir: Path, *, machine: str | None = None, warn: Warn = lambda sentence: None
) -> list[Point]:
    """Return the points of the result file in which something was measured last."""
    known = definitions_of(results_dir)
    newest: list[Point] = []
    newest_at = -math.inf
    for path in files(results_dir, machine):
        points = list(points_of(path, known, warn))
        at = max((point.started_at or 0.0 for point in points), default=-math.inf)
        if at > newest_at:
            newest, newest_at = points, at
    return newest


def files(results_dir: Path, machine: str | None = None) -> Iterator[Path]:
    """Yield the paths of the result files, of one machine or of all, in order of their names."""
    for path in sorted(results_dir.glob(f"{machine or '*'}/*.json")):
        if path.name != "machine.json" and (path.parent / "machine.json").is_file():
            yield path


def points_of(
    path: Path, known: Known | None = None, warn: Warn = lambda sentence: None
) -> Iterator[Point]:
    """Yield the points of one result file.

    Args:
        path: the file.
        known: definitions, as :func:`definitions_of` gives them; read where None.
        warn: told why a file is passed over.
    """
    known = definitions_of(path.parent.parent) if known is None else known
    cause = damage.of_result_file(path)
    if cause is not None:
        warn(f"{path} is damaged and passed over: {cause}")
        return
    data = json.loads(path.read_text(encoding="utf-8"))
    if data.get("version") != 2:
        warn(f"{path} is passed over: format {data.get('version')} is not the 2 that hwperf reads")
        return
    for name, row in data["results"].items():
        cells = dict(zip(data["result_columns"], row, strict=False))
        version = str(cells.get("version") or "")
        definition = known.get((name, version)) or known.get((name, ""), {})
        axes = cells["params"]
        names = definition.get("param_names") or [f"param{i + 1}" for i in range(len(axes))]
        started = cells.get("started_at")
        for index, values in enumerate(itertools.product(*axes)):
            yield Point(
                machine=path.parent.name,
                commit=data["commit_hash"],
                environment=data["env_name"],
                started_at=_seconds(started),
                benchmark=name,
                workload=definition.get("workload"),
                metric=definition.get("metric"),
                params=dict(zip(names, values, strict=False)),
                cost=_at(cells, "result", index),
                interval=_interval(cells, index),
                samples=tuple(_at(cells, "samples", index) or ()),
                version=version,
                unit=str(definition.get("unit") or ""),
                quantity=metric_of(definition),
            )


def _seconds(started: Any) -> float | None:
    """Return asv's milliseconds in seconds, None where they are none."""
    if isinstance(started, bool) or not isinstance(started, (int, float)):
        return None
    try:
        seconds = started / 1e3
    except OverflowError:  # A whole number that no float holds.
        return None
    return seconds if math.isfinite(seconds) else None


def _at(cells: Mapping[str, Any], column: str, index: int) -> Any:
    cell = cells.get(column)
    return None if cell is None else cell[index]


def _interval(cells: Mapping[str, Any], index: int) -> tuple[float, float] | None:
    low, high = _at(cells, "stats_ci_99_a", index), _at(cells, "stats_ci_99_b", index)
    if not (_is_finite(low) and _is_finite(high)):
        return None
    return float(low), float(high)


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and math.isfinite(value)
    except OverflowError:  # A whole number that no float holds.
        return False


def definitions_of(results_dir: Path) -> Known:
    """Return each definition by name and version, and the current one by name and ""."""
    known: dict[tuple[str, str], Mapping[str, Any]] = {}
    for definition in versions.all_versions(results_dir):
        known[versions.key_of(definition)] = definition
        known[definition["name"], ""] = definition
    try:
        data = json.loads((results_dir / "benchmarks.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return known
    for name, definition in data.items() if isinstance(data, dict) else ():
        if isinstance(definition, dict):
            known[name, str(definition.get("version"))] = definition
            known[name, ""] = definition
    return known
