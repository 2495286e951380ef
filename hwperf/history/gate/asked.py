"""What was asked for and is not there. This module says what there is instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from re import Pattern

from hwperf.history.gate.words import clean
from hwperf.history.series import Series

__all__ = ["missing"]

_MOST = 5  # Names that are shown.


def missing(
    every: Sequence[Series],
    machine: str | None,
    environment: str | None,
    bench: Pattern[str] | None,
) -> Iterator[str]:
    """Yield a sentence for each wish that none of the results meets; nothing without results.

    Args:
        every: all series.
        machine: the name of a machine, if one was asked for.
        environment: that of an environment.
        bench: what a benchmark's name should hold.
    """
    if not every:
        return
    machines = {series.key.machine for series in every}
    environments = {series.key.environment for series in every}
    benchmarks = {series.key.benchmark for series in every}
    if machine is not None and machine not in machines:
        yield f"{machine!r} is no machine with results. There are: {_some(machines)}."
    if environment is not None and environment not in environments:
        yield f"{environment!r} is no environment with results. There are: {_some(environments)}."
    if bench is not None and not any(map(bench.search, benchmarks)):
        yield f"no benchmark has {bench.pattern!r} in its name. There are: {_some(benchmarks)}."


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _MOST} more" if len(shown) > _MOST else ""
    return ", ".join(clean(name, 60) for name in shown[:_MOST]) + more
