"""Whole runs, as they were recorded. This module joins result files with their sidecars.

One result file is one run: a machine, a commit, an environment. What reports place, compare and
export comes from here; nothing is written, and asv is not imported.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hwperf.asv import results, sidecar
from hwperf.asv.results import Point
from hwperf.metrics import Metric

__all__ = ["Measurement", "Run", "newest", "of_file", "runs"]

Warn = Callable[[str], None]

_FROM_NONSENSE = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What sound JSON of the right shape still ends in whose cells are of a kind that nobody writes."""


@dataclass(frozen=True)
class Measurement:
    """One point of a run: asv's number and what the sidecar knows of it.

    Attributes:
        point: asv's part: cost, interval and samples in seconds per unit of work.
        record: the sidecar's part (docs/reference/sidecar.md), empty where it is lost.
    """

    point: Point
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The workload's id, or asv's name of a benchmark that is not hwperf's."""
        return self.point.workload or self.point.benchmark

    @property
    def is_tail(self) -> bool:
        """Whether it is the p99 of a point whose median is a benchmark of its own."""
        return self.point.workload is not None and self.point.benchmark.endswith("_p99")

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """The parameters by name, as Python values where asv kept a literal."""
        return MappingProxyType({name: _value(t) for name, t in self.point.params.items()})

    @property
    def metric(self) -> Metric | None:
        """What is measured; None for a benchmark that is not hwperf's."""
        return self.point.quantity

    @property
    def unit(self) -> str:
        """The unit of :attr:`value`: the metric's base unit, or asv's unit."""
        return self.point.unit if self.metric is None else self.metric.unit

    @property
    def higher_is_better(self) -> bool:
        """The direction of :attr:`value`."""
        return self.metric is not None and self.metric.higher_is_better

    @property
    def value(self) -> float | None:
        """The value in :attr:`unit`, None where there is none."""
        cost = self.point.cost
        if cost is None or not math.isfinite(cost):
            return None
        if self.metric is None:
            return cost
        return self.metric.value(cost) if cost > 0 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 99 % interval of :attr:`value`, lower bound first, or None."""
        found = self.point.interval
        if found is None or self.value is None:
            return None
        if self.metric is None:
            return found
        return self.metric.interval(*found) if min(found) > 0 else None

    @property
    def verdict(self) -> str:
        """ok, noisy, impossible, failed or n/a; without a sidecar what the number alone says."""
        known = self.record.get("verdict")
        if isinstance(known, str):
            return known
        if self.point.cost is None:
            return "failed"
        return "n/a" if self.value is None else "ok"

    @property
    def reason(self) -> str:
        """Why the verdict is not ok, empty where nothing is known."""
        return str(self.record.get("reason") or "")

    @property
    def placement(self) -> str:
        """How the CPUs of its threads lay to one another, where it has several."""
        found = self.record.get("placement")
        return str(found.get("tag") or "") if isinstance(found, Mapping) else ""


@dataclass(frozen=True)
class Run:
    """One result file.

    Attributes:
        path: the file.
        machine: name of the machine.
        facts: asv's machine.json of it: os, arch, cpu, num_cpu, ram.
        commit: hash of the measured commit.
        environment: asv's name of the environment.
        measured_at: when the newest of its points was started, seconds since 1970, or None.
        measurements: its points, in the order of the file.
    """

    path: Path
    machine: str
    facts: Mapping[str, str]
    commit: str
    environment: str
    measured_at: float | None
    measurements: tuple[Measurement, ...]


def runs(
    results_dir: Path, *, machine: str | None = None, warn: Warn = lambda sentence: None
) -> Iterator[Run]:
    """Yield every run, in order of the files' names; damaged files are named and passed over.

    Args:
        results_dir: asv's directory of results.
        machine: only this machine's.
        warn: told of each file that is passed over.
    """
    known = results.definitions_of(results_dir)
    for path in results.files(results_dir, machine):
        run = of_file(path, known=known, warn=warn)
        if run is not None:
            yield run


def newest(
    results_dir: Path, *, machine: str | None = None, warn: Warn = lambda sentence: None
) -> Run | None:
    """Return the run in which something was measured last, or None where there is none."""
    return max(
        runs(results_dir, machine=machine, warn=warn),
        key=lambda run: (run.measured_at or -math.inf, str(run.path)),
        default=None,
    )


def of_file(
    path: Path,
    *,
    known: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
    warn: Warn = lambda sentence: None,
) -> Run | None:
    """Return the run in the result file *path*, each point of which has been looked at.

    Args:
        path: the file.
        known: definitions, as :func:`hwperf.asv.results.definitions_of` gives them.
        warn: told why a file is passed over.

    Returns:
        None where it holds no point, or one that cannot be read.
    """
    try:
        run = _joined(path, known, warn)
        for each in run.measurements if run is not None else ():
            _look_at(each)
    except _FROM_NONSENSE as error:
        warn(f"{path} is damaged, or its benchmarks.json is, and passed over: {error}")
        return None
    return run


def _joined(
    path: Path, known: Mapping[tuple[str, str], Mapping[str, Any]] | None, warn: Warn
) -> Run | None:
    points = list(results.points_of(path, known, warn))
    if not points:
        return None
    beside = {
        _key(str(record.get("benchmark")), {n: repr(v) for n, v in params.items()}): record
        for record in sidecar.latest(sidecar.read(sidecar.path_beside(path)))
        if isinstance(params := record.get("params"), dict)
    }
    started = [point.started_at for point in points if point.started_at is not None]
    return Run(
        path=path,
        machine=points[0].machine,
        facts=_facts(path.parent / "machine.json"),
        commit=points[0].commit,
        environment=points[0].environment,
        measured_at=max(started, default=None),
        measurements=tuple(
            Measurement(point, beside.get(_key(point.benchmark, point.params), {}))
            for point in points
        ),
    )


def _look_at(each: Measurement) -> None:
    """Raise one of :data:`_FROM_NONSENSE` where a report could not use *each*."""
    point = each.point
    words = (each.name, point.benchmark, point.commit, point.environment, point.unit)
    for text in (*words, *point.params, *point.params.values()):
        if not isinstance(text, str):
            raise TypeError(f"{text!r} is no text")
    _ = each.value, each.interval, each.params, each.verdict, each.reason, each.placement
    _ = [float(sample) for sample in point.samples if sample is not None]


def _key(benchmark: str, params: Mapping[str, str]) -> tuple[Any, ...]:
    return benchmark, tuple(sorted(params.items()))


def _facts(path: Path) -> Mapping[str, str]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {str(name): str(value) for name, value in data.items() if name != "version"}


def _value(text: str) -> Any:
    """Return what a ``repr`` says, the text itself where it is no literal."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
