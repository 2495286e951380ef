"""Beside each result file. This module writes and reads what asv has no slot for.

``results/<machine>/<hash8>-<env>.hwperf.jsonl`` holds one JSON object per line and measured point:
verdict, disturbances, limit, samples. A later line about the same point replaces an earlier one.
Losing the file loses no number.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hwperf.asv.files import write_text

__all__ = [
    "EVENTS",
    "RUN_STARTED",
    "SIDECAR",
    "SUFFIX",
    "append",
    "compact",
    "latest",
    "of_this_run",
    "path_beside",
    "read",
    "write",
]

SIDECAR = "HWPERF_SIDECAR"
"""Environment variable: the sidecar of the result file that is being measured."""

EVENTS = "HWPERF_EVENTS"
"""Environment variable: a file that follows a whole run, whatever result files it writes."""

RUN_STARTED = "HWPERF_RUN_STARTED"
"""Environment variable: when the run began (Unix time)."""

SUFFIX = ".hwperf.jsonl"


def path_beside(result_file: str | os.PathLike[str]) -> Path:
    """Return the sidecar of an asv result file."""
    return Path(os.path.splitext(os.fspath(result_file))[0] + SUFFIX)


def write(record: Mapping[str, Any]) -> None:
    """Append *record* to the files that the environment names, if it names any.

    A full disk does not cost the measurement: the record is lost, and stderr says so.
    """
    for variable in (SIDECAR, EVENTS):
        path = os.environ.get(variable)
        if path:
            try:
                append(path, record)
            except OSError as error:
                print(f"cannot append to {path}: {error.strerror}", file=sys.stderr)


def of_this_run(benchmark: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the latest record of a point that this very run has measured, or None."""
    path, began = os.environ.get(SIDECAR), os.environ.get(RUN_STARTED)
    if not path or not began:
        return None
    found = None
    for record in read(path):
        if record.get("benchmark") == benchmark and record.get("params") == params:
            found = record
    if found is None or not found.get("tags", {}).get("started", 0) >= float(began):
        return None
    return found


def append(path: str | os.PathLike[str], record: Mapping[str, Any]) -> None:
    """Append one record as one line, in one write: lines of several processes do not mix."""
    line = json.dumps(_finite(record), separators=(",", ":")) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        if _ends_torn(path):
            line = "\n" + line
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield the records of *path*, oldest first; lines that are torn or foreign are passed over.

    A missing file has no records.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(record, dict):
                    yield record
    except FileNotFoundError:
        return


def latest(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest record of each point, in the order in which points were first seen."""
    newest: dict[str, dict[str, Any]] = {}
    for record in records:
        newest[_point(record)] = record
    return list(newest.values())


def compact(path: str | os.PathLike[str]) -> None:
    """Drop the records of *path* that later ones replaced."""
    records = list(read(path))
    kept = latest(records)
    if len(kept) < len(records):
        write_text(path, "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in kept))


def _point(record: Mapping[str, Any]) -> str:
    key = [record.get("benchmark"), record.get("id"), record.get("params")]
    return json.dumps(key, sort_keys=True)


def _ends_torn(path: str | os.PathLike[str]) -> bool:
    """Whether the last line has no end, as a process killed while writing leaves it."""
    with open(path, "rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size == 0:
            return False
        stream.seek(size - 1)
        return stream.read(1) != b"\n"


def _finite(value: Any) -> Any:
    """Replace numbers that JSON does not have by None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
