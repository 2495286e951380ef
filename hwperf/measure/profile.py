"""How much time a point may take. This module holds the profiles: budgets, never parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FULL", "PROFILES", "QUICK", "Profile"]


@dataclass(frozen=True)
class Profile:
    """The budget of one point and when its samples suffice.

    Attributes:
        name: how it is called on the command line.
        budget_s: seconds of measuring (calibration, warm-up, samples) per point; set-up and check
            are not counted.
        target: half-width of the 99 % interval of the median, relative to it, at which to stop.
        min_samples: fewest samples; 8 is the least for which the range of the samples covers the
            median with 99 %: 1 - 2 * 0.5**8 = 99.2 %.
        sample_s: shortest sample. 0.1 ms is 1,000 ticks of 100 ns and more; a longer one is rarely
            undisturbed from end to end where a neighbour shares the core (docs/measured.md).
        warm_up_s: longest wait for the clock frequency to settle.
        rehearsal_s: the longest set-up that is repeated to see the check accept a run kernel and
            reject one that was not run; the check after the samples is never left out.
        probe_s: how long a probe of the placement lasts that stands before and after each sample
            of a kernel on several threads. The states differ by a factor of two and more and last
            for seconds, so that 5 ms tell them apart (docs/decisions/0014).
        coarse_share: part of the budget of a kernel that says itself that it does not settle as
            finely as others (``Work(precision=)``).
    """

    name: str
    budget_s: float
    target: float = 0.01
    min_samples: int = 8
    sample_s: float = 1e-4
    warm_up_s: float = 0.05
    rehearsal_s: float = math.inf
    probe_s: float = 0.005
    coarse_share: float = 1.0

    def with_budget(self, budget_s: float) -> Profile:
        """Return this profile with another budget per point."""
        return Profile(
            name=self.name,
            budget_s=budget_s,
            target=self.target,
            min_samples=self.min_samples,
            sample_s=self.sample_s,
            warm_up_s=min(self.warm_up_s, budget_s / 4),
            rehearsal_s=self.rehearsal_s,
            probe_s=self.probe_s,
            coarse_share=self.coarse_share,
        )


# 0.14 s: some 620 points within three minutes, of which most settle within a fifth of it.
QUICK = Profile("quick", budget_s=0.14, rehearsal_s=0.02, coarse_share=0.5)
FULL = Profile("full", budget_s=3.0, warm_up_s=0.5, probe_s=0.02)

PROFILES: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (QUICK, FULL)})
"""Every profile by its name."""
