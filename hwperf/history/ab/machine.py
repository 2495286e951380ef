"""What the machine does meanwhile. This module measures a few canaries between the visits.

They do not depend on the revision: a difference between A's turns and B's is the machine's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

__all__ = ["CANARIES", "measure", "none"]

CANARIES = ("core_clock", "l3_latency", "memory_bandwidth")
"""One for the core, one for the caches that cores share, one for main memory."""

BUDGET_S = 0.15

Measure = Callable[[], Mapping[str, float]]


def measure() -> Mapping[str, float]:
    """Return the cost of each canary, in seconds per unit of work, that this host can measure."""
    from hwperf.canaries import kinds, measured
    from hwperf.errors import HwperfError

    profile = replace(measured.PROFILE, budget_s=BUDGET_S)
    found = {}
    for name in CANARIES:
        canary = kinds.BY_NAME.get(name)
        if canary is None:
            continue
        try:
            cost = measured.measure(canary, profile).cost_s
        except HwperfError:  # This host lacks it, and the others stand for it.
            continue
        if cost is not None and math.isfinite(cost) and cost > 0:
            found[canary.words] = cost
    return found


def none() -> Mapping[str, float]:
    """Measure nothing: where only the benchmarks are wanted."""
    return {}
