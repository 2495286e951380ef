"""Pairs of measurements and what they say. This module turns them into a ratio and a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from hwperf.measure.stats import median, quantile

# What hwperf must reach beside the best peer: at least so much of its bandwidth, at most so many
# times its latency.
BANDWIDTH_GOAL = 0.97
LATENCY_GOAL = 1.03

MIN_PAIRS = 7


@dataclass(frozen=True)
class Timing:
    """One side of a pair.

    Attributes:
        wall_s: seconds by the clock on the wall.
        cpu_s: seconds that the thread was running, by its own clock.
        switches: how often the scheduler took the core away meanwhile.
    """

    wall_s: float
    cpu_s: float
    switches: int

    def seconds(self, clock: str) -> float:
        """Return the seconds by *clock*, "wall" or "cpu"."""
        return self.cpu_s if clock == "cpu" else self.wall_s


@dataclass(frozen=True)
class Pair:
    """hwperf's and the peer's value of one quantity (B/s, or s per access), one after the other."""

    ours: float
    theirs: float
    is_clean: bool = True

    @property
    def ratio(self) -> float:
        """What hwperf reads as a multiple of what the peer reads."""
        return self.ours / self.theirs


@dataclass(frozen=True)
class Comparison:
    """What the pairs of one case say.

    Attributes:
        case: name of the case.
        peer: what it was compared with.
        unit: "B/s" or "s".
        ratio: median of the pairs' ratios, hwperf to peer.
        low: first quartile of the ratios.
        high: third quartile.
        ours: median of hwperf's values.
        theirs: median of the peer's values.
        n_pairs: number of pairs.
        n_disturbed: how many of them lost the core on either side.
        goal: the ratio that is asked for; None where there is no goal.
        passes: whether the median ratio reaches it.
    """

    case: str
    peer: str
    unit: str
    ratio: float
    low: float
    high: float
    ours: float
    theirs: float
    n_pairs: int
    n_disturbed: int
    goal: float | None
    passes: bool

    def as_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), allow_nan=False)


def compare(
    case: str, peer: str, unit: str, pairs: Sequence[Pair], *, has_goal: bool = True
) -> Comparison:
    """Return what *pairs* say: the median of their ratios, with quartiles, against the goal.

    The ratio of each pair is taken first, since what moves both sides (a clock, a neighbour)
    cancels within a pair and would not between two medians.

    Raises:
        ValueError: if there is no pair.
    """
    if not pairs:
        raise ValueError(f"{case}: no pairs")
    ratios = [pair.ratio for pair in pairs]
    ratio = median(ratios)
    is_latency = unit == "s"
    goal = None if not has_goal else LATENCY_GOAL if is_latency else BANDWIDTH_GOAL
    # Written so that NaN does not pass.
    passes = goal is None or (ratio <= goal if is_latency else ratio >= goal)
    return Comparison(
        case=case,
        peer=peer,
        unit=unit,
        ratio=ratio,
        low=quantile(ratios, 0.25),
        high=quantile(ratios, 0.75),
        ours=median([pair.ours for pair in pairs]),
        theirs=median([pair.theirs for pair in pairs]),
        n_pairs=len(pairs),
        n_disturbed=sum(not pair.is_clean for pair in pairs),
        goal=goal,
        passes=passes,
    )


def interleaved(
    ours: Callable[[], Timing],
    theirs: Callable[[], Timing],
    n_pairs: int,
    *,
    attempts: int = 4,
) -> list[tuple[Timing, Timing]]:
    """Return *n_pairs* pairs of timings, taken in turn: ours first, then theirs first, and so on.

    A pair in which either side lost its core is taken again, up to *attempts* times *n_pairs* in
    all; where fewer clean ones come together, disturbed ones fill up.
    """
    clean: list[tuple[Timing, Timing]] = []
    disturbed: list[tuple[Timing, Timing]] = []
    for attempt in range(attempts * n_pairs):
        if len(clean) == n_pairs:
            break
        if attempt % 2 == 0:
            one = ours()
            pair = (one, theirs())
        else:
            other = theirs()
            pair = (ours(), other)
        is_clean = pair[0].switches == 0 and pair[1].switches == 0
        (clean if is_clean else disturbed).append(pair)
    return (clean + disturbed)[:n_pairs]
