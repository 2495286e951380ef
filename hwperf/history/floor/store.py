"""Where floors lie. This module keeps them beside asv's results and reads them.

``results/<machine>/noise-floor.jsonl`` holds one JSON object per line: one metric in one session of
``hwperf aa``. Sessions are added, never dropped. It is no ``*.json``, which asv would take for a
result file.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hwperf.asv.files import write_text
from hwperf.history.floor.floors import Floor, floor_of

__all__ = ["FILE", "Kept", "Key", "keep", "load", "path_of"]

FILE = "noise-floor.jsonl"
SCHEMA = "hwperf.floor/1"

Params = tuple[tuple[str, str], ...]
"""Each parameter's name and the ``repr`` of its value, in asv's order."""

Key = tuple[str, str, Params]
"""Machine, asv's name of the benchmark, parameters."""

Kept = tuple[str, Params, Floor]
"""One metric of one machine: asv's name of the benchmark, parameters, floor."""


def path_of(results_dir: str | os.PathLike[str], machine: str) -> Path:
    """Return the file that holds the floors of *machine*."""
    return Path(results_dir) / machine / FILE


def load(results_dir: str | os.PathLike[str], machine: str | None = None) -> Mapping[Key, Floor]:
    """Return the newest floor of each metric that has one.

    Where one session measured several environments, the larger floor counts. Lines that are torn,
    foreign or of a newer format are passed over; a missing file holds none.

    Args:
        results_dir: asv's directory of results.
        machine: only this machine's; all by default.
    """
    found: dict[Key, tuple[float, Floor]] = {}
    root = Path(results_dir)
    for path in [path_of(root, machine)] if machine else sorted(root.glob(f"*/{FILE}")):
        for session, (benchmark, params, floor) in _read(path):
            if floor.change is None:
                continue
            key = (path.parent.name, benchmark, params)
            held = found.get(key)
            if held is not None and held[0] > session:
                continue
            if held is not None and held[0] == session and _size(held[1]) >= floor.change:
                continue
            found[key] = (session, floor)
    return {key: floor for key, (_, floor) in found.items()}


def keep(
    results_dir: str | os.PathLike[str], machine: str, session: float, floors: Iterable[Kept]
) -> Path:
    """Add the floors of one session to those of *machine*, in place of what it kept so far.

    Args:
        results_dir: asv's directory of results.
        machine: whose they are.
        session: when it began, seconds since 1970: what tells sessions apart.
        floors: all that the session knows by now.

    Returns:
        the file.

    Raises:
        CannotWrite: if it cannot be written; what it held is as before.
    """
    path = path_of(results_dir, machine)
    lines = [line for line, at in _lines(path) if at != session]
    for benchmark, params, floor in floors:
        record = {
            "schema": SCHEMA,
            "session": session,
            "benchmark": benchmark,
            "params": [list(pair) for pair in params],
            "version": floor.version,
            "environment": floor.environment,
            "commit": floor.commit,
            "measured_at": floor.measured_at,
            "rounds": floor.rounds,
            "sd": floor.sd,
            "change": None if floor.change is None or math.isinf(floor.change) else floor.change,
            "values": list(floor.values),
        }
        lines.append(json.dumps(record, separators=(",", ":"), allow_nan=False))
    write_text(path, "".join(f"{line}\n" for line in lines))
    return path


def _lines(path: Path) -> Iterator[tuple[str, float | None]]:
    """Yield each whole line of *path*, with the session that it belongs to."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return
    for line in text.split("\n"):
        record = _object(line)
        if record is not None:
            session = record.get("session")
            yield line, session if isinstance(session, (int, float)) else None


def _read(path: Path) -> Iterator[tuple[float, Kept]]:
    try:
        lines = list(_lines(path))
    except OSError:
        return
    for line, session in lines:
        record = _object(line)
        kept = None if record is None or session is None else _kept(record)
        if kept is not None and session is not None:
            yield session, kept


def _kept(record: Mapping[str, Any]) -> Kept | None:
    """Return the floor in *record*, computed anew from its values; None where it is not ours."""
    try:
        if record["schema"] != SCHEMA or not isinstance(record["benchmark"], str):
            return None
        params = tuple((str(name), str(value)) for name, value in record["params"])
        floor = floor_of(
            [float(value) for value in record["values"]],
            measured_at=float(record["measured_at"]),
            version=str(record["version"]),
            environment=str(record.get("environment") or ""),
            commit=str(record.get("commit") or ""),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return None if floor is None else (record["benchmark"], params, floor)


def _object(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _size(floor: Floor) -> float:
    return -1.0 if floor.change is None else floor.change
