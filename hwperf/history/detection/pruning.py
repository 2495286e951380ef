"""From candidates to steps. This module drops the weakest boundary until all that stay are sure."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from itertools import pairwise

from hwperf.history.detection.candidates import SHORTEST
from hwperf.history.detection.judgement import Judge, Weight

__all__ = ["pruned", "regained"]

_ROUNDS = 8  # Of dropping and moving; two or three are enough in practice.
_WITHIN = 1.959964  # Deviations: the two-sided 95 % of a standard normal variable.


def pruned(
    boundaries: list[int], n: int, judge: Judge, threshold: float, least: float
) -> list[int]:
    """Return the boundaries that are steps, each moved to where it fits best.

    Args:
        boundaries: candidates in order.
        n: length of the series.
        judge: weighs one boundary between its neighbours.
        threshold: least statistic of a step.
        least: size that the interval of a step has to reach.
    """
    for _ in range(_ROUNDS):
        before = boundaries
        boundaries = _moved(_dropped(boundaries, n, judge, threshold, least), n, judge)
        if boundaries == before:
            break
    return boundaries


def regained(
    boundaries: list[int],
    candidates: list[int],
    n: int,
    judge: Judge,
    threshold: float,
    least: float,
) -> list[int]:
    """Return *boundaries* and the steps that were dropped while weaker neighbours hid them.

    Between two boundaries each candidate is weighed once more; the best one that is sure joins
    them, and all is pruned again.

    Args:
        boundaries: steps in order.
        candidates: where more may be, in order.
        n: length of the series.
        judge: weighs one boundary between its neighbours.
        threshold: least statistic of a step.
        least: size that the interval of a step has to reach.
    """
    for _ in range(_ROUNDS):
        before = boundaries
        added: list[int] = []
        for a, c in pairwise([0, *boundaries, n]):
            best, most = 0, threshold
            for b in candidates[bisect_right(candidates, a) : bisect_left(candidates, c)]:
                weight = judge.weigh(a, b, c)
                if weight.statistic >= most and _is_large(weight, threshold, least):
                    best, most = b, weight.statistic
            if best:
                added.append(best)
        if added:
            boundaries = pruned(sorted({*boundaries, *added}), n, judge, threshold, least)
        if boundaries == before:
            break
    return boundaries


def _dropped(
    boundaries: list[int], n: int, judge: Judge, threshold: float, least: float
) -> list[int]:
    """Return what is left after the weakest is dropped, its neighbours weighed again, and so on."""
    edges = [0, *boundaries, n]
    before = {b: a for a, b in pairwise(edges)}
    after = dict(pairwise(edges))

    def strength(b: int) -> tuple[bool, float]:
        a, c = before[b], after[b]
        alone = b - a >= SHORTEST and c - b >= SHORTEST
        # Of two that are close together one has to go: each is weighed without the other.
        while b - a < SHORTEST:
            a = before[a]
        while c - b < SHORTEST:
            c = after[c]
        weight = judge.weigh(a, b, c)
        return alone, weight.statistic if _is_large(weight, threshold, least) else 0.0

    current = {b: strength(b) for b in boundaries}
    heap = [(s, b) for b, s in current.items()]
    heapq.heapify(heap)
    while heap:
        s, b = heapq.heappop(heap)
        if current.get(b) != s:
            continue
        if s >= (True, threshold):
            break
        a, c = before[b], after[b]
        del current[b]
        after[a], before[c] = c, a
        for neighbour in _near(b, a, before, -1) + _near(b, c, after, 1):
            if neighbour in current:
                current[neighbour] = strength(neighbour)
                heapq.heappush(heap, (current[neighbour], neighbour))
    return sorted(current)


def _is_large(weight: Weight, threshold: float, least: float) -> bool:
    """Tell whether a step is of the least size, or sure and its 95 % interval reaches that.

    A step of just the least size is measured as less every second time.
    """
    size = abs(weight.size)
    is_sure = weight.statistic >= threshold
    return size >= least or (is_sure and size + _WITHIN * weight.deviation >= least)


def _near(b: int, first: int, following: dict[int, int], direction: int) -> list[int]:
    """Return the boundaries on one side whose weight may depend on *b*."""
    found = [first]
    while first in following and (first - b) * direction < SHORTEST:
        first = following[first]
        found.append(first)
    return found


def _moved(boundaries: list[int], n: int, judge: Judge) -> list[int]:
    edges = [0, *boundaries, n]
    for k in range(1, len(edges) - 1):
        edges[k] = judge.best_split(edges[k - 1], edges[k + 1], edges[k])
    return edges[1:-1]
