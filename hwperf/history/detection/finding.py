"""The search for steps. This module leads one series through cleaning, candidates and pruning."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hwperf.history.detection.candidates import LONGEST, candidates
from hwperf.history.detection.contrast import Floats, Sums, sums_of
from hwperf.history.detection.judgement import Judge
from hwperf.history.detection.modes import without_modes
from hwperf.history.detection.noise import noise_of
from hwperf.history.detection.pruning import pruned, regained
from hwperf.history.detection.robust import clipped
from hwperf.history.detection.settling import settled

__all__ = ["Found", "Limits", "found_in", "found_in_cleaned", "judge_of"]

_LEAST_CANDIDATE = 0.5  # Of the threshold: a candidate may gain when its neighbours go.
_FURTHER = 0.9  # Of the threshold, for others: where one change is sure they are likelier.
_CLEAR = 1.5  # Times the threshold: what noise hardly reaches, so that a clean series gains none.
_LONGEST_FOR_FURTHER = 1_000  # Points: in more there are too many places for a lower threshold.
_PASSES = 3  # Of finding steps and measuring the noise without them; the third rarely differs.


@dataclass(frozen=True)
class Limits:
    """What a step has to reach.

    Attributes:
        floor: least standard deviation of a point.
        threshold: least statistic.
        least: least size.
    """

    floor: float
    threshold: float
    least: float


@dataclass(frozen=True)
class Found:
    """Steps, and the series that shows them.

    Attributes:
        x: the series on the working scale, without what was taken off to see the steps.
        boundaries: first points of new levels, in order.
        judge: weighs them.
        stretches: those, and the boundaries between which the series alternated.
    """

    x: Floats
    boundaries: list[int]
    judge: Judge
    stretches: list[int]


def found_in(x: Floats, limits: Limits) -> Found:
    """Return the steps of *x*, a series on the working scale."""
    return found_in_cleaned(x, clipped(x), limits)


def found_in_cleaned(x: Floats, y: Floats, limits: Limits) -> Found:
    """Return the steps of *x*, sought in *y*, which is *x* with its outliers pulled in.

    Noise is measured again without the steps that were found, as steps inflate it.
    """
    threshold, least = limits.threshold, limits.least
    boundaries: list[int] = []
    for _ in range(_PASSES):
        before = boundaries
        judge = judge_of(y, boundaries, limits.floor)
        seen = candidates(judge.sums, judge.variances, _LEAST_CANDIDATE * threshold)
        start = sorted({*before, *seen})
        boundaries = pruned(start, x.size, judge, threshold, least)
        is_short = x.size <= _LONGEST_FOR_FURTHER
        if is_short and _surest(boundaries, x.size, judge) >= _CLEAR * threshold:
            further = _FURTHER * threshold
            boundaries = pruned(sorted({*boundaries, *start}), x.size, judge, further, least)
            boundaries = regained(boundaries, start, x.size, judge, further, least)
        if boundaries == before:
            break
    stretches = settled(x, boundaries, limits.floor)
    return Found(x, without_modes(x, stretches), judge, stretches)


def judge_of(y: Floats, boundaries: list[int], floor: float) -> Judge:
    """Return who weighs steps of *y*, a cleaned series with known steps at *boundaries*."""
    sums = sums_of(y)
    levelled = sums_of(_levelled(y, boundaries, sums)) if boundaries else sums
    return Judge(sums, noise_of(levelled, floor).variances(LONGEST), floor)


def _levelled(y: Floats, boundaries: list[int], sums: Sums) -> Floats:
    """Return *y* without the steps at *boundaries*."""
    edges = [0, *boundaries, y.size]
    levels = [sums.mean(a, b) for a, b in pairwise(edges)]
    return np.asarray(y - np.repeat(levels, np.diff(edges)))


def _surest(boundaries: list[int], n: int, judge: Judge) -> float:
    """Return the largest statistic of the steps at *boundaries*, 0 without any."""
    edges = [0, *boundaries, n]
    triples = zip(edges, edges[1:], edges[2:], strict=False)
    return max((judge.weigh(a, b, c).statistic for a, b, c in triples), default=0.0)
