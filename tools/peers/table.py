"""How comparisons are shown. This module prints a line for each, and the sum of them."""

from __future__ import annotations

from collections.abc import Sequence

from ratios import Comparison

from hwperf.units import format_quantity

HEADER = (
    f"{'case':38} {'hwperf':>11} {'peer':>11}  {'ratio':>6} {'(quartiles)':14} {'goal':>9}"
    "      peer, placement of its CPUs, how disturbed"
)


def row(one: Comparison) -> str:
    """Return the line of one comparison."""
    goal = "" if one.goal is None else str(one.goal)
    verdict = "" if one.goal is None else "ok" if one.passes else "MISS"
    disturbed = f"; {one.n_disturbed} of {one.n_pairs} disturbed" if one.n_disturbed else ""
    placed = "".join(f"; {name} {count}" for name, count in sorted(one.placements.items()))
    return (
        f"{one.case:38} {format_quantity(one.ours, one.unit):>11} "
        f"{format_quantity(one.theirs, one.unit):>11}  {one.ratio:6.3f} "
        f"({one.low:.3f}-{one.high:.3f})  {goal:>9} {verdict:4} {one.peer}{placed}{disturbed}"
    )


def summary(done: Sequence[Comparison]) -> str:
    """Return how many comparisons reach their goal, and which do not."""
    judged = [one for one in done if one.goal is not None]
    missed = [one.case for one in judged if not one.passes]
    text = f"{len(judged) - len(missed)} of {len(judged)} reach the goal"
    return f"{text}; not: {', '.join(missed)}" if missed else text
