"""A verdict follows from the interval: noise breaks nothing, and a contradiction does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hwperf.report.claims import (
    BETTER,
    BROKEN,
    HOLDS,
    NOT_MEASURABLE,
    WORSE,
    Claim,
    Evidence,
    Missing,
    Quantity,
)
from hwperf.report.claims.rules import Compared, Enough, Law, Laws

from .claim_points import point

NOTHING = Evidence([])
SECONDS = Claim("a.time", "L", "value", "It takes 10 s.", "s", 10.0)
RATE = Claim("a.rate", "L", "value", "It does 10 a second.", "op/s", 10.0)
RANGE = Claim("a.range", "L", "range", "10 to 20 a second.", "op/s", None, 10.0, 20.0)
TIMES = Claim("a.ratio", "L", "ratio", "Ten times.", "x", 10.0)
TREND = Claim("a.law", "L", "trend", "One is faster.")


@dataclass(frozen=True)
class Given:
    """A term with a quantity of its own."""

    quantity: Quantity | None

    def named(self) -> Iterator[Any]:
        yield "memory.latency", {}

    def of(self, seen: Evidence) -> Quantity:
        if self.quantity is None:
            raise Missing("it was not given")
        return self.quantity


def given(value: float, low: float | None = None, high: float | None = None, unit: str = "op/s",
          *, is_noisy: bool = False) -> Given:  # fmt: skip
    ends = None if low is None or high is None else (low, high)
    points = (point("core.null", 1.0, verdict="noisy" if is_noisy else "ok"),)
    return Given(Quantity(value, unit, ends, points))


@pytest.mark.parametrize(
    ("claim", "low", "value", "high", "verdict"),
    [
        (SECONDS, 5, 5, 5, HOLDS),
        (SECONDS, 20, 20, 20, HOLDS),
        (SECONDS, 4, 4.5, 4.9, BETTER),
        (SECONDS, 4, 4.5, 5.1, HOLDS),  # May as well be within the factor.
        (SECONDS, 21, 22, 23, WORSE),
        (RATE, 21, 22, 23, BETTER),
        (RATE, 4, 4.5, 4.9, WORSE),
        (RANGE, 12, 13, 14, HOLDS),
        (RANGE, 9, 9.5, 10.5, HOLDS),
        (RANGE, 8, 9, 9.9, WORSE),
        (RANGE, 21, 22, 23, BETTER),
        (TIMES, 5, 6, 7, HOLDS),
        (TIMES, 0.5, 0.6, 0.9, BROKEN),
        (TIMES, 0.5, 0.9, 1.1, WORSE),  # May as well be 1: weak, and not the other way round.
    ],
)
def test_a_number_is_judged_by_its_whole_interval(
    claim: Claim, low: float, value: float, high: float, verdict: str
) -> None:
    assert Compared(given(value, low, high)).judge(claim, NOTHING).verdict == verdict


def test_a_ratio_that_is_better_when_lower_says_so() -> None:
    rule = Compared(given(2, 1.9, 2.1), is_higher_better=False)
    assert rule.judge(TIMES, NOTHING).verdict == BETTER
    assert replace(rule, is_higher_better=True).judge(TIMES, NOTHING).verdict == WORSE


def test_the_ratio_is_to_the_nearer_end() -> None:
    for value, ratio in ((5, 0.5), (10, 1), (15, 1), (20, 1), (40, 2)):
        assert Compared(given(value)).judge(RANGE, NOTHING).ratio == ratio
    assert Compared(given(25)).judge(RATE, NOTHING).ratio == 2.5


def test_a_noisy_number_is_kept_and_marked() -> None:
    found = Compared(given(10, 9, 11, is_noisy=True)).judge(RATE, NOTHING)
    assert (found.verdict, found.is_noisy) == (HOLDS, True)


STRICT = Law(("fast", given(2, 2, 2)), ("slow", given(1, 1, 1)))


def law(ratio: float, low: float | None, high: float | None, **more: Any) -> Any:
    is_noisy = more.pop("is_noisy", False)
    measured = given(ratio, low, high, "x", is_noisy=is_noisy)
    return replace(STRICT, measured=measured, **more).judge(TREND, NOTHING)


@pytest.mark.parametrize(
    ("low", "ratio", "high", "strict", "weak"),
    [
        (1.5, 2, 3, HOLDS, HOLDS),
        (1.01, 1.2, 1.4, HOLDS, HOLDS),
        (0.9, 1.2, 1.5, NOT_MEASURABLE, HOLDS),  # Straddles 1: noise neither proves nor breaks.
        (0.9, 0.98, 1.2, NOT_MEASURABLE, HOLDS),
        (0.98, 1, 1.02, BROKEN, HOLDS),  # Precisely no difference: that it is faster is wrong.
        (0.9, 0.93, 0.97, BROKEN, HOLDS),  # Two points may differ by 5 % by place and clock.
        (0.5, 0.6, 0.9, BROKEN, BROKEN),
    ],
)
def test_a_law_is_broken_by_its_whole_interval_only(
    low: float, ratio: float, high: float, strict: str, weak: str
) -> None:
    assert law(ratio, low, high).verdict == strict
    assert law(ratio, low, high, is_strict=False).verdict == weak


def test_a_law_that_claims_more_is_held_to_it() -> None:
    assert law(1.3, 1.2, 1.4, least=1.5).verdict == BROKEN
    assert law(1.5, 1.4, 1.6, least=1.5).verdict == HOLDS


def test_noisy_points_break_no_law() -> None:
    found = law(0.5, 0.4, 0.6, is_noisy=True)
    assert found.verdict == NOT_MEASURABLE
    assert "noisy" in found.reason


def test_points_without_an_interval_break_no_law() -> None:
    assert law(0.5, None, None).verdict == NOT_MEASURABLE
    assert law(2, None, None).verdict == HOLDS


def test_a_law_of_times_is_the_other_way_round_than_one_of_rates() -> None:
    times = Law(("fast", given(1, 1, 1, "s")), ("slow", given(3, 3, 3, "s")))
    rates = Law(("fast", given(3, 3, 3)), ("slow", given(1, 1, 1)))
    assert times.judge(TREND, NOTHING).ratio == rates.judge(TREND, NOTHING).ratio == 3


def test_what_breaks_a_law_is_said_with_its_interval() -> None:
    assert law(0.5, 0.4, 0.6).reason == "fast comes to 0.5 (0.4 to 0.6) times slow"


HOLDING = STRICT
BREAKING = Law(("a", given(1, 1, 1)), ("b", given(2, 2, 2)))
UNDECIDED = replace(STRICT, measured=given(1.2, 0.9, 1.5, "x"))
ABSENT = Law(("a", Given(None)), ("b", given(2, 2, 2)))


def test_of_several_laws_all_must_hold() -> None:
    assert Laws((HOLDING, HOLDING)).judge(TREND, NOTHING).verdict == HOLDS
    assert Laws((HOLDING, UNDECIDED)).judge(TREND, NOTHING).verdict == NOT_MEASURABLE
    assert Laws((HOLDING, UNDECIDED, BREAKING)).judge(TREND, NOTHING).verdict == BROKEN
    with pytest.raises(Missing, match="it was not given"):
        Laws((HOLDING, ABSENT)).judge(TREND, NOTHING)


def test_of_what_can_be_one_case_is_enough() -> None:
    assert Laws((BREAKING, HOLDING), is_any=True).judge(TREND, NOTHING).verdict == HOLDS
    assert Laws((ABSENT, HOLDING), is_any=True).judge(TREND, NOTHING).verdict == HOLDS
    assert Laws((BREAKING, ABSENT), is_any=True).judge(TREND, NOTHING).verdict == BROKEN
    with pytest.raises(Missing):
        Laws((ABSENT, ABSENT), is_any=True).judge(TREND, NOTHING)


def test_a_demand_that_is_not_met_is_worse_and_no_law_is_broken() -> None:
    def of(value: float, low: float, high: float) -> str:
        return (
            Enough("it gives", given(value, low, high), 10, "it takes")
            .judge(TREND, NOTHING)
            .verdict
        )

    assert of(12, 11, 13) == HOLDS
    assert of(9, 8, 10.5) == HOLDS
    assert of(9, 8, 9.5) == WORSE
