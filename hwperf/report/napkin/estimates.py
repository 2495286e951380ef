"""A whole plan in seconds. This module adds its steps up, and says what bounds it.

One after the other, the times add up. At best, steps that keep different parts of the machine busy
run at once: then the part that is busy longest bounds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hwperf.asv.recorded import Run
from hwperf.report.napkin.grammar import Step
from hwperf.report.napkin.points import Timed, reason, timed
from hwperf.report.napkin.verbs import Need

__all__ = ["Answer", "Estimate", "answer", "pattern"]


@dataclass(frozen=True)
class Estimate:
    """One step, placed.

    Attributes:
        step: what was asked for.
        need: which measurement it stands on.
        once: one time of it, None where that was not measured.
        why: why not, where the run tells.
    """

    step: Step
    need: Need
    once: Timed | None
    why: str = ""

    @property
    def seconds(self) -> float | None:
        """All times of it, None where it was not measured."""
        return None if self.once is None else self.step.count * self.once.seconds

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of :attr:`seconds`, lower bound first."""
        if self.once is None:
            return None
        low, high = self.once.interval
        return self.step.count * low, self.step.count * high


@dataclass(frozen=True)
class Answer:
    """A plan, placed against one run.

    Attributes:
        run: whose numbers they are.
        estimates: one for each step.
    """

    run: Run
    estimates: tuple[Estimate, ...]

    @property
    def missing(self) -> tuple[Estimate, ...]:
        """The steps that nothing measured stands for."""
        return tuple(each for each in self.estimates if each.once is None)

    @property
    def total(self) -> tuple[float, tuple[float, float]] | None:
        """Seconds one after the other, with their interval; None where a step is missing.

        The interval takes all steps at their ends at once, so that it is rather too wide.
        """
        if self.missing:
            return None
        return _sum(self.estimates)

    @property
    def by_resource(self) -> Mapping[str, tuple[float, tuple[float, float]]]:
        """Seconds of each part of the machine, the longest first."""
        names = dict.fromkeys(each.need.resource for each in self.estimates if each.once)
        sums = {
            name: _sum([each for each in self.estimates if each.need.resource == name])
            for name in names
        }
        return dict(sorted(sums.items(), key=lambda item: -item[1][0]))

    @property
    def bottleneck(self) -> str | None:
        """The part of the machine that is busy longest; None where a step is missing."""
        return None if self.missing else next(iter(self.by_resource), None)

    @property
    def overlapped(self) -> tuple[float, tuple[float, float]] | None:
        """Seconds where all that can overlap does; None where a step is missing."""
        if self.missing:
            return None
        sums = self.by_resource.values()
        return (
            max(seconds for seconds, _ in sums),
            (max(low for _, (low, _) in sums), max(high for _, (_, high) in sums)),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the documented object of schema ``hwperf.napkin/1``; times in seconds."""
        return {
            "schema": "hwperf.napkin/1",
            "machine": self.run.machine,
            "commit": self.run.commit,
            "measured_at": self.run.measured_at,
            "steps": [_step(each) for each in self.estimates],
            "sequential": _span(self.total),
            "overlapped": _span(self.overlapped),
            "bottleneck": self.bottleneck,
            "by_resource": {name: _span(span) for name, span in self.by_resource.items()},
            "missing": [pattern([each]) for each in self.missing],
        }


def answer(steps: Sequence[Step], run: Run) -> Answer:
    """Return the plan *steps*, placed against the points of *run*."""
    return Answer(run, tuple(_placed(step, run) for step in steps))


def pattern(missing: Iterable[Estimate]) -> str:
    """Return what ``hwperf run -k`` takes to measure what these steps stand on."""
    ids = sorted({each.need.workload for each in missing})
    escaped = [re.escape(id) for id in ids]
    return f"^{escaped[0]}" if len(escaped) == 1 else f"^({'|'.join(escaped)})"


def _placed(step: Step, run: Run) -> Estimate:
    need = step.verb.need(step.given)
    once = timed(need, run)
    return Estimate(step, need, once, "" if once is not None else reason(need, run))


def _sum(estimates: Sequence[Estimate]) -> tuple[float, tuple[float, float]]:
    spans = [each.interval for each in estimates if each.interval is not None]
    return (
        math.fsum(each.seconds for each in estimates if each.seconds is not None),
        (math.fsum(low for low, _ in spans), math.fsum(high for _, high in spans)),
    )


def _span(span: tuple[float, tuple[float, float]] | None) -> dict[str, Any] | None:
    return None if span is None else {"seconds": span[0], "interval": list(span[1])}


def _step(each: Estimate) -> dict[str, Any]:
    once = each.once
    return {
        "step": each.step.text,
        "verb": each.step.verb.name,
        "count": each.step.count,
        "resource": each.need.resource,
        "workload": each.need.workload,
        "seconds": each.seconds,
        "interval": None if each.interval is None else list(each.interval),
        "once_s": None if once is None else once.seconds,
        "source": None if once is None else once.source,
        "how": None if once is None else once.how,
        "verdict": None if once is None else once.verdict,
        "why": each.why,
    }
