"""Kernels whose length in clock cycles is known: chains of additions, and an empty call."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import hide, intrinsic, literal, opaque

# Additions per turn of the loop, whose counter and branch run beside the chain, not in it.
ADDS_PER_TURN = 64
ABREAST_PER_TURN = 32  # Of each of the four totals.


@intrinsic
def _add_times(typingctx, total, summand, times):  # type: ignore[no-untyped-def]
    """``_add_times(total, summand, times)``: *times* additions, none of which can be folded."""
    count = literal(times, "times")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
        value, step = args[:2]
        for _ in range(count):
            value = hide(builder, builder.add(value, step))
        return value

    return types.int64(types.int64, types.int64, times), generate


@kernel
def add_chain(n: int) -> int:
    """Add 1 to 0 *n* times, each addition waiting for the one before.

    One call is *n* dependent 64-bit additions of one register to another: 1 cycle each on every
    x86-64 and Arm core known to us, so that seconds / n is the period of the core's clock. The
    summand is in a register since newer Intel cores (Golden Cove) carry out additions of small
    constants while renaming registers, several in one cycle.

    Args:
        n: number of additions; from about 10,000 on the end of the loop is below 0.3 %.

    Returns:
        *n*, when all of them were made.
    """
    one: int = opaque(1)
    total: int = opaque(0)
    for _ in range(n // ADDS_PER_TURN):
        total = _add_times(total, one, ADDS_PER_TURN)
    for _ in range(n % ADDS_PER_TURN):
        total = _add_times(total, one, 1)
    return total


@kernel
def null() -> None:
    """Do nothing: what a call costs."""


@intrinsic
def _add_abreast(typingctx, totals, summand, times):  # type: ignore[no-untyped-def]
    """``_add_abreast(totals, summand, times)``: *times* additions to each of several totals."""
    count = literal(times, "times")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
        n = signature.args[0].count
        values = [builder.extract_value(args[0], i) for i in range(n)]
        for _ in range(count):
            values = [hide(builder, builder.add(value, args[1])) for value in values]
        return context.make_tuple(builder, signature.return_type, values)

    return totals(totals, types.int64, times), generate


@kernel
def add_abreast(n: int) -> int:
    """Add 1 to each of four totals *n* times: four chains, which fill the integer units of a core.

    Cores since 2013 (Haswell, Zen, Cortex-A76) add four or more integers in a cycle when nothing
    else uses the core. A thread on the same core's other hardware thread takes some of the slots,
    which the chain of :func:`add_chain` does not feel.

    Returns:
        4 * *n*, when all of them were made.
    """
    one: int = opaque(1)
    totals: tuple[int, int, int, int] = (opaque(0), opaque(0), opaque(0), opaque(0))
    for _ in range(n // ABREAST_PER_TURN):
        totals = _add_abreast(totals, one, ABREAST_PER_TURN)
    for _ in range(n % ABREAST_PER_TURN):
        totals = _add_abreast(totals, one, 1)
    return totals[0] + totals[1] + totals[2] + totals[3]
