"""What the multiply-adders of this core can do. This module finds the peak by a short probe.

It is not read from a table: instructions per cycle for each width of vectors, times their lanes.
The clock is measured beside it, by a chain of additions of 1 cycle each.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from hwperf.domains.simd import instructions
from hwperf.kernels import clock
from hwperf.kernels import fma as kernels

__all__ = ["Peak", "measured", "of_this_core", "peak_of"]

_WIDTHS = ("128", "256", "512")
# More chains than units x latency of any core; 16 of 4 units that take 4 cycles. With 12, all fits
# into the registers that a core without AVX-512 has.
_CHAINS = (12, 16)
_ROUNDS = 20
_CYCLES = 2**17  # Of one run, at 2 instructions per cycle: 40 µs at 3.3 GHz.


@dataclass(frozen=True)
class Peak:
    """What the multiply-adders of a core can do.

    Attributes:
        measured: instructions that start per cycle, by the bits of a vector.
        per_cycle: the same, as a multiple of one half: an instruction every second cycle is 0.5.
    """

    measured: Mapping[int, float]
    per_cycle: Mapping[int, float]

    @property
    def n_pipes(self) -> int:
        """Pipes that carry out a multiply-add: the most instructions per cycle of any width."""
        return math.ceil(max(self.per_cycle.values()))

    @property
    def full_rate_bits(self) -> int:
        """The widest vector that each of the pipes takes."""
        most = max(self.per_cycle.values())
        return max(bits for bits, rate in self.per_cycle.items() if rate == most)

    @property
    def widest_bits(self) -> int:
        """The widest vector that the core has."""
        return max(self.per_cycle)

    @property
    def widest_is_halved(self) -> bool:
        """Whether the widest vector takes the place of two of half its width."""
        half = self.per_cycle.get(self.widest_bits // 2)
        return half is not None and half == 2 * self.per_cycle[self.widest_bits]

    def flop_per_cycle(self, bits: int) -> float:
        """Return the FLOP per cycle of numbers of so many *bits*: 2 for each multiply-add."""
        return max(2 * (width // bits) * rate for width, rate in self.per_cycle.items())


def peak_of(measured: Mapping[int, float]) -> Peak:
    """Return what *measured*, instructions per cycle by the bits of a vector, comes to."""
    rounded = {bits: max(round(2 * rate) / 2, 0.5) for bits, rate in measured.items()}
    return Peak(MappingProxyType(dict(measured)), MappingProxyType(rounded))


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
        if instructions.lacking(instructions.of_fma(dtype, width, instructions.machine())) is None
        for n_chains in _CHAINS
    }
    fastest = dict.fromkeys(probes, float("inf"))
    cycle_s = float("inf")
    for _ in range(_ROUNDS):
        cycle_s = min(cycle_s, _seconds(lambda: clock.add_chain(_CYCLES)) / _CYCLES)
        for key, (run, n) in probes.items():
            fastest[key] = min(fastest[key], _seconds(run) / n)
    rates: dict[int, float] = {}
    for (bits, _), seconds in fastest.items():
        rates[bits] = max(rates.get(bits, 0.0), cycle_s / seconds)
    return rates


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
