"""What was measured. This module holds the record of one point and its two forms in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hwperf.measure.against import Ratio
from hwperf.metrics import Metric
from hwperf.work import Figure

__all__ = ["SCHEMA", "Result", "Verdict"]

SCHEMA = 1
"""Version of the JSON object. 1: the first."""

Verdict = Literal["ok", "noisy", "impossible", "failed", "n/a"]


@dataclass(frozen=True)
class Result:
    """One measured point.

    Attributes:
        workload_id: id of the workload.
        params: the parameters of the point.
        metric: the primary metric.
        verdict: ok; noisy (measured, not trusted); impossible (above the physical limit), failed
            (the check or the code) and n/a (the host cannot): the value is dropped.
        reason: why the verdict is not ok; empty otherwise.
        version: the workload's version.
        cost_s: median of the samples, seconds per unit of work; None where dropped.
        interval_cost_s: 99 % interval of that median.
        samples: seconds per unit of work, those that count.
        n_disturbed: samples that something disturbed, set aside or not.
        disturbances: how many samples each cause disturbed.
        limit: units of work per second that are physically possible, or None.
        amounts: bytes, FLOP and operations of one call.
        calls_per_sample: calls in each sample.
        percentiles: of single operations, where the workload gives latencies; an unsupported one
            is None.
        p99_samples: p99 in seconds of batches of operations, for a series of the tail.
        against: by name, what the kernels came to that it was set against.
        figures: by name, what else the point says.
        tags: what else is known of the measurement: core, clock, durations.
    """

    workload_id: str
    params: Mapping[str, Any]
    metric: Metric
    verdict: Verdict
    version: str
    reason: str = ""
    cost_s: float | None = None
    interval_cost_s: tuple[float, float] | None = None
    samples: Sequence[float] = ()
    n_disturbed: int = 0
    disturbances: Mapping[str, int] = field(default_factory=dict)
    limit: float | None = None
    amounts: Mapping[str, float] = field(default_factory=dict)
    calls_per_sample: int = 0
    percentiles: Mapping[str, float | None] = field(default_factory=dict)
    p99_samples: Sequence[float] = ()
    against: Mapping[str, Ratio] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_measured(self) -> bool:
        """Whether there is a value."""
        return self.cost_s is not None

    @property
    def value(self) -> float | None:
        """The median in the metric's base unit, or None."""
        return None if self.cost_s is None else self.metric.value(self.cost_s)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 99 % interval of the value in the metric's base unit, lower bound first, or None."""
        if self.interval_cost_s is None:
            return None
        return self.metric.interval(*self.interval_cost_s)

    @property
    def fraction_of_limit(self) -> float | None:
        """The rate over the limit, or None where either is unknown."""
        if self.cost_s is None or self.limit is None:
            return None
        return 1 / (self.cost_s * self.limit)

    @property
    def cycles(self) -> float | None:
        """Clock cycles per unit of work, by the clock measured beside it, or None."""
        clock = self.tags.get("clock_hz")
        return None if clock is None or self.cost_s is None else self.cost_s * float(clock)

    def to_json(self) -> dict[str, Any]:
        """Return the documented object of schema 1; ``value`` is in base units, null if dropped."""
        interval = self.interval
        shown = {
            "schema": SCHEMA,
            "id": self.workload_id,
            "params": dict(self.params),
            "metric": self.metric.name,
            "unit": self.metric.unit,
            "value": self.value,
            "interval": None if interval is None else list(interval),
            "cost_s": self.cost_s,
            "samples": list(self.samples),
            "n_disturbed": self.n_disturbed,
            "limit": self.limit,
            "fraction_of_limit": self.fraction_of_limit,
            "verdict": self.verdict,
            "reason": self.reason,
            "amounts": dict(self.amounts),
            "calls_per_sample": self.calls_per_sample,
            "version": self.version,
        }
        if self.percentiles:
            shown["percentiles"] = dict(self.percentiles)
        if "placement" in self.tags:
            shown["placement"] = {
                "tag": self.tags["placement"],
                "core_to_core_s": self.tags.get("core_to_core_s"),
                "samples": dict(self.tags.get("placements", {})),
            }
        if self.against:
            shown["against"] = {name: ratio.to_json() for name, ratio in self.against.items()}
        if self.figures:
            shown["figures"] = {
                name: {"value": figure.value, "unit": figure.unit}
                for name, figure in self.figures.items()
            }
        return shown

    def record(self) -> dict[str, Any]:
        """Return the sidecar's object: no samples, but the disturbances and tags."""
        kept = {key: value for key, value in self.to_json().items() if key != "samples"}
        if self.p99_samples:
            kept["p99_samples"] = list(self.p99_samples)
        return {
            **kept,
            "n_samples": len(self.samples),
            "disturbances": dict(self.disturbances),
            "tags": dict(self.tags),
        }
