"""Which run is shown, and which lies before it. This module passes over mere fragments of a suite.

Whoever has measured two points since the last whole run still wants the page of the machine.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["LOOKED_AT", "before", "passed_over", "points_in", "shown", "values_in"]

LOOKED_AT = 20
"""Runs, the newest, in which one that is no fragment is looked for."""

_FRAGMENT = 0.1  # Of the points of the fullest run: fewer are some that somebody tried.

R = TypeVar("R")


def points_in(path: Path) -> int:
    """Return how many values a result file of asv holds, without reading its sidecar."""
    try:
        return values_in(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return 0  # What is wrong with it is said when it is read.


def values_in(data: Any) -> int:
    """Return how many values the content of a result file holds, 0 where it is none."""
    try:
        column = data["result_columns"].index("result")
        cells = [row[column] for row in data["results"].values() if len(row) > column]
    except (LookupError, AttributeError, TypeError, ValueError):
        return 0
    # None and NaN, which no other value differs from itself as, are no values.
    return sum(v is not None and v == v for cell in cells if isinstance(cell, list) for v in cell)


def shown(newest_first: Sequence[R], n_points: Callable[[R], int]) -> R:
    """Return the newest run that is no fragment.

    Args:
        newest_first: runs of one machine, at least one.
        n_points: how many points of one have a value.
    """
    looked_at = newest_first[:LOOKED_AT]
    counts = [n_points(run) for run in looked_at]
    least = _FRAGMENT * max(counts)
    return next(run for run, n in zip(looked_at, counts, strict=True) if n >= least)


def passed_over(newest: str, n: int, whole: str, commit: str | None = None) -> str:
    """Return the sentence that names the fragment which is not shown.

    Args:
        newest: the fragment, in a few words.
        n: how many values it holds.
        whole: what is shown in its place, in a few words.
        commit: the fragment's, where the user can ask for it with ``--commit``.
    """
    hint = "" if commit is None else f" --commit {shlex.quote(commit[:8])} shows the newest."
    counted = f"{n} value{'' if n == 1 else 's'}"
    return f"the newest run, {newest}, is a fragment ({counted}): this is {whole}.{hint}"


def before(n: int, newest_first: Sequence[R], n_points: Callable[[R], int]) -> R | None:
    """Return the run that one is compared with: the newest earlier one that is no fragment of it.

    Args:
        n: how many points of the run have a value.
        newest_first: the runs of the machine that are older.
        n_points: how many points of one have a value.

    Returns:
        the newest at all where each is a fragment, None where there is none.
    """
    for run in newest_first[:LOOKED_AT]:
        if n_points(run) >= _FRAGMENT * n:
            return run
    return newest_first[0] if newest_first else None
