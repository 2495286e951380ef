"""Integer additions, multiplications and dot products on vector registers, in twelve chains.

Twelve chains and two operands fit into the 16 registers of the smallest machine, and are more than
the units of any core keep busy at once, but for multiplications that take 10 cycles and more
(64-bit ones, on Intel). All results are exact, modulo the size of a lane.

A dot product (VNNI; ``sdot`` on Arm) multiplies the small integers of each 32-bit lane with others
and adds all products to a 32-bit integer: of the 4 bytes or the 2 16-bit integers of the lane.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from hwperf.kernels.registers import Loop, Shape, Step, call, keep, make, vector
from hwperf.kernels.target import host

N_CHAINS = 12
_SPREAD = 0x9E3779B97F4A7C15  # Odd, with about as many bits set as not.
STEPS_PER_TURN = 6  # 72 instructions, beside which the loop's counter and branch run.


@dataclass(frozen=True)
class Variant:
    """Which operation.

    Args:
        op: add, mul or dot.
        bits: of a small integer: 8, 16, 32 or 64; for dot 8 or 16.
        width_bits: of a register: 128, 256 or 512.
        machine: the first part of the LLVM triple, ``x86_64`` or ``aarch64``.
        has_avx512: on x86-64, whether dot products are those of AVX-512, or of AVX (AVX-VNNI).
    """

    op: str
    bits: int
    width_bits: int
    machine: str
    has_avx512: bool = True

    @property
    def shape(self) -> Shape:
        """The form of the loop. Its operand is a summand or a factor; of dot, the two factors."""
        lane = "i32" if self.op == "dot" else f"i{self.bits}"
        return Shape(
            register=vector(lane, self.width_bits // 8),
            n_chains=N_CHAINS,
            n_operands=2 if self.op == "dot" else 1,
            steps_per_turn=STEPS_PER_TURN,
        )

    @property
    def ops_per_step(self) -> int:
        """Operations of one step of one chain: one per integer; of dot two, as it also adds."""
        return self.width_bits // self.bits * (2 if self.op == "dot" else 1)


def variant(op: str, bits: int, width_bits: int) -> Variant:
    """Return the variant for this process's processor."""
    target = host()
    return Variant(op, bits, width_bits, target.machine, "avx512vnni" in target.features)


@functools.cache
def loop(chosen: Variant) -> Loop:
    """Return the loop of *chosen*, to be compiled at its first call."""
    name = f"integer_{chosen.op}_{chosen.bits}_{chosen.width_bits}"
    return make(name, chosen.shape, step(chosen))


def step(chosen: Variant) -> Step:
    """Return what emits one step of *chosen*: one instruction.

    Raises:
        ValueError: if no instruction does it.
    """
    if chosen.op == "add":
        return _add
    if chosen.op == "mul":
        return _multiply
    if chosen.machine == "aarch64" and (chosen.bits, chosen.width_bits) == (8, 128):
        return _neon_dot
    if chosen.machine == "x86_64" and chosen.bits in (8, 16):
        return _vnni("vpdpbusd" if chosen.bits == 8 else "vpdpwssd", chosen.has_avx512)
    raise ValueError(f"{chosen!r}: no instruction does this")


def _add(builder: Any, total: Any, operands: Sequence[Any]) -> Any:
    return keep(builder, builder.add(total, operands[0]))


def _multiply(builder: Any, product: Any, operands: Sequence[Any]) -> Any:
    return keep(builder, builder.mul(product, operands[0]))


def _vnni(name: str, has_avx512: bool) -> Step:
    # As assembly: of LLVM's intrinsic it takes the product out of the loop, and leaves an addition,
    # on processors where it believes that to be faster (vpdpwssd on Alder Lake).
    llvm.initialize_native_asmparser()
    prefix, register = ("", "v") if has_avx512 else ("{vex} ", "x")
    text, constraint = f"{prefix}{name} $3, $2, $0", f"={register},0,{register},{register}"

    def dot(builder: Any, total: Any, operands: Sequence[Any]) -> Any:
        kind = ir.FunctionType(total.type, [total.type] * 3)
        return builder.asm(kind, text, constraint, [total, *operands], side_effect=False)

    return dot


def _neon_dot(builder: Any, total: Any, operands: Sequence[Any]) -> Any:
    factors = [builder.bitcast(each, ir.VectorType(ir.IntType(8), 16)) for each in operands]
    return call(builder, "llvm.aarch64.neon.sdot.v4i32.v16i8", total.type, total, *factors)


def arrays(chosen: Variant) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the start and the operands of :meth:`Loop.bound`; every lane has its own."""
    n_lanes = chosen.shape.register.n_lanes
    bits = 32 if chosen.op == "dot" else chosen.bits
    places = np.arange(1, N_CHAINS * n_lanes + 1, dtype=np.uint64)
    start = (places * np.uint64(_SPREAD)).astype(f"u{bits // 8}")
    if chosen.op == "dot":
        # Within 7 bits: signed or not makes no difference to the first factor.
        small = np.arange(chosen.width_bits // chosen.bits)
        operands = np.concatenate([1 + small % 97, small * 7 % 101 - 50])
        return start, operands.astype(f"i{chosen.bits // 8}")
    odd = 2 * np.arange(n_lanes, dtype=np.uint64) + np.uint64(_SPREAD)
    return start, odd.astype(f"u{bits // 8}")


def result(chosen: Variant, n_turns: int) -> NDArray[Any]:
    """Return what the loop writes after *n_turns* turns, in closed form."""
    n_steps = n_turns * chosen.shape.steps_per_turn
    start, operands = arrays(chosen)
    chains: NDArray[Any] = start.reshape(N_CHAINS, -1)
    modulus = 2 ** (8 * start.itemsize)
    if chosen.op == "mul":
        powers = [pow(int(each), n_steps, modulus) for each in operands]
        chains = chains * np.array(powers, dtype=start.dtype)
    else:
        each_step = operands.astype(object)
        if chosen.op == "dot":
            a, b = each_step.reshape(2, chains.shape[1], -1)
            each_step = (a * b).sum(axis=1)
        chains = chains + (each_step * n_steps % modulus).astype(start.dtype)
    return chains.reshape(-1)
