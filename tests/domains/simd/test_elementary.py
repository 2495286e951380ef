"""Digits are counted against the exact function, and a NaN has none."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module

import numpy as np
import pytest

from hwperf import CheckFailed
from hwperf.domains.simd import elementary as workload
from hwperf.measure.stage import set_up

elementary = import_module("hwperf.domains.simd.elementary")

# To 20 digits, from tables; exp and log of Decimal are Python's own.
KNOWN = [
    ("sin", 1.0, "0.84147098480789650665"),
    ("sin", -20.0, "-0.91294525072762765438"),
    ("tanh", 0.5, "0.46211715726000975850"),
    ("rsqrt", 2.0, "0.70710678118654752440"),
    ("exp", 1.0, "2.7182818284590452354"),
    ("log", 2.0, "0.69314718055994530942"),
]


@pytest.mark.parametrize(("function", "x", "expected"), KNOWN)
def test_the_reference_is_right_to_twenty_digits(function: str, x: float, expected: str) -> None:
    (value,) = elementary._exact(function, (x,))
    assert abs(value / Decimal(expected) - 1) < Decimal("1e-19")


@pytest.mark.parametrize("function", ["exp", "log", "sin", "rsqrt", "tanh"])
def test_arguments_stay_where_they_are_said_to_be(function: str) -> None:
    low, high = elementary._BETWEEN[function]
    x = elementary.arguments(function)
    assert x.nbytes == elementary.NBYTES
    assert low <= x.min() < x.max() <= high
    np.testing.assert_array_equal(x, elementary.arguments(function))


def test_digits_are_those_of_the_worst_element() -> None:
    x = elementary.arguments("exp")
    y = np.exp(x)
    assert 15 < elementary.correct_digits("exp", x, y) <= 17
    y[7] *= 1 + 1e-10
    assert elementary.correct_digits("exp", x, y) == pytest.approx(10, abs=0.01)
    y[7] = 0
    assert elementary.correct_digits("exp", x, y) == 0
    y[7] = np.nan
    assert elementary.correct_digits("exp", x, y) == 0


def test_too_few_digits_fail() -> None:
    with set_up(workload, {"function": "log", "library": "numpy"}) as stage:
        stage.run()
        y = stage.generator.gi_frame.f_locals["y"]  # type: ignore[attr-defined]
        y[100] *= 1 + 1e-12
        with pytest.raises(
            CheckFailed, match=r"log by numpy has 12\.0 correct digits; expected 13"
        ):
            stage.check()
