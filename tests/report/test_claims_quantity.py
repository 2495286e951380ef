"""What is calculated from intervals holds whatever lies in them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf.report.claims import Missing, Quantity
from hwperf.report.claims.quantity import best, complement, difference, product, quotient

NUMBERS = st.floats(1e-12, 1e12)


@st.composite
def quantities(draw: st.DrawFn) -> tuple[Quantity, float]:
    """Return a quantity, and a number that lies in its interval: what might be the true one."""
    low, value, high = sorted(draw(st.tuples(NUMBERS, NUMBERS, NUMBERS)))
    truth = draw(st.floats(low, high))
    return Quantity(value, "s", (low, high)), truth


def holds(found: Quantity, truth: float) -> bool:
    assert found.interval is not None
    low, high = found.interval
    return low * (1 - 1e-9) <= truth <= high * (1 + 1e-9)


@given(quantities(), quantities())
def test_a_quotient_and_a_product_hold_wherever_the_truth_lies(
    a: tuple[Quantity, float], b: tuple[Quantity, float]
) -> None:
    assert holds(quotient(a[0], b[0]), a[1] / b[1])
    assert holds(product(a[0], b[0], "s"), a[1] * b[1])


@given(quantities(), quantities())
def test_a_difference_holds_or_is_refused(
    a: tuple[Quantity, float], b: tuple[Quantity, float]
) -> None:
    if a[0].value <= b[0].value:
        with pytest.raises(Missing, match="cannot be told apart"):
            difference(a[0], b[0])
        return
    found = difference(a[0], b[0])
    assert found.interval is not None
    slack = 1e-9 * (a[1] + b[1])
    assert found.interval[0] - slack <= max(0.0, a[1] - b[1]) <= found.interval[1] + slack


@given(st.lists(quantities(), min_size=1, max_size=5), st.booleans())
def test_the_best_of_several_holds(found: list[tuple[Quantity, float]], is_highest: bool) -> None:
    truth = (max if is_highest else min)(each for _, each in found)
    assert holds(best([each for each, _ in found], is_highest=is_highest), truth)


def test_hand_worked() -> None:
    """100 ns (90 to 120) over 0.5 ns (0.4 to 0.5): 200 (180 to 300)."""
    found = quotient(Quantity(100, "s", (90, 120)), Quantity(0.5, "s", (0.4, 0.5)))
    assert found.value == 200
    assert found.interval == pytest.approx((180, 300))
    share = complement(Quantity(0.1, "x", (0.05, 0.2)))
    assert (share.value, share.interval) == (0.9, pytest.approx((0.8, 0.95)))


def test_what_has_no_interval_gives_none() -> None:
    known, unknown = Quantity(2, "s", (1, 3)), Quantity(4, "s")
    for found in (
        quotient(known, unknown),
        product(known, unknown, "s"),
        difference(unknown, known),
    ):
        assert found.interval is None


def test_a_divisor_that_may_be_zero_gives_no_interval() -> None:
    assert quotient(Quantity(1, "s", (1, 1)), Quantity(1, "s", (0, 2))).interval is None


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_what_is_no_number_above_zero_is_refused(value: float) -> None:
    with pytest.raises(Missing):
        Quantity(value, "s")


def test_an_overflow_is_refused_or_has_no_interval() -> None:
    with pytest.raises(Missing):
        product(Quantity(1e308, "s"), Quantity(1e308, "s"), "s")
    assert (
        product(Quantity(1e3, "s", (1, 1e300)), Quantity(1, "s", (1, 1e300)), "s").interval is None
    )


def test_the_value_lies_in_its_interval() -> None:
    """The median of samples of several runs may lie outside of what one run said."""
    assert Quantity(5, "s", (1, 4)).interval == (1, 5)
