"""Points of a run for tests of claims and cards: one at a time, or all that the table asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hwperf import plugins
from hwperf.asv.recorded import Measurement
from hwperf.asv.results import Point
from hwperf.report.claims import RULES

WORKLOADS = plugins.load().workloads


def point(
    workload: str,
    value: float | None,
    *,
    spread: float | None = 0.01,
    verdict: str = "ok",
    reason: str = "",
    figures: Mapping[str, Any] | None = None,
    against: Mapping[str, tuple[float, float]] | None = None,
    placement: str = "",
    is_recorded: bool = True,
    machine: str = "here",
    **params: Any,
) -> Measurement:
    """Return one point with *value* in the metric's base unit.

    Args:
        spread: half of the interval over the value; None for no interval.
        figures: their values by name.
        against: by name the ratio, and half of its interval over it.
        is_recorded: whether it has a line in the sidecar.
    """
    metric = WORKLOADS[workload].metric
    cost = float("nan") if value is None else metric.cost(value)
    ends = None if value is None or spread is None else (cost * (1 - spread), cost * (1 + spread))
    record: dict[str, Any] = {"verdict": verdict, "reason": reason, "n_samples": 9}
    if figures:
        record["figures"] = {name: {"value": each, "unit": ""} for name, each in figures.items()}
    if against:
        record["against"] = {
            name: {"ratio": ratio, "interval": [ratio * (1 - half), ratio * (1 + half)]}
            for name, (ratio, half) in against.items()
        }
    if placement:
        record["placement"] = {"tag": placement}
    return Measurement(
        Point(
            machine=machine, commit="a" * 40, environment="host-py3.11", started_at=1.7e9,
            benchmark=f"{workload}.cost", workload=workload, metric=metric.name,
            params={name: repr(each) for name, each in params.items()},
            cost=cost, interval=ends, samples=(), version="1", unit="seconds", quantity=metric,
        ),
        record if is_recorded else {},
    )  # fmt: skip


def everything(value: float = 1.0, **more: Any) -> list[Measurement]:
    """Return every point that the table names, all with the same value."""
    named = {
        (workload, tuple(params.items()))
        for rule in RULES.values()
        for workload, params in rule.named()
    }
    return [
        point(workload, value, **{**dict(params), **more})
        for workload, params in sorted(named, key=repr)
    ]
