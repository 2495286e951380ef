"""The clocks. This module reads wall time, its resolution, and the core's own clock frequency."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["core_clock", "resolution_s", "wall"]

wall: Callable[[], float] = time.perf_counter
"""Seconds since some moment; monotonic, 27 ns a reading on a current Linux."""

_CHAIN = 65_536
# Dependent adds per reading: about 20 µs, long against the 0.2 µs of calling a compiled kernel and
# short against a sample.
_READINGS = 24  # Of each length; the shortest of them is what an undisturbed one takes.
_MOST_OVERHEAD = 0.02  # Of one length: 0.4 µs; more means that all readings were disturbed.


def resolution_s(clock: Callable[[], float] = wall, *, readings: int = 64) -> float:
    """Return the smallest step of *clock* seen in *readings* pairs of readings, in seconds."""
    smallest = 1.0
    for _ in range(readings):
        start = clock()
        end = clock()
        while end == start:
            end = clock()
        smallest = min(smallest, end - start)
    return smallest


def core_clock(clock: Callable[[], float] = wall) -> Callable[[], float]:
    """Return a function that reads the frequency of the core it runs on, in Hz.

    It times a chain of dependent integer adds, one cycle each, less what calling takes: that is
    what the shortest times of one and of two lengths leave over. Whatever shares the core (another
    thread of it, the hypervisor) can only make a reading lower, never higher.

    Source: Abel and Reineke (2020), nanoBench: the difference of n and 2n copies.
    """
    from hwperf.kernels import clock as kernels

    add_chain = kernels.add_chain
    single = min(_seconds(add_chain, _CHAIN, clock) for _ in range(_READINGS))
    double = min(_seconds(add_chain, 2 * _CHAIN, clock) for _ in range(_READINGS))
    overhead = min(max(0.0, 2 * single - double), _MOST_OVERHEAD * single)

    def read() -> float:
        seconds = _seconds(add_chain, _CHAIN, clock) - overhead
        return _CHAIN / seconds if seconds > 0 else 0.0

    return read


def _seconds(chain: Callable[[int], int], n: int, clock: Callable[[], float]) -> float:
    start = clock()
    chain(n)
    return clock() - start
