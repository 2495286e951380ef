"""How well could any detector do? This module asks one that knows what no detector can.

    python ceiling.py

It sees only the white series of the synthetic set, is told the standard deviation of a point, finds
the partition that is best of all, and its penalty is the best in hindsight. The other kinds of
noise hide their steps better.
"""

from __future__ import annotations

import sys

import labelled
import numpy as np
from noises import Floats
from run import hwperf_steps
from score import Score

PENALTIES = (8, 10, 12, 14, 16, 18, 20)
SHORTEST = 4


def best_partition(y: Floats, penalty: float) -> list[int]:
    """Return the boundaries that leave the least squares plus *penalty* for each.

    Source: Jackson et al. (2005), "An algorithm for optimal partitioning of data on an interval".

    Args:
        y: in standard deviations of a point.
        penalty: in variances.
    """
    total = np.concatenate(([0.0], np.cumsum(y)))
    least = np.full(y.size + 1, np.inf)
    least[0] = -penalty
    last = np.zeros(y.size + 1, dtype=np.intp)
    for end in range(SHORTEST, y.size + 1):
        start = np.arange(end - SHORTEST + 1)
        cost = least[start] - (total[end] - total[start]) ** 2 / (end - start) + penalty
        last[end] = np.argmin(cost)
        least[end] = cost[last[end]]
    found = []
    end = int(last[y.size])
    while end:
        found.append(end)
        end = int(last[end])
    return found[::-1]


def main() -> int:
    """Print hwperf's F1 on the white series, and that of who knows their noise; exits with 0."""
    series = [
        each
        for seed in range(labelled.TEST, labelled.TEST + 8)
        for each in labelled.synthetic(seed, 20)
        if each.kind == "white"
    ]
    ours = Score()
    for found, each in zip(
        hwperf_steps([s.values.tolist() for s in series])[0], series, strict=True
    ):
        ours.add(found, each.changes)
    best = Score()
    for penalty in PENALTIES:
        score = Score()
        for each in series:
            score.add(best_partition(np.log(each.values) / each.scale, penalty), each.changes)
        best = max(best, score, key=lambda one: one.f1 if one.there else 0.0)
    for name, one in (("hwperf", ours), ("who knows the noise", best)):
        print(f"{name}: F1 {one.f1:.3f} ({one.precision:.2f}/{one.recall:.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
