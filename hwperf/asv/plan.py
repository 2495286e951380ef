"""What a run would measure. This module lists the points that a pattern selects, and how long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hwperf.asv.benchmark import camel
from hwperf.errors import UsageError

if TYPE_CHECKING:
    from hwperf.measure import Profile
    from hwperf.workload import Workload

__all__ = ["START_S", "Planned", "asv_names", "estimate", "measurements", "plan"]

OVERHEAD_S = 0.1
"""Fork, set-up, check and saving of one point; see docs/measured.md."""

START_S = 3.0
"""asv's start, discovery and the fork server's imports, once per run."""


@dataclass(frozen=True)
class Planned:
    """One point of a plan.

    Attributes:
        id: id of the workload.
        benchmark: asv's name.
        params: the parameters.
        reason: why this host cannot measure it, or None.
    """

    id: str
    benchmark: str
    params: Mapping[str, Any]
    reason: str | None


def plan(workloads: Iterable[Workload], patterns: Iterable[str] = ()) -> list[Planned]:
    """Return the points that any of *patterns* selects; all of them without a pattern.

    A pattern is a regular expression, looked for in ``<id>(<params>)`` and in asv's name of the
    point, as the plugin does for ``asv run --bench``.

    Raises:
        UsageError: if a pattern is no regular expression.
    """
    compiled = [_compiled(pattern) for pattern in patterns]
    return [
        point
        for workload in workloads
        for point in _points(workload)
        if not compiled or any(_selects(pattern, point) for pattern in compiled)
    ]


def measurements(points: Iterable[Planned], profile: Profile) -> int:
    """Return how often a point is measured: each as often as the profile has rounds.

    The tail of a point comes with its median.
    """
    rounds = 2 if profile.name == "full" else 1
    wanted = {(p.id, *map(repr, p.params.values())) for p in points if p.reason is None}
    return rounds * len(wanted)


def estimate(points: Iterable[Planned], profile: Profile) -> float:
    """Return the seconds that measuring *points* takes: an upper bound for settled points."""
    return START_S + measurements(points, profile) * (profile.budget_s + OVERHEAD_S)


def asv_names(workload: Workload) -> list[str]:
    """Return asv's names of the workload's benchmarks: ``memory.RandomRead.cost``."""
    domain, what = workload.id.split(".", 1)
    is_ours = workload.module.startswith("hwperf.")
    prefix = f"{domain}.{camel(what)}" if is_ours else f"plugins.{camel(workload.id)}"
    return [f"{prefix}.cost", *([f"{prefix}.cost_p99"] if workload.has_latencies else [])]


def _points(workload: Workload) -> Iterator[Planned]:
    for name in asv_names(workload):
        for params in workload.points():
            yield Planned(workload.id, name, params, _reason(workload, params))


def _reason(workload: Workload, params: Mapping[str, Any]) -> str | None:
    try:
        return workload.unsupported(params)
    except (Exception, SystemExit):  # Border: the run of the point says what is wrong.
        return None


def _selects(pattern: re.Pattern[str], point: Planned) -> bool:
    # asv writes the parameters by their repr, and none for a benchmark without parameters.
    values = f"({', '.join(map(repr, point.params.values()))})" if point.params else ""
    return any(pattern.search(name + values) for name in (point.id, point.benchmark))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"{pattern!r} is no regular expression: {error}. Expected e.g. memory.latency"
        ) from error
