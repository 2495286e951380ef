"""A slow wander beside steps. This module takes it off where it explains more than steps do.

A room warms up, a disk fills: the level moves without a step. A search for steps makes a staircase
of that, and misses the small step in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hwperf.history.detection.contrast import Floats
from hwperf.history.detection.finding import Found, Limits
from hwperf.history.detection.rhythm import beside_levels
from hwperf.history.detection.robust import clipped

__all__ = ["found_beside_trend"]

_FEWEST = 40
_WAVES = 3  # Half periods of the fastest: what wanders more often is noise by scale.
_ROUNDS = 2
_TINY = 1e-18

Search = Callable[[Floats, Limits], Found]


def found_beside_trend(x: Floats, limits: Limits, search: Search) -> Found:
    """Return the steps that *search* finds in *x*, or in what a trend leaves if that says more.

    What says more is told by Schwarz's criterion (BIC): squares that are left, against parameters,
    two for each step (where, and how much) and one for each wave.
    """
    best = plain = search(x, limits)
    n = x.size
    if not plain.boundaries or n < _FEWEST:
        return plain
    y = clipped(x)
    # Half waves, as of a cosine transform: they need no equal ends.
    angle = math.pi * (np.arange(n)[:, None] + 0.5) * np.arange(1, _WAVES + 1) / n
    waves = np.cos(angle)
    left, _ = _left_over(y, plain.stretches, None)
    least = _criterion(left, n, 2 * len(plain.stretches))
    found = plain
    for _ in range(_ROUNDS):
        before = found.stretches
        left, trend = _left_over(y, before, waves)
        if _criterion(left, n, _WAVES) >= least:
            break  # It would not be better even if it made all these steps needless.
        found = search(x - trend, limits)
        if len(found.boundaries) > len(plain.boundaries) or found.stretches == before:
            break
        left, _ = _left_over(y, found.stretches, waves)
        score = _criterion(left, n, 2 * len(found.stretches) + _WAVES)
        if score < least:
            best, least = found, score
    return best


def _left_over(y: Floats, boundaries: list[int], waves: Floats | None) -> tuple[float, Floats]:
    """Return the squares that levels and *waves* leave of *y*, and the waves' part of the fit."""
    rest = beside_levels(y[:, None], boundaries)[:, 0]
    if waves is None:
        return float(rest @ rest), np.zeros(0)
    alone = beside_levels(waves, boundaries)
    sizes, *_ = np.linalg.lstsq(alone, rest, rcond=None)
    rest = rest - alone @ sizes
    return float(rest @ rest), np.asarray(waves @ sizes)


def _criterion(left: float, n: int, parameters: int) -> float:
    """Return Schwarz's criterion: less is better.

    Source: Schwarz (1978), "Estimating the dimension of a model".
    """
    return n * math.log(max(left, _TINY) / n) + math.log(n) * parameters
