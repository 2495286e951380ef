"""How far small number types go: where a sum of ones stops growing, where a square overflows."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Work, workload
from hwperf.checks import POISON, Floats, require_value
from hwperf.kernels import rounding

__all__ = ["precision"]

# How often the search is made in a call, so that it lasts 0.1 ms and more.
_REPEATS = {
    "sum": {"f32": 1, "f16": 8, "bf16": 64, "int8": 512, "fp8": 1024},
    "square": {"f32": 512, "f16": 512, "bf16": 512, "int8": 2048, "fp8": 1024},
}


@workload(
    "simd.precision",
    params={"dtype": ["f32", "f16", "bf16", "int8", "fp8"], "what": ["sum", "square"]},
    source="Goldberg (1991), What every computer scientist should know about floating-point "
    "arithmetic; Micikevicius et al. (2022), FP8 formats for deep learning",
)
def precision(dtype: str, what: str) -> Iterator[Work]:
    """Where a number type fails: the sum of ones that stops growing, the square that overflows.

    Counts operations of the search: additions of 1 one after the other, or squares. Those of f32
    are the processor's own, the others are rounded in software, which is what they then cost.
    """
    search = (rounding.count if what == "sum" else rounding.square)[dtype]
    repeats = _REPEATS[what][dtype]
    out = np.full(2, POISON)
    n_operations = search(out.copy(), 1)

    def derive(seen: Seen) -> dict[str, Figure]:
        return _figures(out, what)

    yield Work(lambda: search(out, repeats), ops=repeats * n_operations, derive=derive)
    (require_stopped if what == "sum" else require_overflow)(dtype, out)


def _figures(out: Floats, what: str) -> dict[str, Figure]:
    value, result = map(float, out)
    exact = value + 1 if what == "sum" else value * value
    figures = {"first_failing_value": Figure(int(value)), "result": Figure(f"{result:.10g}")}
    if math.isfinite(result):
        figures["relative_error"] = Figure(abs(result - exact) / exact)
    return figures


def require_stopped(dtype: str, out: Floats) -> None:
    """Check where a sum of ones stopped, by the digits of its type.

    With p binary digits 2**p + 1 lies halfway between two numbers and is rounded to the even one,
    2**p. An integer of 8 bits goes from 127 to -128.
    """
    format = rounding.FORMATS.get(dtype)
    stop, then = (127.0, -128.0) if format is None else 2 * (2.0**format.digits,)
    require_value(float(out[0]), stop, "sum that stopped growing")
    require_value(float(out[1]), then, "sum after one more addition")


def require_overflow(dtype: str, out: Floats) -> None:
    """Check that the square of the value found overflows, and that of the value before does not."""
    value, result = map(float, out)
    format = rounding.FORMATS.get(dtype)
    if format is None:
        require_value(value, 12.0, "least integer whose square is above 127")
        require_value(result, float((12 * 12 + 128) % 256 - 128), "its square")
        return
    if not 1 < value <= format.largest:
        raise CheckFailed(f"{value!r} is no value of {dtype} above 1")
    # A result is rounded up to what lies beyond the largest number from half a spacing above it on.
    spacing = 2 ** (math.frexp(format.largest)[1] - format.digits)
    overflow = int(format.largest) + spacing // 2
    before = int(value) - 2 ** max(0, math.frexp(value)[1] - format.digits)
    require_value(int(value) ** 2 >= overflow, True, f"the square of {value!r} overflows")
    require_value(before**2 < overflow, True, f"the square of {before} does not overflow")
    same = math.isnan(result) if math.isnan(format.beyond) else result == format.beyond
    require_value(same, True, f"the square is {format.beyond!r}, not {result!r}")
