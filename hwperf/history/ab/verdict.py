"""What a comparison of two revisions comes to. This module judges each metric among all others.

A metric differs where the rate of false discoveries over the suite stays at 5 % and its change is
as large as what matters. What the machine itself did in the same rounds, as canaries tell it, is
never divided out: where it would explain a change, the change is unclear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hwperf.history.ab.paired import FEWEST, Pair, Ratio, ratio_of
from hwperf.history.attribution.sensitivity import LARGEST
from hwperf.history.fdr import FALSE_SHARE, q_values

__all__ = ["ABSENT", "Comparison", "Kind", "Row", "Side", "judge"]

ABSENT = "n/a here"
"""Why a metric that this machine cannot measure is not judged."""

Kind = Literal["regression", "improvement", "same", "unclear", "broken", "mended", "not judged"]

_ORDER: Mapping[str, int] = {
    kind: place
    for place, kind in enumerate(
        ("broken", "regression", "unclear", "mended", "improvement", "not judged", "same")
    )
}


@dataclass(frozen=True)
class Side:
    """One metric in one round at one revision.

    Attributes:
        cost: what asv holds; None where the benchmark failed, NaN where it is n/a.
    """

    cost: float | None

    @property
    def has_failed(self) -> bool:
        """Whether it was run and gave no number."""
        return self.cost is None

    @property
    def is_measured(self) -> bool:
        """Whether it gave a number."""
        return self.cost is not None and math.isfinite(self.cost)


@dataclass(frozen=True)
class Row:
    """One metric of the comparison.

    Attributes:
        name: the benchmark with its parameters, as people read it.
        kind: what the comparison says of it.
        ratio: of the costs, None where nothing could be computed.
        q: rate of false discoveries at which it would still be called different.
        before: median cost at A, None where there is none.
        after: median cost at B.
        reason: why it is broken, unclear or not judged.
    """

    name: str
    kind: Kind
    ratio: Ratio | None = None
    q: float | None = None
    before: float | None = None
    after: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    """Everything that a comparison says.

    Attributes:
        rows: every metric, the worst first.
        canaries: what the machine itself did, by name of the canary.
        moved: names of the canaries that differed between the revisions' turns.
        min_change: the smallest change that matters.
        target: the change that was to be seen, or None.
        missed: names of metrics of which a change of *target* would not have been seen.
    """

    rows: Sequence[Row]
    canaries: Mapping[str, Ratio] = field(default_factory=dict)
    moved: Sequence[str] = ()
    min_change: float = 0.01
    target: float | None = None
    missed: Sequence[str] = ()

    def of(self, *kinds: Kind) -> list[Row]:
        """Return the rows of these kinds."""
        return [row for row in self.rows if row.kind in kinds]

    @property
    def exit_code(self) -> int:
        """0 no regression, 1 a regression, 3 it could not be told."""
        if self.of("regression", "broken"):
            return 1
        judged = self.of("same", "improvement", "mended")
        return 0 if judged and not self.of("unclear") and not self.missed else 3


def judge(
    rounds: Mapping[str, Sequence[tuple[Side, Side, bool]]],
    *,
    canaries: Mapping[str, Sequence[Pair]] | None = None,
    min_change: float = 0.01,
    target: float | None = None,
) -> Comparison:
    """Return what *rounds* say.

    Args:
        rounds: for each metric, by its name, A's side, B's side and whether A was first, of each
            round in which it was run on both sides.
        canaries: the same of what does not depend on the revision; pairs of costs.
        min_change: the smallest relative change that matters.
        target: the relative change that was to be seen, if one was named.
    """
    moved = _moved(found := _ratios(canaries or {}), min_change)
    drafts = {name: _draft(name, sides) for name, sides in rounds.items()}
    tested = [row for row in drafts.values() if row.ratio is not None]
    discoveries = q_values([row.ratio.p for row in tested if row.ratio is not None])
    for row, q in zip(tested, discoveries, strict=True):
        drafts[row.name] = _called(row, q, min_change, [found[name] for name in moved], moved)
    rows = sorted(drafts.values(), key=_place)
    missed = [
        row.name
        for row in rows
        if target is not None and row.kind == "same" and row.ratio and row.ratio.seen > target
    ]
    return Comparison(rows, found, moved, min_change, target, missed)


def _draft(name: str, sides: Sequence[tuple[Side, Side, bool]]) -> Row:
    """Return the row of a metric as far as it alone tells it."""
    first, second = [a for a, _, _ in sides], [b for _, b, _ in sides]
    before, after = _median(first), _median(second)
    for kind, good, bad, where in (
        ("broken", first, second, "B"),
        ("mended", second, first, "A"),
    ):
        # In every round: what fails now and then on a busy machine may fail in all of one side's.
        always = len(sides) >= FEWEST and all(each.is_measured for each in good)
        if always and all(each.has_failed for each in bad):
            reason = f"it fails at {where} alone"
            return Row(name, kind, None, None, before, after, reason)  # type: ignore[arg-type]
    both = [(a.cost, b.cost, o) for a, b, o in sides if a.is_measured and b.is_measured]
    costs = [cost for a, b, _ in both for cost in (a, b) if cost is not None]
    pairs = [Pair(a, b, o) for a, b, o in both if a is not None and b is not None]
    if costs and min(costs) <= 0.0:
        if len(pairs) >= FEWEST and all(pair.a == pair.b for pair in pairs):
            return Row(name, "same", None, None, before, after)
        reason = "a value is 0 or below, which has no ratio"
    elif len(pairs) >= FEWEST:
        return Row(name, "same", ratio_of(pairs), None, before, after)
    elif pairs:
        reason = f"measured in {len(pairs)} of the {FEWEST} rounds that are needed"
    elif any(each.has_failed for each in (*first, *second)):
        reason = "it fails"
    else:
        reason = ABSENT
    return Row(name, "not judged", None, None, before, after, reason)


def _called(
    row: Row, q: float, min_change: float, shifts: Sequence[Ratio], names: Sequence[str]
) -> Row:
    """Return *row* with its kind, now that the rest of the suite is known."""
    assert row.ratio is not None
    shift = row.ratio.shift
    if not (q <= FALSE_SHARE and abs(shift) >= math.log1p(min_change)):
        return Row(row.name, "same", row.ratio, q, row.before, row.after)
    kind: Kind = "regression" if shift > 0 else "improvement"
    nearest = abs(shift) - row.ratio.reach
    for canary, name in zip(shifts, names, strict=True):
        if canary.shift * shift > 0 and nearest <= LARGEST * abs(canary.shift):
            reason = f"the machine moved as well: {name} {canary.value - 1:+.1%}"
            return Row(row.name, "unclear", row.ratio, q, row.before, row.after, reason)
    return Row(row.name, kind, row.ratio, q, row.before, row.after)


def _ratios(pairs: Mapping[str, Sequence[Pair]]) -> dict[str, Ratio]:
    found = {name: ratio_of(each) for name, each in pairs.items()}
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def _moved(canaries: Mapping[str, Ratio], min_change: float) -> list[str]:
    rates = q_values([ratio.p for ratio in canaries.values()])
    return [
        name
        for (name, ratio), q in zip(canaries.items(), rates, strict=True)
        if q <= FALSE_SHARE and abs(ratio.shift) >= math.log1p(min_change)
    ]


def _median(sides: Sequence[Side]) -> float | None:
    costs = sorted(side.cost for side in sides if side.is_measured and side.cost is not None)
    if not costs:
        return None
    middle = len(costs) // 2
    # Halved first: two large costs have no sum.
    return costs[middle] if len(costs) % 2 else costs[middle - 1] / 2 + costs[middle] / 2


def _place(row: Row) -> tuple[int, float, str]:
    return _ORDER[row.kind], -abs(row.ratio.shift) if row.ratio else 0.0, row.name
