"""What `hwperf.history.steps` finds, and what it keeps silent about."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf.history import Step, steps


def noisy(n: int, *changes: tuple[int, float], sd: float = 0.01, seed: int = 1) -> Any:
    """Return n values of 5 with white noise and the *changes*: where, and new over old."""
    x = np.random.default_rng(seed).normal(math.log(5), sd, n)
    for at, ratio in changes:
        x[at:] += math.log(ratio)
    return np.exp(x)


def indices(found: list[Step], kind: str = "step") -> list[int]:
    return [step.index for step in found if step.kind == kind]


def test_one_step_is_found_where_it_is_with_its_ratio() -> None:
    (step,) = steps(noisy(100, (60, 1.10)))
    assert step.index == 60
    assert step.kind == "step"
    assert step.interval[0] < 1.10 < step.interval[1]
    assert step.interval[0] < step.ratio < step.interval[1]
    assert step.location[0] <= 60 <= step.location[1]
    assert step.certainty == 1 - step.p_value > 0.999


@pytest.mark.parametrize("seed", range(8))
def test_a_step_four_points_old_is_found(seed: int) -> None:
    """The newest points are judged, so that a regression is seen after four commits."""
    assert indices(steps(noisy(80, (76, 1.10), seed=seed))) == [76]


@pytest.mark.parametrize("seed", range(8))
def test_a_step_among_the_first_points_is_found(seed: int) -> None:
    assert indices(steps(noisy(80, (6, 1.10), seed=seed))) == [6]


def test_a_recovered_regression_is_two_steps() -> None:
    found = steps(noisy(120, (50, 1.2), (70, 1 / 1.2)))
    assert indices(found) == [50, 70]
    assert found[0].ratio == pytest.approx(1.2, rel=0.02)
    assert found[1].ratio == pytest.approx(1 / 1.2, rel=0.02)


def test_several_steps_of_both_signs_are_found() -> None:
    changes = ((40, 1.05), (90, 0.9), (130, 1.03), (180, 1.5))
    assert indices(steps(noisy(230, *changes, sd=0.005))) == [40, 90, 130, 180]


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("at", [30, 97])
def test_a_spike_is_no_step(length: int, at: int) -> None:
    values = noisy(100)
    values[at : at + length] *= 1.5
    assert steps(values) == []


def test_outliers_of_thirty_deviations_hide_no_step_and_make_none() -> None:
    rng = np.random.default_rng(4)
    values = noisy(200, (120, 1.08))
    for at in rng.integers(0, 196, 8):
        values[at : at + 2] *= 1.3
    assert indices(steps(values)) == [120]


@pytest.mark.parametrize("seed", range(20))
def test_white_noise_is_clean(seed: int) -> None:
    assert steps(noisy(200, seed=seed)) == []


def test_a_slow_ramp_is_a_drift_and_no_step() -> None:
    values = noisy(200) * np.exp(np.linspace(0, 0.3, 200))
    (drift,) = steps(values)
    assert drift.kind == "drift"
    assert drift.ratio == pytest.approx(math.exp(0.3), rel=0.05)
    assert drift.location[1] > drift.location[0] + 100


def test_two_modes_that_alternate_are_noise() -> None:
    mode = np.random.default_rng(3).random(200) < 0.5
    assert steps(noisy(200, sd=0.002) * np.where(mode, 1.08, 1.0)) == []


def test_a_louder_neighbour_is_no_step() -> None:
    quiet, loud = noisy(100, sd=0.003), noisy(60, sd=0.02, seed=9)
    assert steps(np.concatenate((quiet, loud, quiet))) == []


def test_the_result_does_not_depend_on_the_unit() -> None:
    values = noisy(150, (50, 1.07), (100, 0.9))
    one, other = steps(values), steps(values * 1e-9)
    assert indices(one) == indices(other) == [50, 100]
    assert [s.ratio for s in one] == pytest.approx([s.ratio for s in other], rel=1e-9)
    assert [s.statistic for s in one] == pytest.approx([s.statistic for s in other], rel=1e-6)


def test_the_reciprocal_has_the_same_steps_mirrored() -> None:
    """A rate is the reciprocal of a cost: both must tell the same."""
    values = noisy(150, (50, 1.07), (100, 0.9))
    one, other = steps(values), steps(1 / values)
    assert indices(one) == indices(other)
    for cost, rate in zip(one, other, strict=True):
        assert cost.ratio * rate.ratio == pytest.approx(1, rel=1e-9)
        assert cost.interval[0] * rate.interval[1] == pytest.approx(1, rel=1e-9)


def test_the_same_values_give_the_same_result() -> None:
    values = noisy(300, (100, 1.03), (200, 0.97))
    assert steps(values) == steps(list(values))


def test_missing_points_keep_the_numbering() -> None:
    values = noisy(100, (60, 1.10)).tolist()
    holes: list[Any] = list(values)
    for at, hole in ((3, None), (20, math.nan), (40, math.inf), (59, None), (61, -math.inf)):
        holes[at] = hole
    assert indices(steps(holes)) == [60]


def test_times_put_the_points_in_order() -> None:
    values = noisy(100, (60, 1.10))
    order = np.random.default_rng(0).permutation(100)
    assert steps(values[order], times=order) == steps(values)


def test_intervals_that_are_wide_make_a_change_unsure() -> None:
    """A point is no surer than its own interval says."""
    values = noisy(60, (30, 1.02), sd=0.001)
    assert indices(steps(values, low=values * 0.999, high=values * 1.001)) == [30]
    assert steps(values, low=values * 0.8, high=values * 1.25) == []


@pytest.mark.parametrize(
    "values",
    [
        [], [1.0], [1.0] * 100, [0.0] * 50, [math.nan] * 20, [None] * 20, [1e308] * 20,
        [5e-324, 1e308] * 20, [1e308, -1e308] * 10, [0.0, 1.0] * 30, list(range(-20, 0)),
    ],
)  # fmt: skip
def test_strange_series_are_no_reason_to_fail(values: list[Any]) -> None:
    for step in steps(values):
        assert 0 <= step.certainty <= 1


def test_constant_levels_are_told_apart() -> None:
    (step,) = steps([2.0] * 30 + [3.0] * 30)
    assert (step.index, step.ratio) == (30, pytest.approx(1.5))


def test_rounded_values_are_no_steps() -> None:
    """A clock with few digits flips between two values."""
    rng = np.random.default_rng(8)
    assert steps(np.round(rng.normal(100.5, 0.4, 200))) == []


def test_negative_values_are_taken_by_their_size() -> None:
    values = noisy(100, (60, 1.10))
    assert steps(-values) == steps(values)


def test_series_through_zero_are_worked_on_linearly() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, 120)
    values[70:] += 40
    assert indices(steps(values)) == [70]


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(ValueError, match="flat sequence of numbers"):
        steps([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match="low has 1 entries for 2 values"):
        steps([1.0, 2.0], low=[1.0])
    with pytest.raises(ValueError, match="times has entries that are missing"):
        steps([1.0, 2.0], times=[1.0, None])
    with pytest.raises(ValueError, match="the first has to be above 0"):
        steps([1.0, 2.0], threshold=math.nan)


def test_the_least_change_is_held_and_may_be_nothing() -> None:
    values = noisy(100, (50, 1.03), sd=0.002)
    assert indices(steps(values, min_change=0.01)) == [50]
    assert steps(values, min_change=0.05) == []
    assert indices(steps([1.0] * 20 + [1.001] * 20, min_change=0.0)) == [20]


def test_a_sure_step_is_told_where_its_interval_reaches_the_least_change() -> None:
    """A step of just the least change is measured as less every second time."""
    found = [steps(noisy(200, (100, 1.0095), sd=0.006, seed=seed)) for seed in range(20)]
    sizes = [step.ratio - 1 for each in found for step in each]
    assert sum(size < 0.0099 for size in sizes) >= 5
    assert all(step.interval[1] >= 1.0099 for each in found for step in each)
    assert steps(noisy(200, (100, 1.007), sd=0.001)) == []


NUMBER = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 1.0, 1.0, 2.0, -1.0, 1e308]))


@pytest.mark.filterwarnings("error")
@given(st.lists(st.tuples(NUMBER, st.integers(1, 9)), max_size=12), st.booleans())
def test_whatever_the_numbers_are_what_is_told_makes_sense(
    levels: list[tuple[float | None, int]], as_bounds: bool
) -> None:
    """No exception, no warning; a change is inside of the series, its certainty a probability."""
    values = [value for value, length in levels for _ in range(length)]
    bounds = values[::-1] if as_bounds else None
    for step in steps(values, low=bounds, high=values):
        assert 0 <= step.certainty <= 1
        assert 0 <= step.location[0] <= step.index <= step.location[1] < len(values)
        json.dumps(step.to_json(), allow_nan=False)


def test_a_long_series_is_judged_to_its_ends() -> None:
    values = noisy(20_000, (4, 1.5), (10_000, 1.02), (19_996, 1.5), sd=0.005)
    assert indices(steps(values)) == [4, 10_000, 19_996]


def test_intervals_hold_the_true_ratio() -> None:
    """95 % of them, as they say; 100 planted steps."""
    held = 0
    for seed in range(100):
        found = steps(noisy(100, (50, 1.05), seed=seed))
        held += any(s.interval[0] <= 1.05 <= s.interval[1] for s in found)
    assert held >= 90


@pytest.mark.parametrize("n", range(10, 24))
def test_a_step_in_the_middle_of_a_short_series_is_found(n: int) -> None:
    """Most windows straddle it there: the noise has to come from the neighbours."""
    for seed in range(5):
        assert indices(steps(noisy(n, (n // 2, 1.2), seed=seed))) == [n // 2]
        assert steps(noisy(n, seed=seed)) == []


def test_a_sure_step_in_a_long_series_lowers_no_threshold() -> None:
    """In 20,000 points noise reaches 3.6 deviations somewhere."""
    found = steps(noisy(20_000, (9_000, 1.05)))
    assert indices(found) == [9_000]


@pytest.mark.parametrize("stays", [(40, 40, 20, 20), (60, 20, 20, 20), (30, 30, 30, 30)])
def test_what_landed_again_is_told_with_the_levels_that_there_are(stays: tuple[int, ...]) -> None:
    for seed in range(5):
        level = np.concatenate([np.full(k, 1.2 ** (i % 2)) for i, k in enumerate(stays)])
        last = steps(level * noisy(level.size, seed=seed))[-1]
        assert last.index in np.cumsum(stays)
        assert last.interval[0] < 1.2 < last.interval[1]
