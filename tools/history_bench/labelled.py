"""Series with known changes. This module makes the sets that detectors are judged by.

Every series comes from a seed of its own: seeds of development and of the test never meet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from noises import NOISES, Floats
from numpy.random import Generator

__all__ = ["DEVELOPMENT", "TEST", "Series", "clean", "delayed", "injected", "patterns", "synthetic"]

DEVELOPMENT = 1_000
TEST = 2_000
LEAST_GAP = 12  # Points between two changes, and before the first.


@dataclass(frozen=True)
class Series:
    """A series and its changes.

    Attributes:
        kind: kind of noise or pattern.
        values: positive.
        changes: first index of each new level.
        scale: standard deviation of the quiet part of the noise, in logarithms; 0 where unknown.
    """

    kind: str
    values: Floats
    changes: tuple[int, ...]
    scale: float = 0.0


def synthetic(seed: int, per_kind: int) -> Iterator[Series]:
    """Yield noise of each kind with up to four steps of 1 to 30 %."""
    for number, (kind, noise) in enumerate(NOISES.items()):
        for k in range(per_kind):
            rng = np.random.default_rng([seed, 1, number, k])
            n = int(rng.integers(80, 401))
            scale = math.exp(rng.uniform(math.log(0.003), math.log(0.02)))
            stepped = _stepped(kind, noise(rng, n, scale), rng, least=0.01, most=0.30)
            yield replace(stepped, scale=scale)


def injected(seed: int, residuals: Sequence[Floats], per_series: int) -> Iterator[Series]:
    """Yield steps of 3 to 30 % planted into what is left of real histories."""
    for number, residual in enumerate(residuals):
        for k in range(per_series):
            rng = np.random.default_rng([seed, 2, number, k])
            start = int(rng.integers(0, max(1, residual.size - 300)))
            yield _stepped("real", residual[start : start + 300], rng, least=0.03, most=0.30)


def clean(seed: int, per_kind: int, n: int = 200) -> Iterator[Series]:
    """Yield noise of each kind without a change."""
    for number, (kind, noise) in enumerate(NOISES.items()):
        for k in range(per_kind):
            rng = np.random.default_rng([seed, 3, number, k])
            scale = math.exp(rng.uniform(math.log(0.003), math.log(0.02)))
            yield Series(kind, np.exp(noise(rng, n, scale)), ())


def delayed(seed: int, count: int, n: int = 150) -> Iterator[Series]:
    """Yield white noise of 1 % with one step of 10 % in the middle, to be shown point by point."""
    for k in range(count):
        rng = np.random.default_rng([seed, 4, k])
        level = np.zeros(n)
        level[n // 2 :] = math.log(1.10) * rng.choice([-1, 1])
        yield Series("delay", np.exp(level + rng.normal(0, 0.01, n)), (n // 2,))


def patterns(seed: int, count: int) -> Iterator[Series]:
    """Yield steps, spikes and ramps under white noise; of these only the steps are changes."""
    for k in range(count):
        rng = np.random.default_rng([seed, 5, k])
        n = int(rng.integers(60, 300))
        level = np.zeros(n)
        kind = ("step", "two steps", "recovered", "spike", "ramp")[k % 5]
        size = rng.uniform(0.05, 0.5) * rng.choice([-1, 1])
        at = int(rng.integers(20, n - 20))
        changes: tuple[int, ...] = (at,)
        if kind == "spike":
            level[at : at + int(rng.integers(1, 4))] += size
            changes = ()
        elif kind == "ramp":
            level += np.clip((np.arange(n) - at) / rng.uniform(20, n), 0, None) * abs(size)
            changes = ()
        else:
            level[at:] += size
            if kind != "step":
                after = int(rng.integers(10, 60))
                level[at + after :] += size if kind == "two steps" else -size
                changes = (at, at + after) if at + after < n else (at,)
        yield Series(kind, np.exp(level + rng.normal(0, 0.01, n)), changes)


def _stepped(kind: str, residual: Floats, rng: Generator, *, least: float, most: float) -> Series:
    n = residual.size
    level = np.zeros(n)
    changes: list[int] = []
    for _ in range(int(rng.integers(0, 5))):
        at = int(rng.integers(LEAST_GAP, n - 4))
        if all(abs(at - other) >= LEAST_GAP for other in changes):
            size = math.exp(rng.uniform(math.log(least), math.log(most)))
            level[at:] += math.log1p(size) * rng.choice([-1, 1])
            changes.append(at)
    return Series(kind, np.exp(residual + level), tuple(sorted(changes)))
