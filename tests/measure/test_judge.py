"""A verdict follows from the samples and the limit, and says why it is not ok."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf import metrics
from hwperf.measure import QUICK
from hwperf.measure.interference import Disturbance
from hwperf.measure.judge import IMPOSSIBLE, disturbances, impossible, interference, judge
from hwperf.measure.selection import Sample, Samples


def samples(*costs: float, causes: tuple[str, ...] = ()) -> tuple[Sample, ...]:
    return tuple(Sample(cost, 1e-3, Disturbance({}, causes), None) for cost in costs)


def taken(*all_samples: Sample) -> Samples:
    return Samples(all_samples, calls=1, warm_up_s=0.0, elapsed_s=0.3)


@given(st.floats(1e-12, 1e3), st.floats(1e-3, 1e15))
def test_a_rate_is_impossible_exactly_beyond_its_limit_and_a_twentieth(
    cost_s: float, limit: float
) -> None:
    told = impossible(cost_s, limit, metrics.BANDWIDTH)
    assert (told is not None) == (1 / cost_s > IMPOSSIBLE * limit)


def test_at_the_very_bound_a_rate_stands() -> None:
    assert impossible(1 / 1.05, 1.0, metrics.RATE) is None
    assert impossible(1 / 1.0500001, 1.0, metrics.RATE) is not None


def test_without_a_limit_any_rate_stands() -> None:
    assert impossible(1e-30, None, metrics.BANDWIDTH) is None


@pytest.mark.parametrize("cost_s", [0.0, -1.0, math.nan, math.inf])
def test_a_cost_that_is_no_time_is_impossible_whatever_the_limit(cost_s: float) -> None:
    assert impossible(cost_s, None, metrics.LATENCY) == (
        f"the cost is {cost_s!r} s per unit of work; expected a time above zero"
    )


def test_it_is_said_in_the_units_of_the_metric() -> None:
    told = impossible(1 / 80e9, 20e9, metrics.BANDWIDTH)
    assert told is not None
    assert told.startswith("80.0 GB/s is beyond the physical limit of 20.0 GB/s by a factor of 4;")
    told = impossible(1e-10, 1e9, metrics.LATENCY)
    assert told is not None
    assert told.startswith("100 ps is beyond the physical limit of 1.00 ns by a factor of 10;")


def test_eight_equal_samples_are_ok() -> None:
    assert judge(taken(*samples(*[1.0] * 8)), QUICK, limit=None, metric=metrics.RATE) == ("ok", "")


def test_a_spread_below_five_per_cent_is_ok() -> None:
    costs = [1.0, 1.04, 0.96, 1.0, 1.02, 0.98, 1.01, 0.99]
    assert judge(taken(*samples(*costs)), QUICK, limit=None, metric=metrics.RATE)[0] == "ok"


def test_an_impossible_rate_outweighs_that_it_is_noisy() -> None:
    few = taken(*samples(1.0, 3.0))
    assert judge(few, QUICK, limit=0.1, metric=metrics.RATE)[0] == "impossible"


def test_one_impossible_sample_does_not_condemn_the_median() -> None:
    costs = [1.0] * 20 + [1e-9]
    assert judge(taken(*samples(*costs)), QUICK, limit=1.0, metric=metrics.RATE)[0] == "ok"


def test_few_samples_are_noisy_with_what_to_do() -> None:
    verdict, reason = judge(taken(*samples(1, 1, 1)), QUICK, limit=None, metric=metrics.RATE)
    assert verdict == "noisy"
    assert reason == "only 3 samples in 0.3 s, wanted 8. Give it a larger --budget."


def test_disturbances_are_counted_by_cause() -> None:
    mixed = taken(
        *samples(1, 1, causes=("steal_s", "involuntary_switches")),
        *samples(1, causes=("steal_s",)),
        *samples(1),
    )
    assert disturbances(mixed) == {"steal_s": 3, "involuntary_switches": 2}


def test_what_the_probes_counted_is_added_up_even_where_it_disturbed_nothing() -> None:
    counted = (
        Disturbance({"pressure_s": 0.5, "minor_faults": 2}, ()),
        Disturbance({"pressure_s": 0.25, "minor_faults": 0, "steal_s": 0.01}, ("steal_s",)),
    )
    added = interference(taken(*(Sample(1.0, 1e-3, each, None) for each in counted)))
    assert added == {"pressure_s": 0.75, "minor_faults": 2, "steal_s": 0.01}


def test_what_was_lost_is_named_without_its_unit() -> None:
    mostly = taken(*samples(*[1.0] * 9, causes=("runqueue_wait_s",)), *samples(1.0))
    _, reason = judge(mostly, QUICK, limit=None, metric=metrics.RATE)
    assert "; 9 of 10 were disturbed (runqueue wait 9)." in reason
