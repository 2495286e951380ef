"""Two modes, told from distances. This module folds a series so that both modes become one.

Placement in memory or alignment of code gives a benchmark two levels a fixed ratio apart. Points
that are near in time then differ by about nothing or by about that gap, seldom by anything else,
whatever steps there are. Modulo the gap both modes are the same, and a step, unless it
is as large as the gap, is as plain as if there were one mode.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwperf.history.detection.contrast import Floats

__all__ = ["Modes", "is_grid", "modes_of", "runs_of"]

_FEWEST = 30
_LAGS = (1, 2, 3, 5, 8, 13)  # Points between two that are compared: modes may last some points.
_MOST_PAIRS = 4_000
_EQUAL = 1e-9  # Two values less far apart are one value twice,
_GRID = 0.25  # and where so many neighbours are, the clock is coarse: its grid is no mode.
_SCREEN = ((0.90, 4.0), (0.97, 5.5))  # Quantiles of distances over the 40 % one; of normal noise
# they are 3.1 and 4.1. Without one that is larger there is no need to look closer.
_ROUNDS = 40
_FIRST_ROUNDS = 8  # With each start, before the best of them is followed.
_SETTLED = 1e-3  # Relative change of gap and width below which a fit is done.
_STARTS = (0.6, 0.75, 0.9)  # Quantiles of the distances to take the gap from at first.
_APART = 3.0  # Deviations of a distance that the gap has at least.
_LEAST_SHARE = 0.05  # Of the distances that are about the gap.
_MOST_OTHERS = 0.12  # Of those that are neither about 0 nor about the gap.
_GAIN = 0.02  # Log likelihood per distance by which two modes have to be better than two widths.
_FEWEST_SWITCHES = 6
_MOST_TURNS = 1e6  # Gaps between the least and the largest value: a phase is no more exact.
_FEWEST_RETURNS = 2
_RETURNED = 0.04  # Share of the points in stays at a mode beside the longest.
_REACH = 12  # Points on either side that tell the phase.
_REACH_AT_ENDS = 3
_TINY = 1e-9


@dataclass(frozen=True)
class Modes:
    """A series in two modes.

    Attributes:
        gap: between them, on the working scale.
        folded: the series with both modes at one level.
        turns: whole gaps that a point lies above *folded*, from 0; two of them are common.
    """

    gap: float
    folded: Floats
    turns: NDArray[np.intp]


def modes_of(x: Floats, floor: float) -> Modes | None:
    """Return the two modes of *x*, a series on the working scale; None where there are none.

    Args:
        x: the series.
        floor: least standard deviation of a point.
    """
    if x.size < _FEWEST or is_grid(x):
        return None
    gap = _gap_of(x, floor)
    if gap is None or np.ptp(x) > _MOST_TURNS * gap:
        return None
    folded = _folded(x, gap)
    turns = np.rint((x - folded) / gap).astype(np.intp)
    if np.count_nonzero(np.diff(turns)) < _FEWEST_SWITCHES or not _come_again(turns):
        return None
    return Modes(gap, folded, turns - turns.min())


def is_grid(x: Floats) -> bool:
    """Tell whether many neighbours are equal: a clock of few digits, a counter."""
    return bool(np.mean(np.abs(np.diff(x)) < _EQUAL) > _GRID)


def runs_of(turns: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return how long each stay lasts, and where it is."""
    edges = np.concatenate(([0], np.flatnonzero(np.diff(turns)) + 1, [turns.size]))
    return np.diff(edges), turns[edges[:-1]]


def _come_again(turns: NDArray[np.intp]) -> bool:
    """Tell whether both modes are left and come back: two levels and some outliers do not."""
    lengths, levels = runs_of(turns)
    values, counts = np.unique(turns, return_counts=True)
    for level in values[np.argsort(-counts, kind="stable")[:2]]:
        stays = np.sort(lengths[levels == level])[:-1]
        if stays.size < _FEWEST_RETURNS or stays.sum() < _RETURNED * turns.size:
            return False
    return True


