"""Steps that stand out of their noise. This module makes a second set, with more traps.

In the first set most of what is missed is hidden in its noise. Here a step is one to several
deviations of a point, and what is hard is the noise itself: modes, bursts, grids, shared levels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import noises
import numpy as np
from labelled import Series
from noises import Floats, Noise
from numpy.random import Generator

__all__ = ["TRAPS", "visible", "visible_clean"]

SIZES = (0.01, 0.02, 0.03, 0.05, 0.10, 0.20, 0.30)
SHARES = (0.2, 0.2, 0.2, 0.15, 0.1, 0.1, 0.05)  # Small ones are commoner.
POINTS_PER_STEP = 100  # On average at least; each series has one at least.
LEAST_GAP = 8  # Points that a level lasts at least.
SCALES = (0.002, 0.03)  # Of the quiet part of the noise; not above the size of the smallest step.


def autoregressive(rng: Generator, n: int, scale: float) -> Floats:
    """AR(1) with a memory of 0.3 to 0.8."""
    memory = rng.uniform(0.3, 0.8)
    noise = rng.normal(0, scale, n)
    for i in range(1, n):
        noise[i] = memory * noise[i - 1] + math.sqrt(1 - memory**2) * noise[i]
    return noise


def modes(rng: Generator, n: int, scale: float) -> Floats:
    """Two modes, drawn anew for each point or kept for some."""
    if rng.random() < 0.5:
        return noises.sticky_modes(rng, n, scale)
    upper = rng.random(n) < rng.uniform(0.1, 0.5)
    return rng.normal(0, scale / 2, n) + upper * scale * rng.uniform(2, 8)


def outliers(rng: Generator, n: int, scale: float) -> Floats:
    """Far too slow: one point in twenty, or bursts of one to three."""
    if rng.random() < 0.5:
        return noises.outlier_bursts(rng, n, scale)
    noise = rng.normal(0, scale, n)
    hit = rng.random(n) < rng.uniform(0.02, 0.08)
    return noise + hit * scale * rng.uniform(5, 30, n)


def coarse(rng: Generator, n: int, scale: float) -> Floats:
    """A grid so coarse that most points are equal: a clock of few digits."""
    grid = scale * rng.uniform(1, 4)
    return np.round((rng.normal(0, scale, n) + rng.uniform(0, grid)) / grid) * grid


def shared_levels(rng: Generator, n: int, scale: float) -> Floats:
    """Neighbouring points were measured in one session and share its error."""
    noise = rng.normal(0, scale, n)
    edge = 0
    while edge < n:
        length = int(rng.integers(2, 8))
        noise[edge : edge + length] += rng.normal(0, scale)
        edge += length
    return noise / math.sqrt(2)


TRAPS: Mapping[str, Noise] = MappingProxyType(
    {
        "white": noises.white,
        "autoregressive": autoregressive,
        "heteroscedastic": noises.heteroscedastic,
        "modes": modes,
        "outliers": outliers,
        "heavy-tailed": noises.heavy_tailed,
        "drift": noises.drift,
        "coarse": coarse,
        "seasonal": noises.seasonal,
        "shared levels": shared_levels,
    }
)
"""Noise by kind, as in :data:`noises.NOISES`."""


def visible(seed: int, per_kind: int) -> Iterator[Series]:
    """Yield noise of each kind with one to three steps of at least one deviation of a point."""
    for number, (kind, noise) in enumerate(TRAPS.items()):
        for k in range(per_kind):
            rng = np.random.default_rng([seed, 6, number, k])
            n = int(rng.integers(60, 301))
            changes = _places(rng, n, int(rng.integers(1, 1 + max(1, n // POINTS_PER_STEP))))
            sizes = rng.choice(SIZES, len(changes), p=SHARES)
            level = np.zeros(n)
            for at, size in zip(changes, sizes, strict=True):
                level[at:] += math.log1p(size) * rng.choice([-1, 1])
            scale = min(_scale(rng), float(sizes.min()) / rng.uniform(1, 2))
            yield Series(kind, np.exp(level + noise(rng, n, scale)), changes)


def visible_clean(seed: int, per_kind: int, n: int = 200) -> Iterator[Series]:
    """Yield the same noise without a step."""
    for number, (kind, noise) in enumerate(TRAPS.items()):
        for k in range(per_kind):
            rng = np.random.default_rng([seed, 7, number, k])
            yield Series(kind, np.exp(noise(rng, n, _scale(rng))), ())


def _scale(rng: Generator) -> float:
    low, high = SCALES
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _places(rng: Generator, n: int, count: int) -> tuple[int, ...]:
    """Return *count* boundaries at least LEAST_GAP apart and from both ends."""
    free = np.sort(rng.integers(0, n - (count + 1) * LEAST_GAP + 1, count))
    return tuple(int(at) + (k + 1) * LEAST_GAP for k, at in enumerate(free))
