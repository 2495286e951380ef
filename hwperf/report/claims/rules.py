"""How a claim is judged. This module turns a quantity with its interval into a verdict.

- A *value* holds within a factor of the textbook's, a *range* inside of it; outside, with the
  whole interval, it is better or worse. Nothing breaks a value.
- A *ratio* is judged as a value, and is broken where its whole interval lies below 1: the law
  behind it is then the other way round.
- A *law* says that one side is better by `least` times or more (strict: 1.05; where it says "not
  worse": 1 / 1.05). It is broken where the whole interval lies below that. A strict law holds where
  the whole interval lies above 1 as well; what straddles 1 is undecided.
- Points that are noisy, or have no interval, never break anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from hwperf.report.claims.evidence import Evidence
from hwperf.report.claims.expressions import Named, Term
from hwperf.report.claims.judged import (
    BETTER,
    BROKEN,
    HOLDS,
    NOT_MEASURABLE,
    WORSE,
    Judged,
    Side,
)
from hwperf.report.claims.needs import Check
from hwperf.report.claims.quantity import Missing, Quantity, quotient
from hwperf.report.claims.textbook import Claim

__all__ = ["FACTOR", "SAME", "Compared", "Enough", "Law", "Laws", "Rule", "workloads_of"]

FACTOR = 2.0
"""A value within this factor of the textbook's holds. The textbook's own numbers for one thing
differ by more (L1: 0.5 and 1.5 ns), and machines of one year differ by as much."""

SAME = 1.05
"""Two points of one run may differ by this through the clock or the place of a buffer alone."""


class Rule(Protocol):
    """How one claim is judged."""

    def named(self) -> Iterator[Named]:
        """Yield the workload and the parameters of each point that it may rest on."""
        ...

    def judge(self, claim: Claim, seen: Evidence) -> Judged:
        """Return what the run says of *claim*.

        Raises:
            Missing: where it says nothing, with why.
        """
        ...


def workloads_of(named: Iterator[Named]) -> tuple[str, ...]:
    """Return the ids among *named*, each once."""
    return tuple(dict.fromkeys(workload for workload, _ in named))


@dataclass(frozen=True)
class Compared:
    """For a value, a range or a ratio.

    Attributes:
        term: what is set beside the textbook.
        needs: what it must have been measured on.
        factor: within which it holds; a range has none.
        is_higher_better: the direction; by default by the unit.
        note: what the number does not say.
    """

    term: Term
    needs: tuple[Check, ...] = ()
    factor: float = FACTOR
    is_higher_better: bool | None = None
    note: str = ""

    def named(self) -> Iterator[Named]:
        return self.term.named()

    def judge(self, claim: Claim, seen: Evidence) -> Judged:
        found = _measured(self.term, self.needs, seen)
        low, high = _band(claim, self.factor)
        below, above = (WORSE, BETTER) if self._rises(claim) else (BETTER, WORSE)
        least, most = found.interval or (found.value, found.value)
        verdict = below if most < low else above if least > high else HOLDS
        reason = self.note
        if claim.kind == "ratio" and _can_break(found) and most < 1:
            verdict, reason = BROKEN, "the other way round: the whole interval lies below 1"
        return Judged(claim, verdict, _used(found), found, _ratio(claim, found.value), reason)

    def _rises(self, claim: Claim) -> bool:
        return claim.unit != "s" if self.is_higher_better is None else self.is_higher_better


@dataclass(frozen=True)
class Law:
    """For a trend: *better* is so many times better than *worse*.

    Attributes:
        better: what the textbook says is better, with its name.
        worse: what it is compared with.
        needs: what both must have been measured on.
        least: times that the law claims; by default `SAME`, or the inverse where it is not strict.
        is_strict: whether it claims a difference at all, and not only that it is not worse.
        measured: the ratio, where it was measured sample by sample in turn; else that of the sides.
        note: what the numbers do not say.
    """

    better: tuple[str, Term]
    worse: tuple[str, Term]
    needs: tuple[Check, ...] = ()
    least: float | None = None
    is_strict: bool = True
    measured: Term | None = None
    note: str = ""

    def named(self) -> Iterator[Named]:
        for term in (self.better[1], self.worse[1], self.measured):
            if term is not None:
                yield from term.named()

    def judge(self, claim: Claim, seen: Evidence) -> Judged:
        good = _measured(self.better[1], self.needs, seen)
        bad = _measured(self.worse[1], self.needs, seen)
        if self.measured is not None:
            found = _measured(self.measured, self.needs, seen)
            found = replace(found, points=(*found.points, *good.points, *bad.points))
        else:
            found = quotient(bad, good) if good.unit == "s" else quotient(good, bad)
        verdict, reason = self._verdict(found)
        sides = (Side(self.better[0], good), Side(self.worse[0], bad))
        reason = reason or self.note
        return Judged(claim, verdict, _used(found), found, found.value, reason, sides)

    def _verdict(self, found: Quantity) -> tuple[str, str]:
        least = self.least or (SAME if self.is_strict else 1 / SAME)
        if found.interval is None:
            if found.value >= least:
                return HOLDS, "of too few samples for an interval"
            return NOT_MEASURABLE, "undecided: too few samples for an interval"
        low, high = found.interval
        if high < least:
            if found.is_noisy:
                return NOT_MEASURABLE, "undecided: the points that contradict it are noisy"
            return BROKEN, f"{self.better[0]} comes to {_times(found)} {self.worse[0]}"
        if self.is_strict and low <= 1:
            return NOT_MEASURABLE, f"undecided: {_times(found)}, which may as well be 1"
        return HOLDS, ""


@dataclass(frozen=True)
class Laws:
    """Several laws that one claim consists of.

    Attributes:
        all: each of them is to hold.
        is_any: whether one that holds is enough, as of what "can be": it is the one that is shown.
    """

    all: tuple[Law, ...]
    is_any: bool = False

    def named(self) -> Iterator[Named]:
        for law in self.all:
            yield from law.named()

    def judge(self, claim: Claim, seen: Evidence) -> Judged:
        if self.is_any:
            return self._likeliest(claim, seen)
        found = [law.judge(claim, seen) for law in self.all]
        shown = min(found, key=lambda each: _ORDER.index(each.verdict))
        return replace(
            shown,
            workloads=tuple(dict.fromkeys(id for each in found for id in each.workloads)),
            sides=tuple(side for each in found for side in each.sides),
        )

    def _likeliest(self, claim: Claim, seen: Evidence) -> Judged:
        found, reasons = [], []
        for law in self.all:
            try:
                found.append(law.judge(claim, seen))
            except Missing as why:
                reasons.append(str(why))
        if not found:
            raise Missing(reasons[0])
        return max(found, key=lambda each: (_ORDER.index(each.verdict), each.ratio or 0.0))


_ORDER = (BROKEN, NOT_MEASURABLE, HOLDS)


@dataclass(frozen=True)
class Enough:
    """For a demand: a rate is to reach what something else consumes.

    Attributes:
        term: the rate.
        demand: the rate that is needed, in the same unit.
        words: whose demand it is.
    """

    name: str
    term: Term
    demand: float
    words: str

    def named(self) -> Iterator[Named]:
        return self.term.named()

    def judge(self, claim: Claim, seen: Evidence) -> Judged:
        rate = _measured(self.term, (), seen)
        wanted = Quantity(self.demand, rate.unit, (self.demand, self.demand))
        found = quotient(rate, wanted)
        most = found.high if found.high is not None else found.value
        verdict = WORSE if most < 1 else HOLDS
        sides = (Side(self.name, rate), Side(self.words, wanted))
        return Judged(claim, verdict, _used(found), found, found.value, "", sides)


def _measured(term: Term, needs: tuple[Check, ...], seen: Evidence) -> Quantity:
    found = term.of(seen)
    for check in needs:
        check(seen, found)
    return found


def _band(claim: Claim, factor: float) -> tuple[float, float]:
    if claim.low is not None and claim.high is not None:
        return claim.low, claim.high
    assert claim.value is not None
    return claim.value / factor, claim.value * factor


def _ratio(claim: Claim, value: float) -> float | None:
    low, high = _band(claim, 1.0)
    found = value / low if value < low else value / high if value > high else 1.0
    return found if math.isfinite(found) else None


def _can_break(found: Quantity) -> bool:
    return found.interval is not None and not found.is_noisy


def _used(found: Quantity) -> tuple[str, ...]:
    return tuple(dict.fromkeys(point.name for point in found.points))


def _times(found: Quantity) -> str:
    low, high = found.interval or (found.value, found.value)
    return f"{found.value:.3g} ({low:.3g} to {high:.3g}) times"
