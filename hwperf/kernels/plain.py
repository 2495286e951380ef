"""Loops as a user of numba writes them: one statement per element, no vector in sight.

What the compiler makes of them is what is measured. The two sums are compiled with ``fastmath``,
without which a sum keeps its order and cannot use vectors; the others need no such permission.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel

Array: TypeAlias = NDArray[np.float64]


@kernel
def add(a: Array, b: Array, c: Array) -> None:
    """``c = a + b``."""
    for i in range(c.size):
        c[i] = a[i] + b[i]


@kernel
def axpy(a: float, x: Array, y: Array) -> None:
    """``y += a * x``."""
    for i in range(y.size):
        y[i] += a * x[i]


@kernel(fastmath=True)
def dot(x: Array, y: Array) -> float:
    """Return the sum of ``x[i] * y[i]``, in any order."""
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@kernel(fastmath=True)
def total(x: Array) -> float:
    """Return the sum of ``x[i]``, in any order."""
    result = 0.0
    for i in range(x.size):
        result += x[i]
    return result


@kernel
def successor(x: float) -> float:
    """Return ``x + 1``: a function that does as good as nothing."""
    return x + 1.0


@kernel
def exp(x: Array, y: Array) -> None:
    """``y = exp(x)``."""
    for i in range(y.size):
        y[i] = math.exp(x[i])


@kernel
def log(x: Array, y: Array) -> None:
    """``y = log(x)``."""
    for i in range(y.size):
        y[i] = math.log(x[i])


@kernel
def sin(x: Array, y: Array) -> None:
    """``y = sin(x)``."""
    for i in range(y.size):
        y[i] = math.sin(x[i])


@kernel
def rsqrt(x: Array, y: Array) -> None:
    """``y = 1 / sqrt(x)``, rounded twice: no library has a function of float64 for it."""
    for i in range(y.size):
        y[i] = 1.0 / math.sqrt(x[i])


@kernel
def tanh(x: Array, y: Array) -> None:
    """``y = tanh(x)``."""
    for i in range(y.size):
        y[i] = math.tanh(x[i])


elementary = {"exp": exp, "log": log, "sin": sin, "rsqrt": rsqrt, "tanh": tanh}
