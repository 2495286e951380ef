"""What a card says. This module gathers it from one run: machine, trust, eight numbers, claims."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hwperf.asv.recorded import Measurement, Run
from hwperf.report.card.headline import Headline, headlines
from hwperf.report.claims import Evidence, Judged, Missing, judge
from hwperf.report.claims.evidence import interval_of

__all__ = ["Card", "Source", "Trust", "card_of"]


@dataclass(frozen=True)
class Trust:
    """How far the numbers of the run can be trusted.

    Attributes:
        noise: median over the points of half the width of the 99 % interval, over the value; None
            where no point has an interval.
        n_points: that have a value.
        n_noisy: of them, that are not to be trusted on their own.
        disturbed: part of the samples that something disturbed, or None: not recorded. Samples
            that were disturbed and count all the same are among both, so it is this or more.
        clock_hz: of a busy core, or None.
    """

    noise: float | None = None
    n_points: int = 0
    n_noisy: int = 0
    disturbed: float | None = None
    clock_hz: float | None = None


@dataclass(frozen=True)
class Card:
    """The lecture's claims beside one machine.

    Attributes:
        machine: name of the machine, "" where it is not known.
        facts: asv's facts of it: cpu, num_cpu, ram, os, arch.
        commit: hash of the measured commit, or "".
        environment: asv's name of the environment, or "".
        measured_at: seconds since 1970, or None.
        trust: how far to trust the numbers.
        headlines: at most eight numbers with words.
        judged: every claim, in the textbook's order.
    """

    machine: str
    facts: Mapping[str, str]
    commit: str
    environment: str
    measured_at: float | None
    trust: Trust
    headlines: tuple[Headline, ...]
    judged: tuple[Judged, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing that the card speaks of was measured."""
        return not self.headlines and not any(each.quantity for each in self.judged)


Source = Run | Card | Iterable[Measurement]
"""What a card can be made of."""


def card_of(source: Source) -> Card:
    """Return the card of a run, or of the measurements of one."""
    if isinstance(source, Card):
        return source
    run = source if isinstance(source, Run) else None
    measurements = tuple(run.measurements if run else source)  # type: ignore[arg-type]
    seen = Evidence(measurements)
    judged = judge(measurements)
    point = measurements[0].point if measurements else None
    return Card(
        machine=run.machine if run else point.machine if point else "",
        facts=run.facts if run else {},
        commit=run.commit if run else point.commit if point else "",
        environment=run.environment if run else point.environment if point else "",
        measured_at=run.measured_at if run else _started(measurements),
        trust=_trust(seen),
        headlines=headlines(seen),
        judged=judged,
        counts=Counter(each.verdict for each in judged),
    )


def _started(measurements: Iterable[Measurement]) -> float | None:
    times = (each.point.started_at for each in measurements)
    return max((at for at in times if at is not None), default=None)


def _trust(seen: Evidence) -> Trust:
    measured = [each for each in seen.all if each.value is not None]
    widths = [
        (ends[1] - ends[0]) / 2 / each.value
        for each in measured
        if (ends := interval_of(each)) is not None and each.value
    ]
    counted = [_count(each, "n_samples") for each in measured]
    disturbed = [_count(each, "n_disturbed") for each in measured]
    n_samples = sum(counted) + sum(disturbed)
    return Trust(
        noise=statistics.median(widths) if widths else None,
        n_points=len(measured),
        n_noisy=sum(each.verdict == "noisy" for each in measured),
        disturbed=sum(disturbed) / n_samples if n_samples else None,
        clock_hz=_clock(seen),
    )


def _count(point: Measurement, name: str) -> int:
    found = point.record.get(name)
    return found if isinstance(found, int) and 0 <= found < 10**9 else 0


def _clock(seen: Evidence) -> float | None:
    try:
        return seen.quantity("core.clock", {}).value
    except Missing:
        return None
