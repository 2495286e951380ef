"""Elementary functions by libraries: how fast, and how many digits of the result are right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Context, Decimal, localcontext
from functools import cache

import numpy as np

from hwperf import CheckFailed, Figure, KiB, Seen, Work, limits, workload
from hwperf.checks import POISON, Floats
from hwperf.kernels import plain

__all__ = ["correct_digits", "elementary"]

NBYTES = 8 * KiB  # Of the arguments; they and the results fit L1.
CALLS = 96  # Of 1,024 elements each: 0.1 ms at 1 ns.

# Where the arguments lie: several periods of sin, what tanh does not round to 1, and for the others
# some decades. Results of tiny or huge arguments can be faster, and say little.
_BETWEEN = {
    "exp": (-20.0, 20.0),
    "log": (1e-3, 1e3),
    "sin": (-20.0, 20.0),
    "rsqrt": (1e-3, 1e3),
    "tanh": (-5.0, 5.0),
}
# What libraries promise is a few units in the last of 15.95 digits. Fewer than these are a fault.
LEAST_DIGITS = 13.0
_PRECISE = Context(prec=40)


def _rsqrt(x: Floats, out: Floats) -> None:
    np.sqrt(x, out)
    np.divide(1.0, out, out)


_NUMPY: dict[str, Callable[[Floats, Floats], object]] = {
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "rsqrt": _rsqrt,
    "tanh": np.tanh,
}


@workload(
    "simd.elementary",
    params={"function": list(_BETWEEN), "library": ["numpy", "numba"]},
    limit=limits.loads,
    source="Innocente and Zimmermann, Accuracy of mathematical functions in single, double ... "
    "precision",
)
def elementary(function: str, library: str) -> Iterator[Work]:
    """Time per element of an elementary function of 1,024 float64 numbers in L1, by a library.

    Counts elements. The digits that are right come from the largest relative error of them all,
    against the function computed to 40 digits.
    """
    x = arguments(function)
    y = np.full(x.size, POISON)
    apply = _NUMPY[function] if library == "numpy" else plain.elementary[function]

    def run() -> None:
        for _ in range(CALLS):
            apply(x, y)

    def derive(seen: Seen) -> dict[str, Figure]:
        return {"correct_digits": Figure(correct_digits(function, x, y), "digits")}

    yield Work(run, ops=CALLS * x.size, bytes=16 * CALLS * x.size, derive=derive)
    digits = correct_digits(function, x, y)
    if not digits >= LEAST_DIGITS:
        raise CheckFailed(
            f"{function} by {library} has {digits:.1f} correct digits; expected {LEAST_DIGITS:g}"
        )


def arguments(function: str) -> Floats:
    """Return the arguments of *function*, in random order, none of them special."""
    low, high = _BETWEEN[function]
    random = np.random.default_rng(0)
    if low > 0:
        return np.exp(random.uniform(math.log(low), math.log(high), NBYTES // 8))
    return random.uniform(low, high, NBYTES // 8)


def correct_digits(function: str, x: Floats, y: Floats) -> float:
    """Return to how many decimal digits *y* is *function* of *x*, in the worst element.

    The largest relative error as minus its decimal logarithm, at most 17; 15.95 where every result
    is rounded correctly. A NaN or an infinity has none: 0.
    """
    if not np.isfinite(y).all():
        return 0.0
    worst = 0.0
    with localcontext(_PRECISE):
        for actual, expected in zip(y, _exact(function, tuple(x)), strict=True):
            worst = max(worst, abs(float((Decimal(float(actual)) - expected) / expected)))
    return max(0.0, min(17.0, -math.log10(worst))) if worst > 0 else 17.0


@cache
def _exact(function: str, x: tuple[float, ...]) -> tuple[Decimal, ...]:
    exactly: dict[str, Callable[[Decimal], Decimal]] = {
        "exp": Decimal.exp,
        "log": Decimal.ln,
        "sin": _sin,
        "rsqrt": lambda value: 1 / value.sqrt(),
        "tanh": _tanh,
    }
    with localcontext(_PRECISE):
        return tuple(exactly[function](Decimal(float(value))) for value in x)


def _sin(x: Decimal) -> Decimal:
    """Return sin x by its power series; of |x| up to 20 it loses 9 of the digits."""
    total = term = x
    n = 1
    while abs(term) > Decimal("1e-40"):
        term *= -x * x / ((n + 1) * (n + 2))
        total += term
        n += 2
    return total


def _tanh(x: Decimal) -> Decimal:
    square = (2 * x).exp()
    return (square - 1) / (square + 1)
