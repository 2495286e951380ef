"""Runs that can be calculated with. This module reads one, and passes over what would break later.

A file may be sound JSON of the right shape and still hold cells of a kind that nobody writes: a
parameter's name that is a list, a cost of 400 digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hwperf.asv import recorded
from hwperf.asv.recorded import Measurement, Run, Warn

__all__ = ["run_of"]

_FROM_NONSENSE = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


def run_of(
    path: Path,
    *,
    known: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
    warn: Warn = lambda sentence: None,
) -> Run | None:
    """Return the run in the result file *path*, each point of which has been looked at.

    Args:
        path: the file.
        known: definitions, as :func:`hwperf.asv.results.definitions_of` gives them.
        warn: told why the file is passed over.

    Returns:
        None where it holds no point, or one that cannot be read.
    """
    try:
        run = recorded.of_file(path, known=known, warn=warn)
        for each in run.measurements if run is not None else ():
            _look_at(each)
    except _FROM_NONSENSE as error:
        warn(f"{path} is damaged, or its benchmarks.json is, and passed over: {error}")
        return None
    return run


def _look_at(each: Measurement) -> None:
    """Raise one of :data:`_FROM_NONSENSE` where a report could not use *each*."""
    point = each.point
    words = (each.name, point.benchmark, point.commit, point.environment, point.unit, *point.params)
    odd = [word for word in words if not isinstance(word, str)]
    odd += [text for text in point.params.values() if not isinstance(text, str)]
    if odd:
        raise TypeError(f"{odd[0]!r} is no text")
    _ = each.value, each.interval, each.params, each.verdict, each.reason, each.placement
    _ = [float(sample) for sample in point.samples if sample is not None]
