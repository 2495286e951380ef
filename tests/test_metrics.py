"""A cost is stored, a value is read; one multiplies to the other's inverse or is the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf import DeclarationError, metrics
from hwperf.units import UNITS

ALL = list(metrics.METRICS.values())
COSTS = st.floats(1e-15, 1e3)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
@given(cost=COSTS)
def test_value_and_cost_are_inverse(metric: metrics.Metric, cost: float) -> None:
    assert metric.cost(metric.value(cost)) == pytest.approx(cost)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
@given(low=COSTS, high=COSTS)
def test_intervals_have_their_lower_bound_first_and_hold_the_value(
    metric: metrics.Metric, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    bounds = metric.interval(low, high)
    assert bounds[0] <= bounds[1]
    middle = metric.value((low + high) / 2)
    assert bounds[0] * (1 - 1e-9) <= middle <= bounds[1] * (1 + 1e-9)


def test_bandwidth_is_bytes_over_seconds() -> None:
    """64 ps per byte are 15.625 GB/s."""
    assert metrics.BANDWIDTH.value(64e-12) == pytest.approx(15.625e9)


def test_a_latency_is_its_own_cost() -> None:
    assert metrics.LATENCY.value(1.12e-9) == 1.12e-9
    assert metrics.LATENCY.interval(1e-9, 2e-9) == (1e-9, 2e-9)


def test_lower_is_better_only_for_what_is_a_time() -> None:
    for metric in ALL:
        assert metric.higher_is_better == (metric.unit != "s")


def test_every_metric_has_a_known_unit_and_its_own_name() -> None:
    assert all(metric.unit in UNITS for metric in ALL)
    assert all(name == metric.name for name, metric in metrics.METRICS.items())


def test_each_amount_gives_a_metric_that_divides_by_it() -> None:
    assert set(metrics.BY_AMOUNT) == {"bytes", "flops", "ops"}
    assert all(metric.amount == amount for amount, metric in metrics.BY_AMOUNT.items())


def test_all_faults_of_a_metric_are_told_at_once() -> None:
    with pytest.raises(DeclarationError) as refused:
        metrics.Metric("speed", "GB/s", "byte", True, "")
    assert str(refused.value) == (
        "metric 'speed': 'GB/s' is no unit; use one of B, B/s, FLOP/s, Hz, op/s, s; "
        "'byte' is no amount; use bytes, flops or ops."
    )
