"""Fused multiply-adds on registers: 1 to 16 chains, scalars and vectors, f64 to bf16.

One step squares a chain and adds a constant, ``x = x * x + c``, in one instruction. With c = -15/8
values stay between -1.875 and 1.641 for ever and never settle: a chaotic sequence, in which a step
that is left out, made twice or rounded differently changes every value after it. Nothing overflows,
nothing is denormal. Beside the chains a single register is in use, for c.

Where no register is left for c, or where the instruction overwrites what it adds to (NEON), a step
is ``x = x * x + x``: started between -1 and 0, it creeps towards 0 as -1/n.

bf16 has no such instruction. Its dot product multiplies the two bf16 of each 32-bit lane with two
others and adds both products to an f32: 4 FLOP for each lane of 32 bits.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import intrinsic
from hwperf.kernels.registers import Loop, Shape, Step, call, keep, make, suffix, vector
from hwperf.kernels.target import host

CONSTANT = -15 / 8  # Exact in f16 and in all wider types.

_DTYPES: dict[str, Any] = {"f64": np.float64, "f32": np.float32, "f16": np.float16}

# Instructions per turn of the loop, beside which its counter and branch run.
_PER_TURN = 64
# So many chains and the constant fit into the 16 registers of x86-64 without AVX-512.
_MOST_WITH_CONSTANT = 12


@dataclass(frozen=True)
class Variant:
    """Which multiply-add, on how many chains.

    Args:
        dtype: f64, f32, f16, or bf16 for its dot product.
        width_bits: of a register; as many as *dtype* has make a scalar.
        n_chains: 1 to 16.
        machine: the first part of the LLVM triple, ``x86_64`` or ``aarch64``.
        sve_bits: the width of the processor's SVE registers, for more than 128 bits on aarch64.
    """

    dtype: str
    width_bits: int
    n_chains: int
    machine: str
    sve_bits: int = 0

    @property
    def shape(self) -> Shape:
        """The form of the loop. Its operand is the constant; of bf16, the two factors."""
        return Shape(
            register=vector("f32" if self.dtype == "bf16" else self.dtype, self.width_bits // 8),
            n_chains=self.n_chains,
            n_operands=2 if self.dtype == "bf16" else 1,
            steps_per_turn=max(4, _PER_TURN // self.n_chains),
            sve_bits=self.sve_bits,
        )

    @property
    def adds_constant(self) -> bool:
        """Whether a step is ``x * x + c``; otherwise ``x * x + x``."""
        is_neon = self.machine == "aarch64" and self.width_bits == 128
        return self.n_chains <= _MOST_WITH_CONSTANT and not is_neon

    @property
    def flops_per_step(self) -> int:
        """FLOP of one step of one chain."""
        return (4 if self.dtype == "bf16" else 2) * self.shape.register.n_lanes


def variant(dtype: str, width_bits: int, n_chains: int, sve_bits: int = 0) -> Variant:
    """Return the variant for this process's processor, where *sve_bits* are SVE's."""
    machine = host().machine
    uses_sve = machine == "aarch64" and width_bits > 128
    return Variant(dtype, width_bits, n_chains, machine, sve_bits if uses_sve else 0)


@functools.cache
def loop(chosen: Variant) -> Loop:
    """Return the loop of *chosen*, to be compiled at its first call."""
    name = f"fma_{chosen.dtype}_{chosen.width_bits}_{chosen.n_chains}_{chosen.sve_bits}"
    return make(name, chosen.shape, step(chosen))


def step(chosen: Variant) -> Step:
    """Return what emits one step of *chosen*: one instruction."""
    if chosen.dtype == "bf16":
        return _neon_dot if chosen.machine == "aarch64" else _avx512_dot
    return _square_plus_constant if chosen.adds_constant else _square_plus_itself


def _square_plus_constant(builder: Any, x: Any, operands: Sequence[Any]) -> Any:
    return _fused(builder, x, x, operands[0])


def _square_plus_itself(builder: Any, x: Any, operands: Sequence[Any]) -> Any:
    return _fused(builder, x, x, x)


def _fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    result = call(builder, f"llvm.fma.{suffix(a.type)}", a.type, a, b, c)
    # So that scalar chains do not become one vector, where numba is told to look for such. On
    # x86-64 LLVM cannot keep an f16.
    is_kept = isinstance(a.type, (ir.DoubleType, ir.FloatType))
    return keep(builder, result) if is_kept else result


def _avx512_dot(builder: Any, sums: Any, operands: Sequence[Any]) -> Any:
    n = sums.type.count
    # As older LLVM had it, pairs in 32-bit integers; later ones translate that.
    factors = [builder.bitcast(each, ir.VectorType(ir.IntType(32), n)) for each in operands]
    return call(builder, f"llvm.x86.avx512bf16.dpbf16ps.{32 * n}", sums.type, sums, *factors)


def _neon_dot(builder: Any, sums: Any, operands: Sequence[Any]) -> Any:
    factors = [builder.bitcast(each, ir.VectorType(_BFloat(), 8)) for each in operands]
    return call(builder, "llvm.aarch64.neon.bfdot.v4f32.v8bf16", sums.type, sums, *factors)


class _BFloat(ir.Type):  # type: ignore[misc]
    """LLVM's bf16, which llvmlite does not have."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BFloat)

    def __hash__(self) -> int:
        return hash(_BFloat)


