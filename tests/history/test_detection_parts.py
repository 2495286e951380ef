"""The parts of the detector, against hand-worked numbers and scipy."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from hwperf.history.detection.candidates import LONGEST, candidates
from hwperf.history.detection.contrast import sums_of
from hwperf.history.detection.detector import detect
from hwperf.history.detection.drifting import drift_within
from hwperf.history.detection.finding import Limits
from hwperf.history.detection.judgement import Judge
from hwperf.history.detection.likelihood import normal_equivalent, p_value
from hwperf.history.detection.noise import Noise, noise_of
from hwperf.history.detection.pruning import pruned, regained
from hwperf.history.detection.robust import clipped, running_median, spread_of
from hwperf.history.detection.settling import settled
from hwperf.history.detection.step import Step
from hwperf.history.detection.working_scale import scaled


def test_running_sums_give_means_scatter_and_slope() -> None:
    y = np.array([1.0, 2.0, 4.0, 3.0])
    sums = sums_of(y)
    assert sums.mean(1, 3) == 3.0
    assert sums.scatter(0, 4) == pytest.approx(((y - y.mean()) ** 2).sum())
    slope, explained = sums.slope(0, 4)
    line = stats.linregress(np.arange(4), y)
    assert slope == pytest.approx(line.slope)
    assert explained == pytest.approx(line.rvalue**2 * ((y - y.mean()) ** 2).sum())
    assert sums.slope(0, 2) == (0.0, 0.0)


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0, 1.04, 1.06, 2.0, 4.0, 9.0, 40.0])
def test_p_values_are_those_of_student(t: float) -> None:
    assert p_value(t, 10) == pytest.approx(2 * stats.t.sf(t, 10), rel=1e-9)


def test_a_p_value_grows_with_the_looks_and_stays_a_probability() -> None:
    assert p_value(5.0, 100) == pytest.approx(10 * p_value(5.0, 10))
    assert p_value(0.1, 1000) == 1.0
    assert p_value(math.inf, 100) == 0.0


@pytest.mark.parametrize("free", [2, 6, 20, 100])
def test_the_normal_equivalent_is_as_likely(free: int) -> None:
    for t in (0.5, 2.0, 6.0):
        exact = stats.norm.isf(stats.t.sf(t, free))
        assert normal_equivalent(t, free) == pytest.approx(exact, rel=0.03)


def test_a_running_median_shrinks_towards_the_ends() -> None:
    values = np.array([9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0])
    assert running_median(values, 2).tolist() == [9.0, 2.0, 3.0, 3.0, 3.0, 4.0, 0.0]
    assert running_median(np.array([3.0]), 2).tolist() == [3.0]


def test_a_spread_is_the_larger_of_two_estimates() -> None:
    few = np.array([-1.0, 1.0] * 45 + [50.0] * 10)
    assert spread_of(few) == pytest.approx(1.4826)
    many = np.array([0.1, -0.1] * 35 + [5.0] * 30)  # A second mode with 30 % is no outlier.
    assert spread_of(many) == pytest.approx(5.0 / 1.2816, rel=1e-3)


def test_clipping_moves_outliers_and_nothing_else() -> None:
    values = np.random.default_rng(0).normal(0, 1, 200)
    values[50] = 100.0
    pulled = clipped(values)
    assert pulled[50] < 4
    inside = np.abs(values) < 1
    assert np.allclose(pulled[inside], values[inside], rtol=0, atol=1e-12)


def test_noise_of_white_noise_falls_with_the_root_of_the_window() -> None:
    noise = noise_of(sums_of(np.random.default_rng(0).normal(0, 1, 50_000)), 0.0)
    for w, deviation in zip(noise.windows[:6], noise.deviations[:6], strict=True):
        assert deviation == pytest.approx(math.sqrt(2 / w), rel=0.1)


def test_noise_of_a_random_walk_grows() -> None:
    """One standard deviation would say too little: this is what absorbs autocorrelation."""
    noise = noise_of(sums_of(np.random.default_rng(0).normal(0, 1, 5_000).cumsum()), 0.0)
    assert noise.deviations[3] > 2 * noise.deviations[0]


def test_noise_of_a_rhythm_falls_with_the_window_and_no_faster() -> None:
    """Whole periods cancel; a window that shows less than nothing is not believed."""
    y = np.sin(2 * np.pi * np.arange(2_000) / 8)
    noise = noise_of(sums_of(y), 1e-6)
    assert noise.deviations[0] > 0.5
    for shorter, longer in pairwise(noise.deviations):
        assert longer == pytest.approx(shorter / 2)
    assert noise_of(sums_of(y), 1.0).deviations[-1] >= math.sqrt(2 / noise.windows[-1])


def test_variances_are_linear_between_windows_and_white_outside() -> None:
    variances = Noise((4, 8), (2.0, 1.0)).variances(16)
    assert variances[0] == math.inf
    assert variances[[2, 4, 6, 8, 16]].tolist() == [4.0, 2.0, 1.25, 0.5, 0.25]


def judged(y: np.ndarray) -> Judge:
    sums = sums_of(y)
    return Judge(sums, noise_of(sums, 0.001).variances(LONGEST), 0.001)


def test_a_level_shorter_than_four_points_weighs_nothing() -> None:
    y = np.r_[np.zeros(20), np.ones(3)] + np.random.default_rng(0).normal(0, 0.01, 23)
    assert judged(y).weigh(0, 20, 23).statistic == 0.0


def test_a_line_weighs_nothing() -> None:
    y = np.linspace(0, 1, 60) + np.random.default_rng(0).normal(0, 0.01, 60)
    assert judged(y).weigh(0, 30, 60).statistic == 0.0


def test_of_neighbouring_candidates_the_better_one_stays() -> None:
    y = np.r_[np.zeros(40), np.ones(40)] + np.random.default_rng(0).normal(0, 0.05, 80)
    assert pruned([10, 38, 40, 41, 70], 80, judged(y), 4.0, 0.01) == [40]


def test_candidates_hold_every_step() -> None:
    y = np.r_[np.zeros(60), np.ones(60), np.full(60, 3.0)]
    y += np.random.default_rng(0).normal(0, 0.05, y.size)
    found = candidates(sums_of(y), judged(y).variances, 2.0)
    assert {60, 120} <= set(found)


def test_autocorrelated_noise_is_no_drift_and_a_line_is_one() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.02, 240)
    for i in range(1, noise.size):
        noise[i] += 0.7 * noise[i - 1]
    assert drift_within(sums_of(noise), 0, 240, 4.0, 0.001) is None
    drift = drift_within(sums_of(np.linspace(0, 0.5, 240) + noise / 5), 0, 240, 4.0, 0.001)
    assert drift is not None
    assert drift.size == pytest.approx(0.5 * (drift.last - drift.first) / 240, rel=0.1)


def test_too_short_a_level_has_no_drift() -> None:
    assert drift_within(sums_of(np.linspace(0, 1, 23)), 0, 23, 4.0, 0.001) is None


def test_the_working_scale_is_undone() -> None:
    logs = scaled(np.array([1.0, math.nan, 2.0, 4.0]))
    assert logs.where.tolist() == [0, 2, 3]
    assert logs.ratio(logs.x[0], logs.x[2]) == pytest.approx(4.0)
    linear = scaled(np.array([-2.0, 0.0, 2.0, 6.0]))
    assert linear.ratio(linear.x[2], linear.x[3]) == pytest.approx(3.0)
    assert math.isnan(linear.ratio(linear.x[1], linear.x[3]))


def test_json_has_no_number_that_json_lacks() -> None:
    step = Step(3, math.nan, (math.inf, 2.0), 0.5, "step", 1.0, 0.5, (3, 4))
    told = step.to_json()
    assert told["ratio"] is None
    assert told["interval"] == [None, 2.0]
    assert {"index", "ratio", "interval", "certainty", "kind"} <= set(told)


def test_a_boundary_settles_where_the_measured_points_say() -> None:
    x = np.r_[np.zeros(40), np.ones(40)] + np.random.default_rng(0).normal(0, 0.05, 80)
    assert settled(x, [34], 0.01) == settled(x, [46], 0.01) == settled(x, [40], 0.01) == [40]


def test_outliers_beside_a_step_do_not_draw_it_to_them() -> None:
    x = np.r_[np.zeros(40), np.ones(40)] + np.random.default_rng(0).normal(0, 0.05, 80)
    x[[33, 34, 36]] += 5.0
    assert settled(x, [34], 0.01) == [40]


def test_a_boundary_stays_unless_another_is_clearly_better() -> None:
    x = np.r_[np.zeros(40), np.full(40, 0.05)] + np.random.default_rng(0).normal(0, 0.05, 80)
    assert settled(x, [41], 0.01) == [41]


def test_clipping_makes_no_ramp_of_a_step_beside_outliers() -> None:
    """Outliers on the far side draw a centred median over the step some points too early."""
    values = np.r_[np.zeros(60), np.ones(60)] + np.random.default_rng(0).normal(0, 0.02, 120)
    values[[50, 52, 55]] += 3.0
    pulled = clipped(values)
    assert np.abs(pulled[56:60]).max() < 0.2
    assert np.abs(pulled[60:64] - 1).max() < 0.2


def test_a_step_that_a_weak_neighbour_hid_is_regained() -> None:
    y = np.r_[np.zeros(40), np.ones(40)] + np.random.default_rng(0).normal(0, 0.05, 80)
    assert regained([], [10, 40, 70], 80, judged(y), 4.0, 0.01) == [40]
    assert regained([40], [10, 40, 70], 80, judged(y), 4.0, 0.01) == [40]
    assert regained([], [], 80, judged(y), 4.0, 0.01) == []


def test_a_clear_step_lowers_the_threshold_for_others() -> None:
    """A weak step is seen oftener beside a clear one than alone."""
    alone = beside = 0
    limits = Limits(floor=0.001, threshold=4.0, least=0.005)
    for seed in range(40):
        x = np.random.default_rng(seed).normal(0, 0.01, 200)
        x[150:] += 0.0075
        alone += any(abs(b - 150) <= 6 for b in detect(x, limits).boundaries)
        x[60:] += 0.3
        beside += any(abs(b - 150) <= 6 for b in detect(x, limits).boundaries)
    assert beside > alone
