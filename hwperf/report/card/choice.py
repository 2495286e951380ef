"""Which run a card is of. This module finds the newest one without reading a whole history.

A result file is written after what it holds was measured, and a copy is not older than that: so the
time of the file is an upper bound. Files are looked into from the latest on, until none that is
left can hold anything newer.
"""

from __future__ import annotations

import difflib
import glob
import itertools
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hwperf.asv import damage, recorded, results
from hwperf.asv.git import commit_of
from hwperf.asv.recorded import Run
from hwperf.errors import UsageError
from hwperf.report import fragments

__all__ = ["chosen", "machines"]

Warn = Callable[[str], None]

_FEWEST = 4  # Of a hash that is cut; fewer are as good as any name.
_NAMED = 5  # Commits that a sentence names.


def machines(results_dir: Path) -> list[str]:
    """Return the names of the machines that *results_dir* has a directory of."""
    return sorted(path.parent.name for path in results_dir.glob("*/machine.json"))


def chosen(
    results_dir: Path,
    *,
    machine: str | None = None,
    commit: str | None = None,
    repo: Path | None = None,
    is_whole: bool = True,
    warn: Warn = lambda sentence: None,
) -> Run | None:
    """Return the run in which something was measured last, or None where there is none.

    Args:
        results_dir: asv's directory of results.
        machine: only this machine's.
        commit: only of this commit: a hash or the begin of one, or what git knows in *repo*.
        repo: where other names than hashes are looked up.
        is_whole: whether a mere fragment of a suite is passed over, unless its commit is asked for.
        warn: told of each file that is damaged and passed over.

    Raises:
        UsageError: for a machine or a commit of which there is nothing, with what there is.
    """
    _require_machine(results_dir, machine)
    # Names of machines may have any characters.
    found = list(results.files(results_dir, None if machine is None else glob.escape(machine)))
    if commit is not None:
        found = _of_commit(found, commit, repo)
    newest = _newest_first(found, warn)
    if is_whole and commit is None:
        newest = _whole_first(newest, warn)
    known = None
    for path, _ in newest:
        known = results.definitions_of(results_dir) if known is None else known
        run = recorded.of_file(path, known=known, warn=warn)
        if run is not None:
            return run
    return None


def _require_machine(results_dir: Path, machine: str | None) -> None:
    if machine is None:
        return
    there = machines(results_dir)
    if machine in there:
        return
    near = difflib.get_close_matches(machine, there, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(map(repr, there)) or "none"
    raise UsageError(
        f"--machine {machine!r}: {results_dir} has no results of it.{hint} It has: {listed}."
    )


def _of_commit(found: list[Path], commit: str, repo: Path | None) -> list[Path]:
    """Return the files of *commit*, by the names of the files alone."""
    by_hash = {path: path.name.partition("-")[0] for path in found}
    wanted = commit.strip().lower()
    is_hash = len(wanted) >= _FEWEST and all(letter in "0123456789abcdef" for letter in wanted)
    mine = [path for path in found if is_hash and _begins(path, wanted)]
    if not mine:
        full = None if repo is None else commit_of(repo, commit)
        mine = [path for path in found if full and _begins(path, full)]
    if len({by_hash[path] for path in mine}) > 1:
        listed = ", ".join(sorted({by_hash[path] for path in mine})[:_NAMED])
        raise UsageError(f"--commit {commit!r} is the begin of several: {listed}. Give more of it.")
    if found and not mine:
        there = list(dict.fromkeys(by_hash.values()))
        more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
        raise UsageError(
            f"--commit {commit!r}: there are no results of it. "
            f"There are those of {', '.join(there[:_NAMED])}{more}."
        )
    return mine


def _begins(path: Path, wanted: str) -> bool:
    """Return whether the file is of a commit whose hash begins with *wanted*."""
    short = path.name.partition("-")[0]
    if len(wanted) <= len(short):
        return short.startswith(wanted)
    if not wanted.startswith(short):
        return False
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return True  # What is wrong with it is said when it is read.
    return not isinstance(data, dict) or str(data.get("commit_hash", "")).startswith(wanted)


def _newest_first(found: list[Path], warn: Warn) -> Iterator[tuple[Path, int]]:
    """Yield *found*, the newest first, by when something was measured; with the count of values."""
    waiting = sorted(((_modified(path), str(path), path) for path in found), reverse=True)
    looked: list[tuple[float, str, Path, int]] = []
    while waiting or looked:
        best = max(looked, default=None)
        if waiting and (best is None or waiting[0][0] >= best[0]):
            _, name, path = waiting.pop(0)
            brief = _brief(path, warn)
            if brief is not None:
                looked.append((brief[0], name, path, brief[1]))
            continue
        assert best is not None
        looked.remove(best)
        yield best[2], best[3]


def _whole_first(newest: Iterator[tuple[Path, int]], warn: Warn) -> Iterator[tuple[Path, int]]:
    """Yield what *newest* yields, but before all others the first that is no fragment."""
    looked_at = list(itertools.islice(newest, fragments.LOOKED_AT))
    mine = [each for each in looked_at if each[0].parent == looked_at[0][0].parent]
    if not mine:
        return
    whole = fragments.shown(mine, lambda each: each[1])
    if whole is not mine[0]:
        path, n = mine[0]
        commit = path.name.partition("-")[0]
        warn(fragments.passed_over(_words(path), n, _words(whole[0]), commit))
    yield whole
    yield from (each for each in looked_at if each is not whole)
    yield from newest


def _words(path: Path) -> str:
    return f"{path.parent.name}:{path.stem}"


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return -math.inf  # It went away meanwhile; looked into last, it is named then.


def _brief(path: Path, warn: Warn) -> tuple[float, int] | None:
    """Return when the newest benchmark of a file was started, and how many values it holds.

    None where it is damaged.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or damage.of_results(data) not in (None, "it names no version"):
        cause = damage.of_result_file(path) or "it cannot be read"
        warn(f"{path} is damaged and passed over: {cause}")
        return None
    times = [_started(data["result_columns"], row) for row in data["results"].values()]
    at = max((at for at in times if at is not None), default=-math.inf)
    return at, fragments.values_in(data)


def _started(columns: list[Any], row: list[Any]) -> float | None:
    at = dict(zip(columns, row, strict=False)).get("started_at")
    try:
        seconds = float(at) / 1e3 if isinstance(at, (int, float)) else math.nan
    except OverflowError:  # A whole number that no float holds.
        return None
    return seconds if math.isfinite(seconds) else None
