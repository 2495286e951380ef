"""Conditional jumps that depend on data: ``if byte >= 128: total += byte``.

A compiler that sees such a condition takes the jump out (a conditional move, a mask, a vector).
Here the sum under the condition is hidden from it, so that the jump stays.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, hide, intrinsic
from hwperf.kernels.splitmix import splitmix

Bytes: TypeAlias = NDArray[np.uint8]

LARGE = 128  # From here on a byte is added to the sum.
JUMPS_PER_TURN = 8

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)


@intrinsic
def _add_large(typingctx, total, address):  # type: ignore[no-untyped-def]
    """``_add_large(total, address)``: add those of the next 8 bytes that are large, by 8 jumps."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
        total, start = args[0], builder.inttoptr(args[1], _BYTE.as_pointer())
        for i in range(JUMPS_PER_TURN):
            value = builder.load(builder.gep(start, [ir.Constant(_WORD, i)]), align=1)
            before = builder.block
            add, after = builder.append_basic_block("add"), builder.append_basic_block("after")
            is_large = builder.icmp_unsigned(">=", value, ir.Constant(_BYTE, LARGE))
            builder.cbranch(is_large, add, after)
            builder.position_at_end(add)
            larger = hide(builder, builder.add(total, builder.zext(value, _WORD)))
            builder.branch(after)
            builder.position_at_end(after)
            phi = builder.phi(_WORD)
            phi.add_incoming(total, before)
            phi.add_incoming(larger, add)
            total = phi
        return total

    return types.int64(types.int64, types.intp), generate


@kernel
def sum_large(data: Bytes) -> int:
    """Return the sum of the bytes of 128 and more: one conditional jump for each byte.

    Raises:
        ValueError: if the number of bytes is no multiple of 8.
    """
    if data.size % JUMPS_PER_TURN != 0:
        raise ValueError("branch.sum_large: expected a multiple of 8 bytes")
    total = 0
    start = address_of(data)
    for i in range(0, data.size, JUMPS_PER_TURN):
        total = _add_large(total, start + i)
    return total


def random_bytes(n: int, seed: int = 0) -> Bytes:
    """Return *n* random bytes, a multiple of 8; a seed gives the same on every host."""
    words = np.empty(n // 8, dtype="<u8")
    _fill(words, np.uint64(seed))
    return words.view(np.uint8)


@kernel
def _fill(words: Any, seed: Any) -> None:
    first = splitmix(seed)
    for i in range(words.size):
        words[i] = splitmix(first + np.uint64(i))
