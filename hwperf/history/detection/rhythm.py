"""A rhythm: of the day, the week, the machine room. This module finds it and takes it off.

Means over a period do not feel it, shorter ones do, so that it hides steps that are plain without.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hwperf.history.detection.contrast import Floats
from hwperf.history.detection.robust import clipped

__all__ = ["beside_levels", "rhythm_of"]

_FEWEST = 48  # Points: in fewer there are too few periods to tell a rhythm from chance.
_FEWEST_PERIODS = 4
_LONGEST_PERIOD = 40  # Points: what is slower is a trend, or a step.
_FASTEST = 0.45  # Periods per point: above, alternation cannot be told from it.
_OVERSAMPLED = 4  # Times that frequencies lie closer than the length of the series would ask for.
_AROUND = 3.0  # Times lower and higher frequencies that tell the spectrum's level.
_STANDS_OUT = 14.0  # Times that level: exp(-14) by chance at one frequency.
_PARTS = 3
_THROUGHOUT = 0.4  # Of its size, in each part of the series.
_SHARE = 0.08  # Of the squares, at least: less hides nothing.


def rhythm_of(x: Floats, boundaries: list[int]) -> Floats | None:
    """Return the sine wave in *x*, a series with steps at *boundaries*; None where there is none.

    It has to stand out of the spectrum around, which AR(1) noise and slow drifts do not.
    """
    n = x.size
    if n < _FEWEST:
        return None
    rest = beside_levels(clipped(x)[:, None], boundaries)[:, 0]
    length = 1 << (_OVERSAMPLED * n - 1).bit_length()
    power = np.abs(np.fft.rfft(rest, length)) ** 2
    frequency = np.arange(power.size) / length
    possible = np.flatnonzero(
        (frequency >= max(1 / _LONGEST_PERIOD, _FEWEST_PERIODS / n)) & (frequency <= _FASTEST)
    )
    best = int(possible[np.argmax(power[possible])])
    if best == possible[0] or not _stands_out(power, best, lobe=2 * length // n):
        return None
    if 2 * power[best] / n < _SHARE * float(rest @ rest):
        return None
    angle = 2 * math.pi * frequency[best] * np.arange(n)
    waves = np.column_stack((np.cos(angle), np.sin(angle)))
    alone = beside_levels(waves, boundaries)
    sizes, *_ = np.linalg.lstsq(alone, rest, rcond=None)
    return np.asarray(waves @ sizes) if _lasts(rest, alone @ sizes) else None


def beside_levels(columns: NDArray[np.float64], boundaries: list[int]) -> NDArray[np.float64]:
    """Return *columns*, shape (n, k), each without its mean between two boundaries.

    A fit of these to a series treated in the same way is the fit of both columns and levels.
    """
    rest = columns.copy()
    for a, b in pairwise([0, *boundaries, columns.shape[0]]):
        rest[a:b] -= rest[a:b].mean(axis=0)
    return rest


def _stands_out(power: Floats, best: int, lobe: int) -> bool:
    """Tell whether *power* at *best* is far above that at frequencies around."""
    around = np.arange(int(best / _AROUND), min(int(best * _AROUND) + 1, power.size))
    level = power[around[np.abs(around - best) > lobe]]
    if not level.size:
        return False
    # The power of noise is an exponential variable: its median is log(2) of its mean.
    return bool(power[best] > _STANDS_OUT * float(np.median(level)) / math.log(2))


def _lasts(rest: Floats, wave: Floats) -> bool:
    """Tell whether *wave* is in every part of *rest*: some switches to and fro are no rhythm."""
    return all(
        float(part @ fit) >= _THROUGHOUT * float(fit @ fit)
        for part, fit in zip(
            np.array_split(rest, _PARTS), np.array_split(wave, _PARTS), strict=True
        )
    )
