"""What was parsed once. This module keeps the points of a machine's result files as arrays.

A result file is known by its name, size and time of change (and its sidecar's); only what changed
is parsed again. The cache lies in the cache directory, never beside the results; without one, or
with a corrupt one, everything is parsed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.asv import sidecar
from hwperf.history import rows
from hwperf.history.rows import COLUMNS, Name, Rows
from hwperf.kernels import cachedir

__all__ = ["Table", "table_of"]

Warn = Callable[[str], None]
State = tuple[int, int, int, int]

_FORMAT = 2  # Raised when what is kept of a point changes.
_N_KEPT = 64  # Machines, at about 60 B a point.
_FRESH_S = 2.0  # File systems tell times in steps of up to two seconds.
_UNKNOWN: State = (-1, -1, -1, -1)


@dataclass(frozen=True, eq=False)
class Table:
    """The points of one machine.

    Attributes:
        commits: commit of each file.
        environments: environment of each file.
        dates: date of each file's commit, seconds since 1970.
        settings: index into *distinct* of each file.
        distinct: the settings that there are (:class:`hwperf.history.rows.Rows`).
        names: the points that there are.
        tags: the placements that there are; the first is "".
        columns: arrays as long as there are values: those of :data:`hwperf.history.rows.COLUMNS`,
            and ``file``, ``name`` and ``tag``, which are indices into the above.
    """

    commits: Sequence[str]
    environments: Sequence[str]
    dates: Sequence[float]
    settings: Sequence[int]
    distinct: Sequence[Mapping[str, str]]
    names: Sequence[Name]
    tags: Sequence[str]
    columns: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class _Kept:
    table: Table
    files: Mapping[str, tuple[int, State]]


def table_of(directory: Path, paths: Sequence[Path], warn: Warn = lambda sentence: None) -> Table:
    """Return the points of the result files *paths*, which lie in *directory*.

    Args:
        directory: a machine's directory.
        paths: its result files.
        warn: told which files are passed over.
    """
    place = _place(directory)
    kept = _load(place)
    now = time.time_ns()
    old: list[int] = []
    new: list[Rows] = []
    states: dict[str, State] = {}
    of_old, of_new = [], []
    for path in paths:
        state = _state(path, now)
        found = kept.files.get(path.name) if kept else None
        if found is not None and found[1] == state != _UNKNOWN:
            of_old.append(path.name)
            old.append(found[0])
        else:
            read = rows.read(path, warn)
            if read is None:
                continue
            of_new.append(path.name)
            new.append(read)
        states[path.name] = state
    table = _joined(kept.table if kept else None, old, new)
    if new or (kept is not None and len(old) != len(kept.files)):
        order = {name: i for i, name in enumerate([*of_old, *of_new])}
        _save(place, _Kept(table, {name: (order[name], states[name]) for name in order}))
    return table


def _state(path: Path, now: int) -> State:
    """Return what changes with a file; what may yet change unseen is never the same."""
    try:
        told = path.stat()
    except OSError:
        return _UNKNOWN
    size, changed, written = 0, 0, told.st_mtime_ns
    with contextlib.suppress(OSError):
        beside = sidecar.path_beside(path).stat()
        size, changed = beside.st_size, _changed(beside)
        written = max(written, beside.st_mtime_ns)
    if now - written < _FRESH_S * 1e9:
        return _UNKNOWN
    return told.st_size, _changed(told), size, changed


def _changed(told: os.stat_result) -> int:
    """Return when a file was changed, in nanoseconds; copies may keep the time of its content."""
    return max(told.st_mtime_ns, told.st_ctime_ns)


def _joined(kept: Table | None, old: Sequence[int], new: Sequence[Rows]) -> Table:
    """Return one table of the files *old* of *kept* and of *new*."""
    names: dict[Name, int] = {}
    tags: dict[str, int] = {"": 0}
    parts: list[Mapping[str, NDArray[Any]]] = []
    commits: list[str] = []
    environments: list[str] = []
    dates: list[float] = []
    settings: list[int] = []
    distinct: dict[tuple[tuple[str, str], ...], int] = {}
    if kept is not None and old:
        commits += [kept.commits[i] for i in old]
        environments += [kept.environments[i] for i in old]
        dates += [kept.dates[i] for i in old]
        settings += [kept.settings[i] for i in old]
        distinct = {tuple(each.items()): i for i, each in enumerate(kept.distinct)}
        place = np.full(len(kept.commits), -1)
        place[list(old)] = np.arange(len(old))
        file = place[kept.columns["file"]]
        parts.append(
            {**{k: c[file >= 0] for k, c in kept.columns.items()}, "file": file[file >= 0]}
        )
        names = {name: i for i, name in enumerate(kept.names)}
        tags = {tag: i for i, tag in enumerate(kept.tags)}
    for each in new:
        tag = np.zeros(len(each.names), np.int32)
        for index, words in each.placements.items():
            tag[index] = tags.setdefault(words, len(tags))
        name = np.array([names.setdefault(n, len(names)) for n in each.names], np.int32)
        file = np.full(len(each.names), len(commits), np.int32)
        parts.append({**each.columns, "file": file, "name": name, "tag": tag})
        commits.append(each.commit)
        environments.append(each.environment)
        dates.append(each.date)
        settings.append(distinct.setdefault(tuple(each.setting.items()), len(distinct)))
    types = {**COLUMNS, "file": np.int32, "name": np.int32, "tag": np.int32}
    columns: dict[str, NDArray[Any]] = {
        key: np.concatenate([part[key] for part in parts]).astype(dtype, copy=False)
        if parts
        else np.empty(0, dtype)
        for key, dtype in types.items()
    }
    return Table(
        commits, environments, dates, settings, [dict(each) for each in distinct], list(names),
        list(tags), columns,
    )  # fmt: skip


def _place(directory: Path) -> Path | None:
    """Return the file of a machine's cache, None where there is no cache directory of ours."""
    base = cachedir._hwperf_cache()
    if base is None:
        return None
    name = hashlib.sha256(os.fsencode(os.path.realpath(directory))).hexdigest()[:32]
    return base / "history" / f"{name}.npz"


