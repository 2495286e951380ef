"""One chain of one operation on scalars: 64-bit floating-point numbers and integers.

Each operation needs the one before, so that the time of one is its latency. The operands allow no
core a short cut: significands with all their bits in use, 63-bit dividends and 32-bit divisors.

A chain of square roots alone would reach 1 within sixty steps. So after every 32 it is multiplied
back to where it began, which takes 3 or 4 cycles beside some 600.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels import fma
from hwperf.kernels.llvm import hide
from hwperf.kernels.registers import Loop, Register, Shape, Step, call, keep, make

_ROOTS = 32


@dataclass(frozen=True)
class Operation:
    """One operation, and what a chain of it starts from.

    Attributes:
        name: add, mul, fma, div and sqrt are of f64, int_mul and int_div of 64-bit integers.
        start: the chain before the first step.
        operands: the registers beside the chain, as f64, or as the bits of 64-bit integers.
        per_step: operations in one step of the loop.
        steps_per_turn: steps in one turn of the loop.
    """

    name: str
    start: float | int
    operands: tuple[float | int, ...]
    per_step: int = 1
    steps_per_turn: int = 64

    @property
    def per_turn(self) -> int:
        """Operations in one turn of the loop."""
        return self.per_step * self.steps_per_turn

    @property
    def shape(self) -> Shape:
        """The form of the loop."""
        lane = "i64" if self.name.startswith("int_") else "f64"
        return Shape(Register(lane), 1, len(self.operands), self.steps_per_turn)


OPERATIONS = {
    each.name: each
    for each in (
        Operation("add", 0.0, (math.pi / 10,)),
        # Factor and divisor near 1: after some 10,000 steps the chain is still between 0.1 and 10.
        Operation("mul", 1.0, (1 + math.pi * 2**-20,)),
        Operation("fma", -0.25, (fma.CONSTANT,)),
        Operation("div", 1.0, (1 + math.pi * 2**-18,)),
        Operation("sqrt", math.ldexp(math.e, 996), (math.ldexp(math.pi, 996),), _ROOTS, 2),
        Operation("int_mul", 3, (0x9E3779B97F4A7C15,)),
        # Quotients of 63-bit numbers by a 32-bit one; each has 31 or 32 bits and is the divisor of
        # the next. The four dividends are not quite in proportion, so that the chain moves on.
        Operation(
            "int_div",
            2_718_281_829,
            (0x7CE66C50E2840045, 0x7CE64259EB9B6815, 0x7CE66C50E285E281, 0x7CE65755674D600B),
            4,
            16,
        ),
    )
}


@functools.cache
def loop(operation: Operation) -> Loop:
    """Return the chain of *operation*, to be compiled at its first call."""
    return make(f"operation_{operation.name}", operation.shape, STEPS[operation.name])


def arrays(operation: Operation) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the start and the operands as :meth:`Loop.bound` takes them."""
    start = np.array([operation.start], dtype=_dtype(operation))
    operands = [_array_of(value) for value in operation.operands]
    return start, np.concatenate(operands)


def _dtype(operation: Operation) -> Any:
    return np.uint64 if isinstance(operation.start, int) else np.float64


def _array_of(value: float | int) -> NDArray[np.uint64]:
    kind = np.uint64 if isinstance(value, int) else np.float64
    return np.array([value], dtype=kind).view(np.uint64)


def result(operation: Operation, n_turns: int) -> float | int:
    """Return where the chain stands after *n_turns* turns, computed apart from the loop."""
    n, start, operands = n_turns * operation.per_turn, operation.start, operation.operands
    if operation.name == "fma":
        chain = np.array([start])
        fma.replay(chain, float(operands[0]), True, n)
        return float(chain[0])
    if operation.name == "sqrt":
        return _roots(float(start), float(operands[0]), n // _ROOTS)
    if operation.name == "int_mul":
        return int(start) * pow(int(operands[0]), n, 2**64) % 2**64
    if operation.name == "int_div":
        value = int(start)
        for _ in range(n // len(operands)):
            for dividend in operands:
                value = int(dividend) // value
        return value
    ufunc = {"add": np.add, "mul": np.multiply, "div": np.divide}[operation.name]
    chain = np.full(n + 1, operands[0])
    chain[0] = start
    return float(ufunc.accumulate(chain)[-1])  # One after the other, each rounded.


def _roots(value: float, back: float, n: int) -> float:
    for _ in range(n):
        for _ in range(_ROOTS):
            value = math.sqrt(value)
        value *= back
    return value


def _add(builder: Any, x: Any, operands: Sequence[Any]) -> Any:
    return keep(builder, builder.fadd(x, operands[0]))


def _multiply(builder: Any, x: Any, operands: Sequence[Any]) -> Any:
    return keep(builder, builder.fmul(x, operands[0]))


def _multiply_and_add(builder: Any, x: Any, operands: Sequence[Any]) -> Any:
    return keep(builder, call(builder, "llvm.fma.f64", x.type, x, x, operands[0]))


def _divide(builder: Any, x: Any, operands: Sequence[Any]) -> Any:
    return keep(builder, builder.fdiv(x, operands[0]))


def _take_roots(builder: Any, x: Any, operands: Sequence[Any]) -> Any:
    for _ in range(_ROOTS):
        x = call(builder, "llvm.sqrt.f64", x.type, x)
    return keep(builder, builder.fmul(x, operands[0]))


def _multiply_integers(builder: Any, x: Any, operands: Sequence[Any]) -> Any:
    return hide(builder, builder.mul(x, operands[0]))


def _divide_integers(builder: Any, x: Any, operands: Sequence[Any]) -> Any:
    for dividend in operands:
        x = hide(builder, builder.udiv(dividend, x))
    return x


STEPS: dict[str, Step] = {
    "add": _add,
    "mul": _multiply,
    "fma": _multiply_and_add,
    "div": _divide,
    "sqrt": _take_roots,
    "int_mul": _multiply_integers,
    "int_div": _divide_integers,
}