@intrinsic
def _fused_scalar(typingctx, a, b, c):  # type: ignore[no-untyped-def]
    if a not in (types.float64, types.float32) or not a == b == c:
        raise TypingError(f"expected three float64 or float32, got {a}, {b}, {c}")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
        return _fused(builder, *args)

    return a(a, b, c), generate


@kernel
def replay(values: NDArray[Any], constant: Any, adds_constant: bool, n_steps: int) -> None:
    """Carry each of *values*, f64 or f32, *n_steps* steps on: one scalar after the other."""
    for i in range(values.size):
        x = values[i]
        for _ in range(n_steps):
            x = _fused_scalar(x, x, constant if adds_constant else x)
        values[i] = x


def arrays(chosen: Variant) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the start and the operands of :meth:`Loop.bound`; every lane starts elsewhere."""
    n_lanes = chosen.shape.register.n_lanes
    places = np.arange(chosen.n_chains * n_lanes)
    if chosen.dtype == "bf16":
        pairs = np.arange(2 * n_lanes)
        factors = np.concatenate([1 + pairs % 5, 1 + pairs // 5 % 5])
        return places.astype(np.float32), _as_bf16(factors)
    dtype = _DTYPES[chosen.dtype]
    return (-1 / (2 + places / 4)).astype(dtype), np.full(n_lanes, CONSTANT, dtype)


def result(chosen: Variant, n_turns: int) -> NDArray[Any]:
    """Return what the loop writes after *n_turns* turns, to the last bit, computed apart from it.

    f64 and f32 one scalar after the other; f16 by a table of all its numbers; the sums of bf16 in
    closed form, as they are whole numbers below 2**24.
    """
    n_steps = n_turns * chosen.shape.steps_per_turn
    start, operands = arrays(chosen)
    if chosen.dtype == "bf16":
        a, b = _from_bf16(operands).reshape(2, -1, 2)
        sums: NDArray[Any] = start.reshape(chosen.n_chains, -1) + n_steps * (a * b).sum(axis=1)
        return sums.reshape(-1)
    if chosen.dtype == "f16":
        return _f16_after(start, chosen.adds_constant, n_steps)
    replay(start, operands[0], chosen.adds_constant, n_steps)
    return start


def _f16_after(start: NDArray[Any], adds_constant: bool, n_steps: int) -> NDArray[Any]:
    """Return the f16 *start* after *n_steps* steps: the step as a table, squared repeatedly."""
    x = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        # In f64 square and sum are exact where the chains are, so this rounds once.
        after = (x * x + (CONSTANT if adds_constant else x)).astype(np.float16).view(np.uint16)
    at = start.view(np.uint16)
    while n_steps:
        if n_steps % 2:
            at = after[at]
        after, n_steps = after[after], n_steps // 2
    return at.view(np.float16)


def _as_bf16(values: NDArray[Any]) -> NDArray[np.uint16]:
    """Return the bits of *values* in bf16, which they fit: the upper half of an f32."""
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def _from_bf16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    return (bits.astype(np.uint32) << 16).view(np.float32)
