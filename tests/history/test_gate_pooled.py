"""A change at a known place is weighed by the noise that the series shows, and parameters join."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from hwperf.history.gate.pooled import axis_of, known_index, pool, split
from hwperf.history.series import load
from tests.history.planted import Bench, columns, commits_of, own_cache, series_of, store

__all__ = ["own_cache"]

NAN = math.nan


def test_the_best_split_leaves_the_least_squares() -> None:
    y = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    assert split(y, 0) == 3
    assert split(y, 4) == 4, "only from there on"
    assert split(np.array([0.0, NAN, 0.0, NAN, 1.0, 1.0]), 0) == 4
    assert split(np.array([1.0]), 0) is None
    assert split(np.array([NAN, NAN]), 0) is None


def test_the_difference_is_that_of_the_means() -> None:
    y = np.array([1.0, 1.2, 1.0, 1.2, 2.0, 2.2, NAN, 2.0, 2.2])
    difference, deviation, p = known_index(y, 4, 0, len(y))
    assert difference == pytest.approx(1.0)
    # 1.4826 times the median residual of 0.1, for two means of four points.
    assert deviation == pytest.approx(0.14826 * math.sqrt(0.5))
    assert p < 1e-4


@pytest.mark.parametrize("index", [0, 1, 8, 9])
def test_fewer_than_two_points_on_a_side_say_nothing(index: int) -> None:
    y = np.array([1.0] * 8 + [2.0])
    difference, _, p = known_index(y, index, 0, len(y))
    assert math.isnan(difference)
    assert p == 1.0


def test_autocorrelated_noise_is_not_taken_for_white() -> None:
    """Of series in which nothing happens, few look changed; white noise alone would say many."""
    chance = np.random.default_rng(2)
    alarms = 0
    for _ in range(300):
        e, y = chance.standard_normal(200), np.zeros(200)
        for k in range(1, 200):
            y[k] = 0.7 * y[k - 1] + e[k]
        alarms += known_index(y, 100, 68, 132)[2] < 0.01
    assert alarms <= 30


def test_the_mean_over_parameters_is_steadier_than_each(tmp_path: Path) -> None:
    each = [series_of(60, (30, 1.02), seed=i, noise=0.02, base=10.0**i) for i in range(9)]
    bench = Bench("t", columns(*each), [str(i) for i in range(9)])
    group = load(store(tmp_path, [bench], commits_of(60)))
    axis = axis_of(group)
    pooled = np.log(pool(group, axis))
    assert len(pooled) == 60
    assert np.std(pooled[:30]) < 0.02 / 2
    assert np.mean(pooled[30:]) - np.mean(pooled[:30]) == pytest.approx(0.02, abs=0.006)


def test_a_commit_that_no_parameter_measured_stays_empty(tmp_path: Path) -> None:
    some = [1.0, None, 1.0, 1.0]
    bench = Bench("t", columns(some, some[::-1]), ["1", "2"])
    group = load(store(tmp_path, [bench], commits_of(4)))
    assert np.isfinite(pool(group, axis_of(group))).tolist() == [True] * 4
    bench = Bench("t", columns(some, some), ["1", "2"])
    group = load(store(tmp_path / "b", [bench], commits_of(4)))
    assert np.isfinite(pool(group, axis_of(group))).tolist() == [True, False, True, True]
