"""Series out of any asv results. This module joins the points of one thing over the commits.

The results may be hwperf's or any other project's. They are read only, may be written by somebody
else meanwhile, and are ordered by git (:mod:`hwperf.history.order`).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from re import Pattern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.asv.rates import metric_of
from hwperf.asv.results import definitions_of
from hwperf.history import cache
from hwperf.history import order as orders
from hwperf.history.cache import Table
from hwperf.history.order import Order
from hwperf.history.rows import Name
from hwperf.metrics import Metric
from hwperf.units import format_bytes, format_quantity

__all__ = ["Series", "SeriesKey", "load", "machines"]

Warn = Callable[[str], None]
Array = NDArray[Any]

_RATES = (
    "/s",
    "/sec",
    "/second",
    "bps",
    "hz",
    "per second",
    "per sec",
    "iops",
    "flops",
    "fps",
    "qps",
    "rps",
    "% hit",
)
"""Ends of units in which more is better, where the benchmark does not say."""
_MOST_NAMED = 20  # Files that are passed over.
_DEEPEST = 3  # Directories below the results: machine names with slashes make them.


@dataclass(frozen=True, order=True)
class SeriesKey:
    """What makes points one series.

    Attributes:
        machine: name of the machine's directory.
        environment: asv's name of the environment.
        benchmark: asv's name, e.g. ``memory.Copy.cost``.
        params: name and ``repr`` of each parameter.
        version: of the benchmark: another version is another series.
    """

    machine: str
    environment: str
    benchmark: str
    params: tuple[tuple[str, str], ...] = ()
    version: str = ""

    @property
    def label(self) -> str:
        """The benchmark as a call: ``memory.Copy.cost(nbytes=4096)``."""
        if not self.params:
            return self.benchmark
        return f"{self.benchmark}({', '.join(f'{name}={value}' for name, value in self.params)})"


@dataclass(frozen=True, eq=False)
class Series:
    """The points of one benchmark, with its parameters, from the oldest commit to the newest.

    Attributes:
        key: who they are.
        values: float64; as asv stores them: costs in seconds per unit of work for hwperf's own.
            NaN where there is none.
        low: lower end of the 99 % interval of each value, NaN where there is none.
        high: upper end.
        commits: the commit of each.
        places: int64; the rank of each commit among all that were measured.
        times: when each was measured, seconds since 1970, NaN where nobody knows.
        unit: the unit of what is shown: base unit of the metric, else asv's unit.
        quantity: the metric that people read in place of the cost; None for what is not hwperf's.
        workload: id of the workload, None for what is not hwperf's.
        higher_is_better: the direction of what is shown.
        placements: how the CPUs of its threads lay, "" where there is only one or nobody knows.
        n_samples: int32; how many samples each value comes from.
        failed: whether each NaN is a failure, and not merely n/a.
        is_guessed: whether the direction is guessed from the unit.
        settings: what asv recorded of the machine, and the environment variables, at each point.
    """

    key: SeriesKey
    values: Array
    low: Array
    high: Array
    commits: tuple[str, ...]
    places: Array
    times: Array
    unit: str
    quantity: Metric | None
    workload: str | None
    higher_is_better: bool
    placements: tuple[str, ...]
    n_samples: Array
    failed: Array
    is_guessed: bool = False
    settings: Sequence[Mapping[str, str]] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def title(self) -> str:
        """The workload's id (of a tail with p99 behind it), or asv's name of the benchmark."""
        if self.workload is None:
            return self.key.benchmark
        return f"{self.workload} p99" if self.key.benchmark.endswith("_p99") else self.workload

    @property
    def name(self) -> str:
        """The title with the parameters: ``memory.copy(nbytes=4096)``."""
        params = ", ".join(f"{name}={value}" for name, value in self.key.params)
        return f"{self.title}({params})" if params else self.title

    @cached_property
    def is_negative(self) -> bool:
        """Whether most values lie below zero: then a ratio above 1 is a fall."""
        return bool(np.sum(self.values < 0) > np.sum(self.values > 0))

    @property
    def rises_when_worse(self) -> bool:
        """Whether a ratio of what is stored above 1 is worse: of a cost, also shown as a rate."""
        return (self.quantity is not None or not self.higher_is_better) is not self.is_negative

    @property
    def costs(self) -> Array:
        """The values as costs, which rise when it gets worse: of a rate the reciprocals."""
        if self.rises_when_worse:
            return self.values
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.values > 0, 1 / self.values, np.nan)

    def shown(self, value: float) -> float:
        """Return what is shown of a stored value, in :attr:`unit`; NaN where there is none."""
        if self.quantity is None:
            return value
        return self.quantity.value(value) if value > 0 else math.nan

    def words(self, value: float) -> str:
        """Return a stored value as people read it, e.g. ``24.7 GB/s``."""
        shown = self.shown(value)
        if not math.isfinite(shown):
            return "n/a"
        if self.quantity is not None or self.unit == "seconds":
            return format_quantity(shown, "s" if self.unit == "seconds" else self.unit)
        if self.unit == "bytes":
            return format_bytes(round(shown))
        return f"{shown:.4g} {self.unit}".rstrip()


def load(
    results_dir: Path,
    *,
    order: Order | None = None,
    machine: str | None = None,
    environment: str | None = None,
    bench: Pattern[str] | None = None,
    warn: Warn = lambda sentence: None,
) -> list[Series]:
    """Return every series in *results_dir*, sorted by key; its points are in order of commits.

    Args:
        results_dir: asv's directory of results, of any project.
        order: the order of the commits (:func:`hwperf.history.order.find`); by date where None.
        machine: only this machine's.
        environment: only this environment's.
        bench: only benchmarks in whose name (asv's, or the workload's id), with the parameters,
            this is found.
        warn: told of files that are passed over, of commits that git does not know, and of
            benchmarks whose version changed.
    """
    known = definitions_of(results_dir)
    files = _Named(warn)
    tables = {
        name: cache.table_of(directory, paths, files.tell)
        for name, directory, paths in machines(results_dir)
        if machine in (None, name, _told_name(directory) if machine else None)
    }
    files.end()
    pairs = (
        pair for table in tables.values() for pair in zip(table.commits, table.dates, strict=True)
    )
    places = orders.positions(order or orders.BY_DATE, orders.dates_of(pairs), warn)
    found: list[Series] = []
    for name, table in tables.items():
        wanted = _Wanted(name, environment, bench, known)
        found += _series_of(table, wanted, places)
    found.sort(key=lambda series: series.key)
    _tell_versions(found, warn)
    return found


class _Named:
    """Names files, and of very many only the first ones and how many there are."""

    def __init__(self, warn: Warn) -> None:
        self._warn, self._n_files = warn, 0

    def tell(self, sentence: str) -> None:
        self._n_files += 1
        if self._n_files <= _MOST_NAMED:
            self._warn(sentence)

    def end(self) -> None:
        if self._n_files > _MOST_NAMED:
            self._warn(f"{self._n_files - _MOST_NAMED} more files are passed over")


def machines(results_dir: Path) -> Iterator[tuple[str, Path, list[Path]]]:
    """Yield name, directory and result files of each machine, in order of the names.

    A machine's directory is one that holds ``machine.json``, as asv has it; other directories and
    files are somebody else's.
    """
    for directory, depth in _directories(results_dir, 0, set()):
        if depth and (directory / "machine.json").is_file():
            try:
                entries = sorted(os.listdir(directory))
            except OSError:
                continue
            paths = [directory / n for n in entries if n.endswith(".json") and n != "machine.json"]
            yield directory.relative_to(results_dir).as_posix(), directory, paths


def _directories(directory: Path, depth: int, seen: set[str]) -> Iterator[tuple[Path, int]]:
    real = os.path.realpath(directory)
    if real in seen:  # A link to what is there already, or back up.
        return
    seen.add(real)
    yield directory, depth
    if depth == _DEEPEST:
        return
    try:
        with os.scandir(directory) as entries:
            below = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    except OSError:
        return
    for name in below:
        yield from _directories(directory / name, depth + 1, seen)


def _told_name(directory: Path) -> str | None:
    try:
        data = json.loads((directory / "machine.json").read_bytes())
    except (OSError, ValueError):
        return None
    name = data.get("machine") if isinstance(data, dict) else None
    return name if isinstance(name, str) else None


@dataclass(frozen=True)
class _Wanted:
    """Which series of a machine are asked for, and what is known of them."""

    machine: str
    environment: str | None
    bench: Pattern[str] | None
    known: Mapping[tuple[str, str], Mapping[str, Any]]

    def definition(self, name: Name) -> Mapping[str, Any]:
        _, benchmark, version, _ = name
        return self.known.get((benchmark, version)) or self.known.get((benchmark, ""), {})

    def key(self, name: Name) -> SeriesKey | None:
        """Return the key of a point, None where it is not wanted."""
        environment, benchmark, version, point = name
        if self.environment not in (None, environment):
            return None
        definition = self.definition(name)
        names = definition.get("param_names")
        if not isinstance(names, list) or len(names) != len(point):
            names = [f"param{i + 1}" for i in range(len(point))]
        params = tuple((str(n), v) for n, v in zip(names, point, strict=True))
        key = SeriesKey(self.machine, environment, benchmark, params, version)
        if self.bench is not None and not self.bench.search(key.label):
            workload = definition.get("workload")
            if not (isinstance(workload, str) and self.bench.search(workload)):
                return None
        return key


def _series_of(table: Table, wanted: _Wanted, places: Mapping[str, int]) -> Iterator[Series]:
    keys = [wanted.key(name) for name in table.names]
    columns = table.columns
    place = np.array([places[commit] for commit in table.commits], np.int64)
    chosen = np.array([key is not None for key in keys], bool)
    rows = np.flatnonzero(chosen[columns["name"]]) if keys else np.empty(0, np.int64)
    sorting = np.lexsort(
        (columns["time"][rows], place[columns["file"][rows]], columns["name"][rows])
    )
    rows = rows[sorting]
    ids = columns["name"][rows]
    edges = [*np.flatnonzero(np.diff(ids, prepend=-1)), len(rows)]
    for start, end in pairwise(edges):
        name = table.names[ids[start]]
        key = keys[ids[start]]
        assert key is not None
        yield _one(table, rows[start:end], place, key, wanted.definition(name))


def _one(
    table: Table, rows: Array, place: Array, key: SeriesKey, definition: Mapping[str, Any]
) -> Series:
    cut = {name: column[rows] for name, column in table.columns.items()}
    unit = str(definition.get("unit") or "")
    quantity = metric_of(definition) if unit == "seconds" else None
    workload = definition.get("workload")
    told = definition.get("higher_is_better")
    higher = quantity.higher_is_better if quantity else told is True
    is_guessed = quantity is None and not isinstance(told, bool) and unit.lower().endswith(_RATES)
    values, low, high = cut["value"], cut["low"], cut["high"]
    if quantity is not None:  # A cost of zero or less is none.
        values = np.where(values > 0, values, np.nan)
        low = np.where(low > 0, low, np.nan)
        high = np.where(low > 0, high, np.nan)
    tags: Sequence[str] = table.tags
    return Series(
        key=key,
        values=values,
        low=low,
        high=high,
        commits=tuple(table.commits[i] for i in cut["file"]),
        places=place[cut["file"]],
        times=cut["time"],
        unit=quantity.unit if quantity else unit,
        quantity=quantity,
        workload=workload if isinstance(workload, str) else None,
        higher_is_better=higher or is_guessed,
        placements=tuple(tags[i] for i in cut["tag"]) if len(tags) > 1 else ("",) * len(rows),
        n_samples=cut["n_samples"],
        failed=cut["failed"],
        is_guessed=is_guessed,
        settings=tuple(table.distinct[table.settings[i]] for i in cut["file"]),
    )


def _tell_versions(found: Sequence[Series], warn: Warn) -> None:
    versions: dict[SeriesKey, set[str]] = {}
    for series in found:
        key = SeriesKey("", "", series.key.benchmark)
        versions.setdefault(key, set()).add(series.key.version)
    changed = sorted(key.benchmark for key, each in versions.items() if len(each) > 1)
    if changed:
        named = ", ".join(name[:60] for name in changed[:3]) + (", ..." if len(changed) > 3 else "")
        warn(
            f"{len(changed)} of {len(versions)} benchmarks changed their version; the points of"
            f" each version are a series of their own: {named}"
        )
