"""Noise as benchmarks show it. This module makes residuals, on a log scale, of no change.

Each kind takes a generator of random numbers, a length and a scale (the standard deviation of its
quiet part, in the log of the value, so that 0.01 is 1 %), and returns an array of that length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["NOISES", "Floats", "Noise"]

Floats = NDArray[np.float64]
Noise = Callable[[Generator, int, float], Floats]


def white(rng: Generator, n: int, scale: float) -> Floats:
    """Independent normal noise."""
    return rng.normal(0, scale, n)


def autoregressive(rng: Generator, n: int, scale: float) -> Floats:
    """AR(1): a disturbance lasts for some commits."""
    memory = rng.uniform(0.3, 0.9)
    pushes = rng.normal(0, scale * np.sqrt(1 - memory**2), n)
    noise = np.empty(n)
    noise[0] = rng.normal(0, scale)
    for i in range(1, n):
        noise[i] = memory * noise[i - 1] + pushes[i]
    return noise


def heteroscedastic(rng: Generator, n: int, scale: float) -> Floats:
    """Quiet and loud stretches: a neighbour comes and goes."""
    loud = np.ones(n)
    edge = 0
    while edge < n:
        length = int(rng.integers(20, 80))
        loud[edge : edge + length] = rng.choice([0.5, 1.0, 3.0])
        edge += length
    return rng.normal(0, scale, n) * loud


def sticky_modes(rng: Generator, n: int, scale: float) -> Floats:
    """Two modes, each kept for a few runs: memory placement, frequency, code alignment."""
    gap = scale * rng.uniform(2, 8)
    leave = rng.uniform(0.1, 0.5)
    share = rng.uniform(0.2, 0.5)
    mode = np.empty(n)
    now = 0.0
    for i in range(n):
        change = leave if now else leave * share / (1 - share)
        if rng.random() < change:
            now = 1.0 - now
        mode[i] = now
    return mode * gap + rng.normal(0, scale / 2, n)


def outlier_bursts(rng: Generator, n: int, scale: float) -> Floats:
    """Bursts of one to three points that are far too slow."""
    noise = rng.normal(0, scale, n)
    for _ in range(max(1, n // 40)):
        start = int(rng.integers(0, n))
        burst = noise[start : start + int(rng.integers(1, 4))]
        burst += scale * rng.uniform(5, 30, burst.size)
    return noise


def drift(rng: Generator, n: int, scale: float) -> Floats:
    """A slow wander of the level below the noise of one point."""
    period = rng.uniform(0.7, 2) * n
    phase = rng.uniform(0, 2 * np.pi)
    slow = np.sin(2 * np.pi * np.arange(n) / period + phase)
    return rng.normal(0, scale, n) + slow * scale * rng.uniform(0.5, 2)


def quantised(rng: Generator, n: int, scale: float) -> Floats:
    """Values on a coarse grid: a clock with few digits, a counter."""
    grid = scale * rng.uniform(0.7, 3)
    return np.round((rng.normal(0, scale, n) + rng.uniform(0, grid)) / grid) * grid


def heavy_tailed(rng: Generator, n: int, scale: float) -> Floats:
    """Student's t with three degrees of freedom."""
    return rng.standard_t(3, n) * scale


def skewed(rng: Generator, n: int, scale: float) -> Floats:
    """Time that is lost is never won back: a sharp lower edge and a long upper tail."""
    return rng.lognormal(0, 0.8, n) * scale


def wandering(rng: Generator, n: int, scale: float) -> Floats:
    """A random walk under white noise, held back to its mean over some hundred points."""
    walk = np.empty(n)
    now = 0.0
    for i, push in enumerate(rng.normal(0, scale * rng.uniform(0.05, 0.15), n)):
        now = 0.99 * now + push
        walk[i] = now
    return walk + rng.normal(0, scale, n)


def seasonal(rng: Generator, n: int, scale: float) -> Floats:
    """A rhythm: of the day, the week, the machine room."""
    period = rng.uniform(5, 30)
    rhythm = np.sin(2 * np.pi * np.arange(n) / period + rng.uniform(0, 2 * np.pi))
    return rng.normal(0, scale, n) + rhythm * scale * rng.uniform(0.5, 1.5)


NOISES: Mapping[str, Noise] = MappingProxyType(
    {
        "white": white,
        "autoregressive": autoregressive,
        "heteroscedastic": heteroscedastic,
        "sticky modes": sticky_modes,
        "outlier bursts": outlier_bursts,
        "drift": drift,
        "quantised": quantised,
        "heavy-tailed": heavy_tailed,
        "skewed": skewed,
        "wandering": wandering,
        "seasonal": seasonal,
    }
)
