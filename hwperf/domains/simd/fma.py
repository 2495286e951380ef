"""Fused multiply-adds by type, width of the vectors, and how many do not wait for one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from hwperf import Figure, Seen, Work, limits, workload
from hwperf.checks import require_equal
from hwperf.domains.simd import instructions, peak
from hwperf.kernels import fma as kernels

__all__ = ["fma"]

_CYCLES = 2**19  # Of one call, on a core with two units that take 4 cycles: 0.15 ms at 3.5 GHz.


def _lacking(dtype: str, width: str) -> str | None:
    return instructions.lacking(instructions.of_fma(dtype, width, instructions.machine()))


@workload(
    "simd.fma",
    params={
        "dtype": ["f64", "f32", "f16", "bf16"],
        "width": ["scalar", "128", "256", "512"],
        "chains": [1, 2, 4, 8, 12, 16],
    },
    limit=limits.core_flops,
    requires=_lacking,
    source="likwid-bench peakflops; Fog, Instruction tables",
)
def fma(dtype: str, width: str, chains: int) -> Iterator[Work]:
    """Throughput of fused multiply-adds on registers, in *chains* independent chains.

    Counts two floating-point operations for each lane of an instruction; the one of bf16 is a dot
    product of pairs, four for each 32 bits. In a chain each instruction needs the one before.
    """
    instructions.require_compiled(instructions.of_fma(dtype, width, instructions.machine()))
    bits = instructions.width_bits(dtype, width)
    chosen = kernels.variant(dtype, bits, chains, instructions.sve_bits())
    start, operands = kernels.arrays(chosen)
    out = np.full_like(start, np.nan)
    per_turn = chosen.shape.steps_per_turn
    n_turns = _CYCLES // (max(4, chains // 2) * per_turn)
    flops = n_turns * per_turn * chains * chosen.flops_per_step
    run = kernels.loop(chosen).bound(start, operands, out, n_turns)

    def derive(seen: Seen) -> Mapping[str, Figure]:
        return figures(chosen, seen)

    yield Work(run, flops=flops, derive=derive)
    require_equal(out, kernels.result(chosen, n_turns))


def figures(chosen: kernels.Variant, seen: Seen) -> dict[str, Figure]:
    """Return FLOP per cycle, its part of the core's peak, and of one chain the latency."""
    if seen.cycles is None:
        return {}
    per_cycle = 1 / seen.cycles
    found = {"flop_per_cycle": Figure(per_cycle, "FLOP/cycle")}
    top = peak.of_this_core(chosen.dtype)
    if top is not None:
        of_peak = per_cycle / top.flop_per_cycle(instructions.BITS[chosen.dtype])
        found["fraction_of_peak"] = Figure(of_peak)
    if chosen.n_chains == 1:
        found["cycles_per_fma"] = Figure(chosen.flops_per_step * seen.cycles, "cycles")
    return found
