"""What became of a claim on one machine. This module holds the record of it."""

from __future__ import annotations

from dataclasses import dataclass

from hwperf.report.claims.quantity import Quantity
from hwperf.report.claims.textbook import Claim

__all__ = [
    "BETTER", "BROKEN", "HOLDS", "NOT_MEASURABLE", "VERDICTS", "WORSE", "Judged", "Side",
]  # fmt: skip

HOLDS, BETTER, WORSE, BROKEN = "holds", "better", "worse", "broken"
NOT_MEASURABLE = "not measurable here"

VERDICTS = (HOLDS, BETTER, WORSE, BROKEN, NOT_MEASURABLE)
"""Every verdict."""


@dataclass(frozen=True)
class Side:
    """One of the two things that a law compares, as it was measured."""

    name: str
    quantity: Quantity


@dataclass(frozen=True)
class Judged:
    """A claim beside what one run says of it.

    Attributes:
        claim: what the textbook says.
        verdict: one of :data:`VERDICTS`.
        workloads: ids of what was measured for it, or would have to be.
        quantity: what is set beside the textbook, in the claim's unit; of a trend the ratio of the
            two sides, above 1 where it is as the textbook says. None where there is none.
        ratio: the quantity over the textbook's number; over the nearer end of a range, 1 inside;
            of a trend the quantity.
        reason: why it is not measurable or broken, or what else is to be known.
        sides: what was compared, for a law.
    """

    claim: Claim
    verdict: str
    workloads: tuple[str, ...]
    quantity: Quantity | None = None
    ratio: float | None = None
    reason: str = ""
    sides: tuple[Side, ...] = ()

    @property
    def is_noisy(self) -> bool:
        """Whether it rests on a point that is not to be trusted on its own."""
        return self.quantity is not None and self.quantity.is_noisy

    @property
    def is_measurable(self) -> bool:
        """Whether there is a verdict of holds, better, worse or broken."""
        return self.verdict != NOT_MEASURABLE