def _load(place: Path | None) -> _Kept | None:
    if place is None:
        return None
    try:
        if not cachedir.is_private(place.stat()):
            return None
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as data:
            told = json.loads(bytes(data["told"]))
            if told["format"] != _FORMAT:
                return None
            names = [(e, b, v, tuple(point)) for e, b, v, point in told["names"]]
            columns = {key: data[f"of_{key}"] for key in (*COLUMNS, "file", "name", "tag")}
        files = {name: (int(i), tuple(state)) for name, i, state in told["files"]}
        table = Table(
            told["commits"], told["environments"], told["dates"], told["settings"],
            told["distinct"], names, told["tags"], columns,
        )  # fmt: skip
        _require_sound(table)
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile):
        return None  # Of no use, and no harm: everything is parsed.
    return _Kept(table, files)


def _require_sound(table: Table) -> None:
    sizes = {len(column) for column in table.columns.values()}
    tops = {"file": len(table.commits), "name": len(table.names), "tag": len(table.tags)}
    per_file = (table.environments, table.dates, table.settings)
    sound = len(sizes) == 1 and all(len(each) == len(table.commits) for each in per_file)
    sound = sound and all(0 <= i < len(table.distinct) for i in table.settings)
    for key, top in tops.items():
        column = table.columns[key]
        sound = sound and (len(column) == 0 or (column.min() >= 0 and column.max() < top))
    if not sound:
        raise ValueError("the arrays do not fit together")


def _save(place: Path | None, kept: _Kept) -> None:
    """Write the cache; where that cannot be, the next reader parses again."""
    if place is None:
        return
    table = kept.table
    told = {
        "format": _FORMAT,
        "files": [[name, i, state] for name, (i, state) in kept.files.items()],
        "commits": table.commits,
        "environments": table.environments,
        "dates": table.dates,
        "settings": table.settings,
        "distinct": table.distinct,
        "names": table.names,
        "tags": table.tags,
    }
    stream = io.BytesIO()
    text = json.dumps(told, separators=(",", ":")).encode()
    arrays: dict[str, Any] = {f"of_{key}": column for key, column in table.columns.items()}
    arrays["told"] = np.frombuffer(text, np.uint8)
    np.savez(stream, **arrays)
    with contextlib.suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(suffix=".part", dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(stream.getbuffer())
            os.replace(temporary, place)
        except OSError:
            os.unlink(temporary)
            raise
        _remove_oldest(place.parent)


def _remove_oldest(directory: Path) -> None:
    found = sorted(directory.glob("*.npz"), key=lambda each: each.stat().st_mtime, reverse=True)
    for each in found[_N_KEPT:]:
        each.unlink(missing_ok=True)
