"""How often to call a kernel per sample. This module makes a sample long enough for the clock."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

__all__ = ["TICKS", "calls_per_sample", "seconds_of"]

TICKS = 1000
"""Clock ticks that a sample lasts at least: the reading error is then at most 0.1 %."""


def seconds_of(kernel: Callable[[], Any], calls: int, clock: Callable[[], float]) -> float:
    """Return the wall time of *calls* calls in seconds. This is the timed path."""
    start = clock()
    for _ in repeat(None, calls):
        kernel()
    return clock() - start


def calls_per_sample(
    seconds_for: Callable[[int], float], *, sample_s: float, tick_s: float
) -> tuple[int, float]:
    """Return the calls that make a sample last long enough, and the seconds spent finding out.

    Args:
        seconds_for: runs the kernel that many times and returns the seconds of it.
        sample_s: seconds that a sample must last.
        tick_s: resolution of the clock; a sample also lasts :data:`TICKS` of it.
    """
    wanted = max(sample_s, TICKS * tick_s)
    calls, spent = 1, 0.0
    while True:
        seconds = seconds_for(calls)
        spent += seconds
        if seconds >= wanted:
            return calls, spent
        # At most tenfold: the first call can still be slow (cold caches) and mislead.
        factor = 10.0 if seconds <= 0 else min(10.0, 1.1 * wanted / seconds)
        calls = max(calls + 1, int(calls * factor))
