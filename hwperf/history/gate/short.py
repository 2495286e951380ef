"""Short series. This module finds one step where the detector has too few points for its noise.

The detector learns how a series' noise grows with the length of a window from the series itself,
for which a dozen points are too few: a step is in most of its windows. Here the noise is that
within the two levels, so only what is plain is believed: of 2,000 series of 16 points in which
nothing happens, none with white noise and 4 with noise of autocorrelation 0.6 showed a step; a step
of 25 % in noise of 1 % was found in all of 300.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.history.detection.likelihood import normal_equivalent
from hwperf.history.detection.step import Step

__all__ = ["LONGEST", "step_of"]

LONGEST = 24
"""Points from which on the detector is asked alone."""
_SHORTEST = 4  # Points of a level.
_PLAIN = 5.0  # Standard deviations: autocorrelated noise has to be out of the question.
_LIKE_A_LINE = 0.5  # Of the squares that a line leaves: a step has to leave fewer.
_SURE = 1.959964  # Two-sided 95 % of a standard normal variable.
_SPREAD = 7.35  # Noise variances: see hwperf.history.detection.judgement.location.


def step_of(values: NDArray[Any], min_change: float) -> Step | None:
    """Return the one plain step of a short series, None where there is none.

    Args:
        values: as stored, NaN where there is none.
        min_change: smallest change that is looked for.
    """
    usable = np.flatnonzero(np.isfinite(values) & (values > 0))
    n = len(usable)
    if not 2 * _SHORTEST <= n < LONGEST:
        return None
    y = np.log(values[usable])
    splits = np.arange(_SHORTEST, n - _SHORTEST + 1)
    left = np.array([_squares(y[:b]) + _squares(y[b:]) for b in splits])
    best = int(splits[np.argmin(left)])
    size = float(y[best:].mean() - y[:best].mean())
    # A clock that shows three digits makes series without any noise.
    spread = max(math.sqrt(float(left.min()) / (n - 2)), math.log1p(min_change) / 8)
    deviation = spread * math.sqrt(1 / best + 1 / (n - best))
    statistic = normal_equivalent(abs(size) / deviation, n - 2)
    x = np.arange(n)
    line = _squares(y - np.polyval(np.polyfit(x, y, 1), x))
    is_plain = statistic >= _PLAIN and float(left.min()) < _LIKE_A_LINE * line
    if not is_plain or abs(size) < math.log1p(min_change):
        return None
    near = usable[splits[left <= left.min() + _SPREAD * spread**2]]
    p = min(1.0, len(splits) * math.erfc(statistic / math.sqrt(2)))
    width = _SURE * deviation
    return Step(
        index=int(usable[best]),
        ratio=math.exp(size),
        interval=(math.exp(size - width), math.exp(size + width)),
        certainty=1 - p,
        kind="step",
        statistic=statistic,
        p_value=p,
        location=(int(near[0]), int(near[-1])),
    )


def _squares(y: NDArray[Any]) -> float:
    return float(np.sum((y - y.mean()) ** 2))
