"""Arithmetic of small number types, and how far it goes until it fails.

A sum or product of two values of a type is computed in float64 and then rounded to the type. That
is what a processor with the type computes: float64 has at least twice its digits and two more, and
then rounding twice gives what rounding once does. float32 and int8 are the processor's own;
float16, bfloat16 and fp8 are rounded in software, so that no processor needs to have them.

Source: Figueroa (1995), "When is double rounding innocuous?"; Micikevicius et al. (2022), "FP8
formats for deep learning", for e4m3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import barrier, opaque

Array: TypeAlias = NDArray[np.float64]


class Format(NamedTuple):
    """A floating-point format.

    Attributes:
        digits: significant bits, the leading one included.
        least_exponent: that of 2 in the smallest normal number.
        largest: finite number.
        beyond: what a result becomes that would be rounded to more.
    """

    digits: int
    least_exponent: int
    largest: float
    beyond: float


FORMATS = {
    "f32": Format(24, -126, 2.0**128 - 2.0**104, math.inf),
    "f16": Format(11, -14, 2.0**16 - 2.0**5, math.inf),
    "bf16": Format(8, -126, 2.0**128 - 2.0**120, math.inf),
    "fp8": Format(4, -6, 448.0, math.nan),  # e4m3: it has no infinity, and one NaN
}
LARGEST = {**{name: format.largest for name, format in FORMATS.items()}, "int8": 127.0}


def _to(format: Format, name: str) -> Callable[[float], float]:
    """Compile ``rounded(x)``: *x* rounded to *format*, halves to even."""
    digits, least_exponent, largest, beyond = format

    @kernel(name=f"rounded_to_{name}")
    def rounded(x: float) -> float:
        if not abs(x) < math.inf:
            return math.copysign(beyond, x) if abs(x) == math.inf else x
        exponent = max(math.frexp(x)[1] - 1, least_exponent)
        spacing = math.ldexp(1.0, exponent - digits + 1)
        result = np.rint(x / spacing) * spacing
        return math.copysign(beyond, x) if abs(result) > largest else result

    return rounded


@kernel
def _to_f32(x: Any) -> Any:
    return np.float32(x)


@kernel
def _to_f64(x: float) -> float:
    return x


@kernel
def _to_int8(x: float) -> float:
    """Return *x* rounded to an integer, of which the lowest eight bits are kept."""
    return float(np.int8(np.int64(np.rint(x))))


to = {
    "f32": _to_f32,
    "int8": _to_int8,
    **{name: _to(FORMATS[name], name) for name in ("f16", "bf16", "fp8")},
}
"""``to["f16"](x)``: the float64 *x* rounded to the type, as a float64 (of f32, as a float32)."""


def _counting(rounded: Callable[[Any], Any], name: str) -> Callable[[Array, int], int]:
    """Compile ``count(out, repeats)``: add 1 to 0 until the sum is wrong, *repeats* times.

    ``out[0]`` is the sum to which 1 could not be added, ``out[1]`` what it then became. Returned
    are the additions of all repeats.
    """
    # Of float32 the chain of additions is the processor's own, 16.8 million of them.
    kind = _to_f32 if name == "f32" else _to_f64

    @kernel(name=f"count_{name}")
    def count(out: Array, repeats: int) -> int:
        n = 0
        for _ in range(repeats):
            barrier()
            total, following = kind(-1.0), kind(float(opaque(0)))
            while float(following) == float(total) + 1.0:
                total = following
                following = rounded(total + kind(1.0))
                n += 1
            out[0], out[1] = total, following
        return n

    return count


def _squaring(
    rounded: Callable[[Any], Any], largest: float, name: str
) -> Callable[[Array, int], int]:
    """Compile ``square(out, repeats)``: find the least value whose square overflows.

    By bisection, since a larger value has a larger square: of the exponents first, as the values
    of a type lie evenly on a logarithmic scale. ``out[0]`` is the value, ``out[1]`` what its square
    became. Returned are the squares taken in all repeats.
    """

    @kernel(name=f"square_{name}")
    def square(out: Array, repeats: int) -> int:
        n = 0
        for _ in range(repeats):
            barrier()
            good, bad = float(opaque(1)), largest
            out[0], out[1] = bad, rounded(bad * bad)
            n += 1
            middle = rounded(math.sqrt(good) * math.sqrt(bad))
            while good < middle < bad:
                result = rounded(middle * middle)
                n += 1
                # An integer that has wrapped around is at most 127, or negative.
                if middle * middle / 2 <= result <= largest:
                    good = middle
                else:
                    bad = middle
                    out[0], out[1] = bad, result
                middle = rounded(math.sqrt(good) * math.sqrt(bad))
        return n

    return square


count = {name: _counting(rounded, name) for name, rounded in to.items()}
square = {name: _squaring(rounded, LARGEST[name], name) for name, rounded in to.items()}