def _gap_of(x: Floats, floor: float) -> float | None:
    """Return the gap between two modes, by the likelihood of the distances of near points."""
    distances = np.sort(np.concatenate([np.abs(x[k:] - x[:-k]) for k in _LAGS]))
    distances = distances[:: -(-distances.size // _MOST_PAIRS)]
    least = floor * math.sqrt(2)
    middle, *outer = np.quantile(distances, (0.4, *(q for q, _ in _SCREEN)))
    middle = max(float(middle), 0.52 * least)  # 0.52: the 40 % quantile of |x|, x normal.
    if all(far < times * middle for far, (_, times) in zip(outer, _SCREEN, strict=True)):
        return None
    most = float(np.quantile(distances, 0.995)) * 1.2 + least
    width = max(float(np.quantile(distances, 0.3)) / 0.6, least)
    firsts = [
        _Fit(0.0, max(float(np.quantile(distances, start)), _APART * width), width)
        for start in _STARTS
    ]
    fits = [_two_modes(distances, first, _FIRST_ROUNDS, least, most) for first in firsts]
    best = _two_modes(distances, max(fits, key=lambda fit: fit.likelihood), _ROUNDS, least, most)
    is_apart = (
        best.gap >= _APART * best.width
        and best.shares[1] >= _LEAST_SHARE
        and best.shares[2] <= _MOST_OTHERS
    )
    if not is_apart:
        return None
    gain = best.likelihood - _two_widths(distances, width, least, most)
    return best.gap if gain > _GAIN * distances.size else None


@dataclass(frozen=True)
class _Fit:
    """Distances about 0 or about the gap, normal around both, or of any size.

    Attributes:
        likelihood: logarithm, of all distances.
        gap: between two modes.
        width: standard deviation around 0 and around the gap.
        shares: of the three kinds.
    """

    likelihood: float
    gap: float
    width: float
    shares: tuple[float, float, float] = (0.6, 0.35, 0.05)


def _two_modes(distances: Floats, fit: _Fit, rounds: int, least: float, most: float) -> _Fit:
    """Return *fit* after some rounds of expectation and maximisation."""
    squared = distances**2
    for _ in range(rounds):
        zero = 2 * fit.shares[0] * _normal(distances, fit.width)
        away = fit.shares[1] * _normal(distances - fit.gap, fit.width)
        total = zero + away + fit.shares[2] / most
        zero, away = zero / total, away / total
        gap = max(float(away @ distances) / max(float(away.sum()), _TINY), _TINY)
        squares = float(zero @ squared + away @ (distances - gap) ** 2)
        width = max(math.sqrt(squares / max(float(zero.sum() + away.sum()), _TINY)), least)
        before = fit
        fit = _Fit(float(np.log(total).sum()), gap, width, _shares(zero, away))
        if max(abs(gap / before.gap - 1), abs(width / before.width - 1)) < _SETTLED:
            break
    return fit


def _two_widths(distances: Floats, width: float, least: float, most: float) -> float:
    """Return the log likelihood of what two modes may be taken for: noise that is louder at times.

    Distances are about 0, with one of two widths, or anything up to *most*.
    """
    squared = distances**2
    widths = (width, max(float(np.quantile(distances, 0.9)) / 1.6, 2 * width))
    shares = (0.6, 0.35, 0.05)
    for _ in range(_ROUNDS):
        one = 2 * shares[0] * _normal(distances, widths[0])
        other = 2 * shares[1] * _normal(distances, widths[1])
        total = one + other + shares[2] / most
        one, other = one / total, other / total
        shares = _shares(one, other)
        before = widths
        widths = (_width(one, squared, least), _width(other, squared, least))
        if max(abs(new / old - 1) for new, old in zip(widths, before, strict=True)) < _SETTLED:
            break
    return float(np.log(total).sum())


def _width(weights: Floats, squared: Floats, least: float) -> float:
    return max(math.sqrt(float(weights @ squared) / max(float(weights.sum()), _TINY)), least)


def _normal(values: Floats, width: float) -> Floats:
    """Return the density of a normal variable around 0."""
    return np.asarray(np.exp(-0.5 * (values / width) ** 2) / (width * math.sqrt(2 * math.pi)))


def _shares(one: Floats, other: Floats) -> tuple[float, float, float]:
    """Return the shares of two kinds and of the rest, none of them quite 0."""
    first, second = float(one.mean()), float(other.mean())
    return max(first, 1e-4), max(second, 1e-4), max(1 - first - second, 1e-4)


def _folded(x: Floats, gap: float) -> Floats:
    """Return *x* modulo *gap*, as a series that does not jump where it passes a whole gap.

    Its phase is that of the points around, followed from one end to the other.
    """
    n = x.size
    phases = np.exp(2j * math.pi * x / gap)
    total = np.concatenate(([0], np.cumsum(phases)))
    at = np.arange(n)
    reach = np.minimum(_REACH, np.minimum(at, n - 1 - at))
    reach = np.maximum(reach, _REACH_AT_ENDS)
    centre = np.angle(total[np.minimum(at + reach + 1, n)] - total[np.maximum(at - reach, 0)])
    beside = np.angle(phases * np.exp(-1j * centre))
    return np.asarray((np.unwrap(centre) + beside) * gap / (2 * math.pi))
