"""Pairs of measurements and what they say. This module turns them into a ratio and a verdict."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from hwperf.measure.stats import median, quantile

MIN_PAIRS = 7


@dataclass(frozen=True)
class Goal:
    """The ratios, hwperf to the best peer, that are good enough.

    Attributes:
        least: the lowest one, None where there is no such bound.
        most: the highest one, likewise.
    """

    least: float | None = None
    most: float | None = None

    def is_met(self, ratio: float) -> bool:
        """Whether *ratio* lies within the bounds; NaN does not."""
        return (self.least is None or ratio >= self.least) and (
            self.most is None or ratio <= self.most
        )

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:.2f}-{self.most:.2f}"
        return f">= {self.least:.2f}" if self.least is not None else f"<= {self.most:.2f}"


THROUGHPUT = Goal(least=0.97)
"""Of a bandwidth or of FLOP/s: more than the best peer is welcome, the peer could be better."""

LATENCY = Goal(most=1.03)
"""Of seconds per access."""

SYSTEM_COST = Goal(most=1.05)
"""Of a call into the system or a library: what hwperf adds of its own."""


def within(share: float) -> Goal:
    """Return the goal of what is the hardware's alone: to read less is as wrong as to read more."""
    return Goal(1 - share, 1 + share)


@dataclass(frozen=True)
class Timing:
    """One side of a pair.

    Attributes:
        wall_s: seconds by the clock on the wall.
        cpu_s: seconds that the thread was running, by its own clock.
        switches: how often the scheduler took the core away meanwhile.
        placement: how the CPUs of the threads lay to one another, before and after; "" for one.
    """

    wall_s: float
    cpu_s: float
    switches: int
    placement: str = ""

    def seconds(self, clock: str) -> float:
        """Return the seconds by *clock*, "wall" or "cpu"."""
        return self.cpu_s if clock == "cpu" else self.wall_s


@dataclass(frozen=True)
class Pair:
    """hwperf's and the peer's value of one quantity (B/s, or s per access), one after the other."""

    ours: float
    theirs: float
    is_clean: bool = True
    placement: str = ""

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
        unit: "B/s", "FLOP/s" or "s".
        ratio: median of the pairs' ratios, hwperf to peer.
        low: first quartile of the ratios.
        high: third quartile.
        ours: median of hwperf's values.
        theirs: median of the peer's values.
        n_pairs: number of pairs.
        n_disturbed: how many of them lost the core on either side.
        goal: the ratios that are asked for; None where there is no goal.
        passes: whether the median ratio is one of them.
        placements: how the threads' CPUs lay to one another, and in how many pairs.
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
    goal: Goal | None
    passes: bool
    placements: dict[str, int]

    def as_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), allow_nan=False)


def compare(
    case: str, peer: str, unit: str, pairs: Sequence[Pair], *, goal: Goal | None = None
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
        passes=goal is None or goal.is_met(ratio),
        placements=dict(Counter(pair.placement for pair in pairs if pair.placement)),
    )


def interleaved(
    ours: Callable[[], Timing],
    theirs: Callable[[], Timing],
    n_pairs: int,
    *,
    attempts: int = 4,
    placement: Callable[[], str] | None = None,
) -> list[tuple[Timing, Timing]]:
    """Return *n_pairs* pairs of timings, taken in turn: ours first, then theirs first, and so on.

    A pair in which either side lost its core is taken again, up to *attempts* times *n_pairs* in
    all; where fewer clean ones come together, disturbed ones fill up. A pair before, within or
    after which the CPUs moved is dropped for good: it compares two machines. So fewer than
    *n_pairs* may come back, or none.

    Args:
        ours: one side.
        theirs: the other.
        n_pairs: how many.
        attempts: see above.
        placement: probes how the CPUs lie to one another, where several threads are at work.
    """
    clean: list[tuple[Timing, Timing]] = []
    disturbed: list[tuple[Timing, Timing]] = []
    look = placement or (lambda: "")
    before = look()
    for attempt in range(attempts * n_pairs):
        if len(clean) == n_pairs:
            break
        sides = (ours, theirs) if attempt % 2 == 0 else (theirs, ours)
        first = sides[0]()
        between = look()
        second = sides[1]()
        after = look()
        has_moved = not before == between == after
        before = after
        if has_moved:
            continue
        first, second = (replace(timing, placement=after) for timing in (first, second))
        pair = (first, second) if attempt % 2 == 0 else (second, first)
        is_clean = pair[0].switches == 0 and pair[1].switches == 0
        (clean if is_clean else disturbed).append(pair)
    return (clean + disturbed)[:n_pairs]
