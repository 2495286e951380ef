"""What the multiply-adders of this core can do. This module finds the peak by a short probe.

It is not read from a table: instructions per cycle for each width of vectors, times their lanes.
The clock is measured beside it, by a chain of additions of 1 cycle each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import numpy as np

from hwperf import Unsupported
from hwperf.domains.simd import instructions
from hwperf.kernels import clock
from hwperf.kernels import fma as kernels
from hwperf.peak import Peak, peak_of

__all__ = ["measured", "of_this_core"]

_WIDTHS = ("128", "256", "512")
# More chains than units x latency of any core; 16 of 4 units that take 4 cycles. With 12, all fits
# into the registers that a core without AVX-512 has.
_CHAINS = (12, 16)
_ROUNDS = 20
_CYCLES = 2**17  # Of one run, at 2 instructions per cycle: 40 µs at 3.3 GHz.


def of_this_core(dtype: str = "f64") -> Peak | None:
    """Return the peak of multiply-adds of *dtype* (of bf16: dot products), or None: it has none.

    Measured once in a process, on the CPU where that happens. f32 has the rates of f64.
    """
    return _probed("f64" if dtype == "f32" else dtype)


@cache
def _probed(dtype: str) -> Peak | None:
    rates = measured(dtype)
    return peak_of(rates) if rates else None


def measured(dtype: str = "f64") -> dict[int, float]:
    """Measure instructions per cycle by the bits of a vector, for each width that the core has.

    Takes some 10 ms. Others can only slow a run: of each kernel the fastest of 20 counts, all in
    turn, and the clock with them.
    """
    probes = {
        (int(width), n_chains): _probe(dtype, width, n_chains)
        for width in _WIDTHS
        if _has(instructions.of_fma(dtype, width, instructions.machine()))
        for n_chains in _CHAINS
    }
    fastest = dict.fromkeys(probes, float("inf"))
    cycle_s = float("inf")
    for _ in range(_ROUNDS if probes else 0):
        cycle_s = min(cycle_s, _seconds(lambda: clock.add_chain(_CYCLES)) / _CYCLES)
        for key, (run, n) in probes.items():
            fastest[key] = min(fastest[key], _seconds(run) / n)
    rates: dict[int, float] = {}
    for (bits, _), seconds in fastest.items():
        rates[bits] = max(rates.get(bits, 0.0), cycle_s / seconds)
    return rates


def _has(need: instructions.Need) -> bool:
    """Return whether the core has the instructions, and kernels are compiled with them."""
    if instructions.lacking(need) is not None:
        return False
    try:
        instructions.require_compiled(need)
    except Unsupported:
        return False
    return True


def _probe(dtype: str, width: str, n_chains: int) -> tuple[Callable[[], None], int]:
    """Return a call of a kernel, already compiled, and the number of its instructions."""
    chosen = kernels.variant(dtype, int(width), n_chains, instructions.sve_bits())
    start, operands = kernels.arrays(chosen)
    per_turn = n_chains * chosen.shape.steps_per_turn
    n_turns = max(1, 2 * _CYCLES // per_turn)
    run = kernels.loop(chosen).bound(start, operands, np.empty_like(start), n_turns)
    run()
    return run, n_turns * per_turn


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
