"""The lecture's claims, and what a run says of them.

``judge(run)`` gives one `Judged` for each claim of the textbook, in its order. The claims are data
(``hwperf/report/data/textbook.toml``); the table says from which points each is judged.
"""

from __future__ import annotations

from collections.abc import Iterable

from hwperf.asv.recorded import Measurement, Run
from hwperf.report.claims.evidence import Evidence
from hwperf.report.claims.judged import (
    BETTER,
    BROKEN,
    HOLDS,
    NOT_MEASURABLE,
    VERDICTS,
    WORSE,
    Judged,
    Side,
)
from hwperf.report.claims.quantity import Missing, Quantity
from hwperf.report.claims.rules import Rule, workloads_of
from hwperf.report.claims.table import RULES
from hwperf.report.claims.textbook import Claim, claims

__all__ = [
    "BETTER", "BROKEN", "HOLDS", "NOT_MEASURABLE", "RULES", "VERDICTS", "WORSE", "Claim",
    "Evidence", "Judged", "Missing", "Quantity", "Rule", "Side", "claims", "judge",
]  # fmt: skip


def judge(run: Run | Iterable[Measurement]) -> tuple[Judged, ...]:
    """Return every claim of the textbook beside what *run* says of it, in the textbook's order."""
    seen = Evidence(run.measurements if isinstance(run, Run) else run)
    return tuple(_judged(claim, seen) for claim in claims())


def _judged(claim: Claim, seen: Evidence) -> Judged:
    rule = RULES.get(claim.id)
    if rule is None:
        return Judged(claim, NOT_MEASURABLE, (), reason="no workload measures it")
    try:
        return rule.judge(claim, seen)
    except Missing as why:
        return Judged(claim, NOT_MEASURABLE, workloads_of(rule.named()), reason=str(why))
