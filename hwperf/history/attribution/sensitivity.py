"""How much of a factor shows in a series. This module fits it, and says how well it is known.

The share is what leaves least movement in ``y - share * factor``, over several lengths of time. By
absolute values: a change of the code, which has nothing to do with the factor, pulls at it little.
Where nothing is gained the share is zero, so that a canary's noise is never added for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwperf.history.attribution.factor import Factor
from hwperf.history.attribution.noise import noise

__all__ = ["LARGEST", "Sensitivity", "best", "fit"]

Array = NDArray[np.float64]

LARGEST = 1.5
"""Above that it is no share: a benchmark may feel somewhat more than a canary does."""

LEAST_GAIN = 0.05
"""Of the movement; less is what chance gives."""

_GRID = np.linspace(0, LARGEST, 31)
_LENGTHS = (1, 4, 8)
_MEDIAN_LOSS = 1.25  # Standard deviation of a median over that of a mean.
_RELIABLE = 0.7  # Of a factor's movement: as much must be the machine's, not the canaries' error.
_NARROW = 0.15  # Standard deviation of a share that is known, also where it is none.
_FEWEST = 10  # Differences: fewer give any share.


@dataclass(frozen=True)
class Sensitivity:
    """The share of a factor that shows in a series.

    Attributes:
        factor: which.
        share: 0 where there is none or none is known.
        low: it is at least that.
        high: it is at most that.
        gain: by how much of itself the movement becomes less.
        is_known: whether the series and the factor tell it.
    """

    factor: Factor
    share: float
    low: float
    high: float
    gain: float
    is_known: bool


def best(logs: Array, found: Sequence[Factor], without: int | None = None) -> Sensitivity | None:
    """Return the factor that explains most of *logs*; None where none does.

    Args:
        logs: the series.
        found: factors, of the same length.
        without: leave out what happens at this point: it is what is to be judged.
    """
    fits = [fit(logs, factor, without) for factor in found if factor.has_moved]
    told = [each for each in fits if each.is_known and each.share > 0]
    return max(told, key=lambda each: each.gain, default=None)


def fit(logs: Array, factor: Factor, without: int | None = None) -> Sensitivity:
    """Return the share of *factor* that shows in *logs*."""
    parts = _differences(logs, factor.logs, without)
    y, m = np.concatenate(parts, axis=1) if parts else np.empty((2, 0))
    if len(y) < _FEWEST or not np.any(m):
        return Sensitivity(factor, 0.0, 0.0, LARGEST, 0.0, False)
    movement = np.abs(y[None, :] - _GRID[:, None] * m[None, :]).mean(axis=1)
    at = int(np.argmin(movement))
    gain = float(1 - movement[at] / movement[0]) if movement[0] > 0 else 0.0
    wanted = max(LEAST_GAIN, 3 / len(y) * len(_LENGTHS))
    share = float(_GRID[at]) if gain >= wanted else 0.0
    # The canaries' own errors are no movement of the machine: nothing is learned from them, and
    # they make a share look smaller than it is.
    moved = [float(np.sum(part[1] ** 2)) for part in parts]
    errors = [2 * part.shape[1] * (_MEDIAN_LOSS * factor.error) ** 2 for part in parts]
    reliability, freedom = max(
        ((all_of_it - error) / all_of_it, (all_of_it - error) / (2 * w))
        for all_of_it, error, w in zip(moved, errors, _LENGTHS, strict=False)
        if all_of_it > 0
    )
    if reliability < _RELIABLE:
        return Sensitivity(factor, share, 0.0, LARGEST, gain, False)
    # As of least squares, a median's loss on top; of n differences over w points n / w are free.
    deviation = _MEDIAN_LOSS * noise(logs - share * factor.logs) / float(np.sqrt(freedom))
    low, high = max(0.0, share - 2 * deviation), min(LARGEST, share / reliability + 2 * deviation)
    is_known = gain >= wanted or deviation < _NARROW
    return Sensitivity(factor, share, low, high, gain, bool(is_known))


def _differences(y: Array, m: Array, without: int | None) -> list[Array]:
    """Return how both move over each length of time, where both are known: of shape (2, n)."""
    kept = np.isfinite(y) & np.isfinite(m)
    places = np.flatnonzero(kept)
    both = np.array([y[kept], m[kept]])
    parts: list[Array] = []
    for w in _LENGTHS:
        if both.shape[1] < 2 * w + 2:
            break
        sums = np.concatenate([np.zeros((2, 1)), np.cumsum(both, axis=1)], axis=1)
        means = (sums[:, w:] - sums[:, :-w]) / w
        difference = means[:, w:] - means[:, :-w]
        if without is not None:
            # Difference i is between the points i to i + w - 1 and i + w to i + 2 w - 1.
            centre = places[w : w + difference.shape[1]]
            difference = difference[:, np.abs(centre - without) > w + 1]
        # So that each length counts as much, and as many points as there are.
        parts.append(difference * np.sqrt(w))
    return parts
