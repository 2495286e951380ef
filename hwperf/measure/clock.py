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

    It times two lengths of a chain of dependent integer adds, one cycle each, and divides the
    difference, so that the call and the clock's own reading cancel.

    Source: Abel and Reineke, nanoBench (2020), section III: the difference of n and 2n copies.
    """
    from hwperf.kernels import clock as kernels

    add_chain = kernels.add_chain

    def read() -> float:
        start = clock()
        add_chain(_CHAIN // 4)
        middle = clock()
        add_chain(_CHAIN)
        end = clock()
        seconds = (end - middle) - (middle - start)
        return (_CHAIN - _CHAIN // 4) / seconds if seconds > 0 else 0.0

    add_chain(1)
    return read
