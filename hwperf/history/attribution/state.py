"""What differs in what was recorded of the machine. This module compares two result files.

asv keeps the machine's facts, Python, requirements and environment variables in each of them, and
hwperf's sidecar beside it the clock. What differs is told as evidence; it decides nothing.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwperf.asv import sidecar
from hwperf.units import format_quantity

__all__ = ["Difference", "differences", "result_file"]

_NAME = 8  # Characters of a commit in asv's file names, at least.
_CLOCK = 0.03  # Of the clock; less is the reading's own noise.
_LONGEST = 200  # Characters of a value that are told.


@dataclass(frozen=True)
class Difference:
    """One fact that was another in each run; ``n/a`` where it was not recorded."""

    name: str
    before: str
    after: str


def result_file(directory: Path, commit: str, environment: str) -> Path | None:
    """Return the result file of *commit* and *environment* in a machine's *directory*."""
    for path in sorted(directory.glob("*.json")):
        if path.name.startswith(commit[:_NAME]):
            data = _content(path)
            if (data.get("commit_hash"), data.get("env_name")) == (commit, environment):
                return path
    return None


def differences(before: Path, after: Path) -> list[Difference]:
    """Return what differs between two result files and their sidecars, sorted by name."""
    first, second = dict(_facts(before)), dict(_facts(after))
    found = [
        Difference(name, first.get(name, "n/a"), second.get(name, "n/a"))
        for name in sorted({*first, *second})
        if first.get(name) != second.get(name)
    ]
    clocks = _clock(before), _clock(after)
    if all(clocks) and abs(clocks[1] / clocks[0] - 1) > _CLOCK:  # type: ignore[operator]
        told = [format_quantity(clock, "Hz") for clock in clocks]
        found.append(Difference("clock beside the samples", *told))
    return found


def _facts(path: Path) -> Iterator[tuple[str, str]]:
    data = _content(path)
    for name, value in _items(data.get("params")):
        yield name, _shown(value)
    if data.get("python"):
        yield "python", _shown(data["python"])
    for name, value in _items(data.get("requirements")):
        yield f"requirement {name[:_LONGEST]}", _shown(value or "any")
    for name, value in _items(data.get("env_vars")):
        yield f"variable {name[:_LONGEST]}", _shown(value)


def _items(found: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(found, Mapping):
        yield from ((str(name), value) for name, value in found.items())


def _shown(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _clock(path: Path) -> float | None:
    records = sidecar.latest(sidecar.read(sidecar.path_beside(path)))
    tags = [record.get("tags") for record in records]
    clocks = [tag.get("clock_hz") for tag in tags if isinstance(tag, Mapping)]
    known = [clock for clock in clocks if isinstance(clock, float) and clock > 0]
    return statistics.median(known) if known else None


def _content(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
