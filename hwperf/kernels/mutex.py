"""A mutex of the C library, locked and unlocked around an addition, from compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from hwperf.kernels.atomic import atomic_load, external, increment, now_ns
from hwperf.kernels.gate import arrive
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import intrinsic, output_address
from hwperf.kernels.team import shared_lines

COUNTER = 7
"""The word that a section adds to, by its place in what :func:`unlocked` returns."""

_INT32, _BYTES = ir.IntType(32), ir.IntType(8).as_pointer()


def _call(builder: Any, name: str, address: Any) -> None:
    function = external(builder, name, _INT32, [_BYTES])
    builder.call(function, [builder.inttoptr(address, _BYTES)])


@intrinsic
def lock(typingctx, address):  # type: ignore[no-untyped-def]
    """``lock(address)``: the C library's pthread_mutex_lock."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        _call(builder, "pthread_mutex_lock", args[0])
        return context.get_dummy_value()

    return types.void(types.intp), generate


@intrinsic
def unlock(typingctx, address):  # type: ignore[no-untyped-def]
    """``unlock(address)``: the C library's pthread_mutex_unlock."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        _call(builder, "pthread_mutex_unlock", args[0])
        return context.get_dummy_value()

    return types.void(types.intp), generate


def unlocked() -> NDArray[np.int64]:
    """Return a mutex that nobody holds, and its counter, at 0, on the same cache line.

    Bytes of zeros are PTHREAD_MUTEX_INITIALIZER in glibc and musl, and a mutex has 40 of them on
    x86-64 and 48 on aarch64 (sizeof(pthread_mutex_t)), so that word 7 is behind it. As in most
    programs the lock and what it guards share a line.
    """
    return shared_lines(1)[: COUNTER + 1]


@kernel
def pass_sections(mutex: Any, n: int) -> None:
    """Lock, add 1 to the counter and unlock, *n* times.

    Args:
        mutex: from :func:`unlocked`.
        n: number of sections.
    """
    address = output_address(mutex)
    for _ in range(n):
        lock(address)
        increment(address + 8 * COUNTER)
        unlock(address)


@kernel
def contend(gate: Any, n_threads: int, mutex: Any, n: int, seen: Any) -> bool:
    """Pass *n* sections while other threads do, too; whether all came in time.

    A mutex need not be fair: a thread may wait for most of another's sections. So what counts is
    how far the counter came while all were at work, and not which thread brought it there.

    Args:
        gate: for *n_threads* threads; passed before the sections and after them, so that none is
            woken by another's end while it still works.
        n_threads: how many call it.
        mutex: from :func:`unlocked`.
        n: sections of this thread.
        seen: int64 array: nanoseconds and counter at this thread's start, and at its end.
    """
    counter = output_address(mutex) + 8 * COUNTER
    if not arrive(gate, n_threads):
        return False
    seen[0], seen[1] = now_ns(), atomic_load(counter)
    pass_sections(mutex, n)
    seen[2], seen[3] = now_ns(), atomic_load(counter)
    arrived: bool = arrive(gate, n_threads)
    return arrived
