"""The points of one result file, in columns. This module reads a file as asv or hwperf left it.

Half a million points are read within seconds, so a point is a number in some arrays and not an
object. What its numbers mean (unit, metric, names of parameters) is not in the file and is not
looked up here.
"""

from __future__ import annotations

import errno
import itertools
import json
import math
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.asv import damage, sidecar
from hwperf.history.old_format import as_format_2

__all__ = ["COLUMNS", "Name", "Rows", "read"]

Warn = Callable[[str], None]
Name = tuple[str, str, str, tuple[str, ...]]
"""What tells the points of a machine apart: environment, benchmark, version, ``repr`` of each
parameter."""

COLUMNS: Mapping[str, type] = {
    "value": np.float64, "low": np.float64, "high": np.float64, "time": np.float64,
    "n_samples": np.int32, "failed": np.bool_,
}  # fmt: skip
"""The numbers of a point. ``value`` is NaN where there is none, and ``failed`` says whether that is
a failure; ``low`` and ``high`` are the 99 % interval; ``time`` is in seconds since 1970."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The points of one file.

    Attributes:
        commit: hash of the measured commit.
        environment: asv's name of the environment.
        date: the commit's date as asv wrote it, seconds since 1970.
        setting: what asv tells graphs apart by: facts of the machine, requirements, and variables
            with ``env-`` before their names.
        names: who each point is.
        columns: arrays by the names of :data:`COLUMNS`, as long as *names*.
        placements: how the CPUs of its threads lay, of those points that have it.
    """

    commit: str
    environment: str
    date: float
    setting: Mapping[str, str]
    names: list[Name]
    columns: Mapping[str, NDArray[Any]]
    placements: Mapping[int, str]


def read(path: Path, warn: Warn = lambda sentence: None) -> Rows | None:
    """Return the points of the result file *path*, None where it is none that can be read.

    Args:
        path: the file; it may be in the middle of being written.
        warn: told why a file is passed over.
    """
    try:
        if stat.S_ISFIFO(path.stat().st_mode):  # Reading it would wait for somebody to write.
            raise OSError(errno.EINVAL, "it is a pipe")
        data = json.loads(path.read_bytes())
    except OSError as error:
        warn(f"{path} is passed over: it cannot be read ({error.strerror})")
        return None
    except (ValueError, RecursionError) as error:
        warn(f"{path} is damaged and passed over: it is not JSON ({error})")
        return None
    if isinstance(data, dict) and data.get("version") not in (1, 2, None):
        warn(f"{path} is passed over: hwperf reads formats 1 and 2, and not {data['version']!r}")
        return None
    try:
        if isinstance(data, dict) and data.get("version") == 1:
            data = as_format_2(data)
        cause = damage.of_results(data) or _cause(data)
        if cause is None:
            return _rows(data, _placements(path))
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        # Anybody's file: its parts may be of any kind.
        cause = f"it has not the form of asv's results ({' '.join(str(error).split())})"
    warn(f"{path} is damaged and passed over: {cause}")
    return None


def _cause(data: Mapping[str, Any]) -> str | None:
    wrong = [name for name in ("commit_hash", "env_name") if not isinstance(data[name], str)]
    return f"{' and '.join(wrong)} is no string" if wrong else None


def _rows(data: Mapping[str, Any], placed: Mapping[tuple[str, tuple[str, ...]], str]) -> Rows:
    names: list[Name] = []
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    environment = data["env_name"]
    for benchmark, row in data["results"].items():
        cells = dict(zip(data["result_columns"], row, strict=False))
        axes = [[str(value) for value in axis] for axis in cells["params"]]
        points = list(itertools.product(*axes))
        version = str(cells.get("version") or "")
        names += [(environment, benchmark, version, point) for point in points]
        values = cells.get("result") or [None] * len(points)
        columns["value"] += [_number(value) for value in values]
        columns["failed"] += [value is None for value in values]
        columns["time"] += [_seconds(cells.get("started_at"))] * len(points)
        for column, name in (("low", "stats_ci_99_a"), ("high", "stats_ci_99_b")):
            columns[column] += [_number(v) for v in cells.get(name) or [None] * len(points)]
        columns["n_samples"] += _counts(cells, len(points))
    arrays: dict[str, NDArray[Any]] = {
        name: np.array(columns[name], dtype) for name, dtype in COLUMNS.items()
    }
    unbounded = np.isnan(arrays["low"]) | np.isnan(arrays["high"])
    arrays["low"][unbounded] = arrays["high"][unbounded] = math.nan
    placements = {i: tag for i, (_, b, _, p) in enumerate(names) if (tag := placed.get((b, p)))}
    date = _seconds(data["date"])
    return Rows(
        commit=data["commit_hash"].lower(),
        environment=environment,
        date=0.0 if math.isnan(date) else date,
        setting=_setting(data),
        names=names,
        columns=arrays,
        placements=placements if placed else {},
    )


def _setting(data: Mapping[str, Any]) -> dict[str, str]:
    variables = data.get("env_vars")
    own = {f"env-{n}": v for n, v in variables.items()} if isinstance(variables, dict) else {}
    return {n: "" if v is None else str(v) for n, v in {**data["params"], **own}.items()}


def _number(value: Any) -> float:
    is_number = isinstance(value, (int, float)) and abs(value) < 1e300  # Of what squares would be.
    return float(value) if is_number else math.nan


def _seconds(milliseconds: Any) -> float:
    number = _number(milliseconds)
    return number / 1e3


def _counts(cells: Mapping[str, Any], n_points: int) -> list[int]:
    samples = cells.get("samples") or [None] * n_points
    repeats = cells.get("stats_repeat") or [None] * n_points
    return [
        len(taken) if isinstance(taken, list) else int(said) if isinstance(said, int) else 1
        for taken, said in zip(samples, repeats, strict=True)
    ]


def _placements(path: Path) -> dict[tuple[str, tuple[str, ...]], str]:
    """Return the placements that the sidecar tells, the last word on each point."""
    found = {}
    try:
        for record in sidecar.read(sidecar.path_beside(path)):
            placement, params = record.get("placement"), record.get("params")
            if isinstance(placement, Mapping) and isinstance(params, Mapping):
                key = str(record.get("benchmark")), tuple(repr(v) for v in params.values())
                found[key] = str(placement.get("tag") or "")
    except OSError:
        return {}  # Losing a sidecar loses no number.
    return found
