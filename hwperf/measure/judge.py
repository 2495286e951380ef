"""What a measurement is worth. This module turns samples into a verdict with its reason."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from hwperf.measure import stats
from hwperf.measure.profile import Profile
from hwperf.measure.result import Verdict
from hwperf.measure.selection import Samples, counted, usable
from hwperf.metrics import Metric
from hwperf.units import format_quantity

__all__ = ["IMPOSSIBLE", "UNSTABLE", "disturbances", "impossible", "interference", "judge"]

IMPOSSIBLE = 1.05
"""A rate above this multiple of the limit is rejected; the rest is the limit's own inexactness."""

UNSTABLE = 0.05
"""Half-width of the interval of the median, relative, above which a result is not trusted."""


def disturbances(samples: Samples) -> Mapping[str, int]:
    """Return how many samples each cause disturbed."""
    return dict(Counter(cause for s in samples.all for cause in s.disturbance.causes))


def interference(samples: Samples) -> Mapping[str, float]:
    """Return what the probes that are available counted over all samples, disturbing or not.

    Times for counts, seconds where the name ends in ``_s``.
    """
    totals: dict[str, float] = {}
    for sample in samples.all:
        for name, count in sample.disturbance.counts.items():
            totals[name] = totals.get(name, 0) + count
    return totals


def impossible(cost_s: float, limit: float | None, metric: Metric) -> str | None:
    """Return why a cost cannot be, or None.

    Args:
        cost_s: seconds per unit of work.
        limit: units of work per second that are physically possible, or None if unknown.
        metric: in whose units to say it.
    """
    if not (math.isfinite(cost_s) and cost_s > 0 and math.isfinite(1 / cost_s)):
        return f"the cost is {cost_s!r} s per unit of work; expected a time above zero"
    if limit is None or 1 / cost_s <= IMPOSSIBLE * limit:
        return None
    measured = format_quantity(metric.value(cost_s), metric.unit)
    bound = format_quantity(metric.value(1 / limit), metric.unit)
    return (
        f"{measured} is beyond the physical limit of {bound} by a factor of "
        f"{1 / (cost_s * limit):.3g}; typical causes: the compiler deleted the loop, memory never "
        "written, a cache answered, a wrong amount"
    )


def judge(
    samples: Samples,
    profile: Profile,
    *,
    limit: float | None,
    metric: Metric,
    precision: float = 0.0,
) -> tuple[Verdict, str]:
    """Return the verdict on *samples* and why it is not ok.

    Args:
        samples: all of them.
        profile: how many were wanted.
        limit: units of work per second that are physically possible, or None.
        metric: in whose units to say it.
        precision: what the workload asks for; twice as wide is still trusted.
    """
    kept = usable(samples.all, profile.min_samples)
    costs = [sample.cost_s for sample in counted(samples.all, profile.min_samples)]
    reason = impossible(stats.median(costs), limit, metric)
    if reason is not None:
        return "impossible", reason
    lost = _lost(samples)
    if len(samples.all) < profile.min_samples:
        advice = (
            "The workload allows no more calls."
            if samples.is_bounded
            else "Give it a larger --budget."
        )
        return "noisy", (
            f"only {len(samples.all)} samples in {samples.elapsed_s:.1f} s, wanted "
            f"{profile.min_samples}{lost}. {advice}"
        )
    if kept is None:
        return "noisy", (
            f"result not trusted: only {len(samples.own)} samples kept their core, wanted "
            f"{profile.min_samples}{lost}. Close other programs; see docs/stability.md."
        )
    spread = stats.half_width(costs)
    most = max(UNSTABLE, 2 * precision)
    if not spread <= most:
        return "noisy", (
            f"result may be unstable: the 99 % interval of the median is ±{100 * spread:.0f} % "
            f"(limit ±{100 * most:.0f} %){lost}. Close other programs; see docs/stability.md."
        )
    return "ok", ""


def _lost(samples: Samples) -> str:
    disturbed = len(samples.all) - len(samples.clean)
    if not disturbed:
        return ""
    causes = sorted(disturbances(samples).items(), key=lambda item: -item[1])
    named = ", ".join(f"{name.removesuffix('_s').replace('_', ' ')} {n}" for name, n in causes)
    return f"; {disturbed} of {len(samples.all)} were disturbed ({named})"
