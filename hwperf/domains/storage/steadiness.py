"""Has a rate settled? The test of steady state of the storage industry, for a list of calls.

The test alone, not the days of writing before it that the standard wants: a drive that passes it
here is steady over these seconds, as it was found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwperf.checks import Floats

__all__ = ["is_steady", "windows"]

WINDOWS = 5
"""Rounds of the measurement window: SNIA PTS 2.0.2, section 3.3, definition of steady state."""

MOST_RANGE = 0.20
"""Of the mean: by how much the windows may differ."""

MOST_SLOPE = 0.10
"""Of the mean: by how much the line of best fit may rise or fall over the windows."""


def windows(seconds: Sequence[float], amounts: Sequence[float]) -> Floats | None:
    """Return the rate in each of the last windows, of equal time; None where calls are too few.

    Args:
        seconds: of each call, in order.
        amounts: what each call did.

    Returns:
        Amount per second of WINDOWS windows, over the second half of the calls' time.
    """
    if len(seconds) < 2 * WINDOWS:
        return None
    ends = np.concatenate(([0.0], np.cumsum(seconds)))
    done = np.concatenate(([0.0], np.cumsum(amounts)))
    edges = np.linspace(ends[-1] / 2, ends[-1], WINDOWS + 1)
    rates: Floats = np.diff(np.interp(edges, ends, done)) / np.diff(edges)
    return rates


def is_steady(rates: Floats | None) -> bool:
    """Return whether *rates* of windows differ by little, and neither rise nor fall."""
    if rates is None:
        return False
    mean = float(rates.mean())
    slope = float(np.polyfit(np.arange(len(rates)), rates, 1)[0])
    is_level = abs(slope) * (len(rates) - 1) <= MOST_SLOPE * mean
    return bool(float(np.ptp(rates)) <= MOST_RANGE * mean and is_level)
