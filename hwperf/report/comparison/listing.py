"""What is recorded, in brief. This module lists result files without reading their sidecars.

A directory may hold thousands of runs of a megabyte each; to choose one of them, its commit and
its date suffice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwperf.asv import damage, recorded, results
from hwperf.asv.recorded import Run, Warn

__all__ = ["Listed", "listed", "loaded"]


@dataclass(frozen=True)
class Listed:
    """One result file in brief; the attributes are those of a run.

    Attributes:
        path: the file.
        machine: name of the machine.
        commit: hash of the measured commit.
        environment: asv's name of the environment.
        measured_at: when the newest of its points was started, seconds since 1970, or None.
    """

    path: Path
    machine: str
    commit: str
    environment: str
    measured_at: float | None


def listed(results_dir: Path, *, warn: Warn = lambda sentence: None) -> list[Listed]:
    """Return every result file that holds a benchmark, in order of the files' names.

    Args:
        results_dir: asv's directory of results.
        warn: told of each file that is passed over, and why.
    """
    return [
        found for path in results.files(results_dir) if (found := _brief(path, warn)) is not None
    ]


def loaded(
    results_dir: Path, chosen: Sequence[Listed], *, warn: Warn = lambda sentence: None
) -> Iterator[Run]:
    """Yield the whole runs of *chosen*; one that was damaged meanwhile is named and passed over."""
    known = results.definitions_of(results_dir)
    for each in chosen:
        run = recorded.of_file(each.path, known=known, warn=warn)
        if run is not None:
            yield run


def _brief(path: Path, warn: Warn) -> Listed | None:
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        warn(f"{path} is damaged and passed over: {damage.of_result_file(path) or 'torn'}")
        return None
    version = data.get("version") if isinstance(data, dict) else None
    if version not in (2, None):
        warn(f"{path} is passed over: format {version} is not the 2 that hwperf reads")
        return None
    cause = damage.of_results(data)
    if cause is not None:
        warn(f"{path} is damaged and passed over: {cause}")
        return None
    started = [_started(data["result_columns"], row) for row in data["results"].values()]
    if not started:
        return None
    return Listed(
        path=path,
        machine=path.parent.name,
        commit=str(data["commit_hash"]),
        environment=str(data["env_name"]),
        measured_at=max((at for at in started if at is not None), default=None),
    )


def _started(columns: list[Any], row: list[Any]) -> float | None:
    at = dict(zip(columns, row, strict=False)).get("started_at")
    try:
        return float(at) / 1e3 if isinstance(at, (int, float)) else None
    except OverflowError:  # A whole number that no float holds.
        return None
