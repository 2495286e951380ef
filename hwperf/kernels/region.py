"""An empty parallel loop of numba's: threads are sent to work, have none, and meet again."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba import types

from hwperf.kernels.atomic import external
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import intrinsic

_INT64 = ir.IntType(64)


@intrinsic
def _thread_number(typingctx):  # type: ignore[no-untyped-def]
    """``_thread_number()``: a number that no other running thread has (pthread_self)."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.call(external(builder, "pthread_self", _INT64, []), [])

    return types.int64(), generate


@kernel(parallel=True)
def run(n: int, makers: Any, made: Any, lent: Any) -> None:
    """Run *n* parallel loops, one after the other, with a turn for each element of the arrays.

    Args:
        n: number of loops.
        makers: int64 array: each turn writes into its element which thread made it last.
        made: int64 array: each turn adds 1 to its element.
        lent: int64 array: likewise, if another thread made it than the one that runs the loops.
    """
    caller = _thread_number()
    for _ in range(n):
        for i in numba.prange(makers.size):
            maker = _thread_number()
            makers[i] = maker
            made[i] += 1
            lent[i] += maker != caller
