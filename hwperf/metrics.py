"""From amounts to cost and rate. This module names what is measured, its unit and its direction.

A *cost* is seconds per unit of work (per byte, per FLOP, per operation): what is stored. A
*value* is what people read: the rate, or for a latency the cost itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hwperf.errors import DeclarationError
from hwperf.units import UNITS

__all__ = ["BANDWIDTH", "BY_AMOUNT", "CLOCK", "LATENCY", "METRICS", "RATE", "THROUGHPUT", "Metric"]


@dataclass(frozen=True)
class Metric:
    """One thing that can be measured.

    Attributes:
        name: the field's word for it.
        unit: the base unit of its value.
        amount: the amount of a ``Work`` that it divides time by.
        higher_is_better: the direction of its value (a cost is always better when lower).
        description: one line for the docs.
    """

    name: str
    unit: str
    amount: str
    higher_is_better: bool
    description: str

    def __post_init__(self) -> None:
        faults = []
        if self.unit not in UNITS:
            faults.append(f"{self.unit!r} is no unit; use one of {', '.join(UNITS)}")
        if self.amount not in ("bytes", "flops", "ops"):
            faults.append(f"{self.amount!r} is no amount; use bytes, flops or ops")
        if faults:
            raise DeclarationError(f"metric {self.name!r}: {'; '.join(faults)}.")

    def value(self, cost_s: float) -> float:
        """Return the value in base units for a cost in seconds per unit of work."""
        return 1.0 / cost_s if self.higher_is_better else cost_s

    def cost(self, value: float) -> float:
        """Return the cost in seconds per unit of work for a value in base units."""
        return 1.0 / value if self.higher_is_better else value

    def interval(self, low_cost_s: float, high_cost_s: float) -> tuple[float, float]:
        """Return the interval of the value, lower bound first, for an interval of the cost."""
        if self.higher_is_better:
            return self.value(high_cost_s), self.value(low_cost_s)
        return low_cost_s, high_cost_s


BANDWIDTH = Metric("bandwidth", "B/s", "bytes", True, "bytes moved per second")
THROUGHPUT = Metric("throughput", "FLOP/s", "flops", True, "floating-point operations per second")
LATENCY = Metric("latency", "s", "ops", False, "seconds per operation")
RATE = Metric("rate", "op/s", "ops", True, "operations per second")
CLOCK = Metric("clock", "Hz", "ops", True, "clock cycles per second, one operation a cycle")

METRICS: Mapping[str, Metric] = MappingProxyType(
    {metric.name: metric for metric in (BANDWIDTH, THROUGHPUT, LATENCY, RATE, CLOCK)}
)
"""Every metric by its name."""

BY_AMOUNT: Mapping[str, Metric] = MappingProxyType(
    {"bytes": BANDWIDTH, "flops": THROUGHPUT, "ops": LATENCY}
)
"""The metric that an amount gives where the workload names none."""
