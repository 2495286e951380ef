"""The statistics agree with hand-worked numbers, numpy and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from hwperf.measure.stats import half_width, interval_of_median, median, percentile, quantile

SAMPLES = st.lists(st.floats(1e-12, 1e3), min_size=1, max_size=200)


@pytest.mark.parametrize(
    ("samples", "middle"),
    [
        pytest.param([7.0], 7.0, id="one sample"),
        pytest.param([3.0, 1.0], 2.0, id="two"),
        pytest.param([3.0, 1.0, 2.0], 2.0, id="odd"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 2.5, id="even"),
        pytest.param([5.0] * 6, 5.0, id="equal"),
        pytest.param([1.0, 2.0, 3.0, 4.0, 1e9], 3.0, id="an outlier"),
    ],
)
def test_the_median_of_a_few(samples: list[float], middle: float) -> None:
    assert median(samples) == middle


@pytest.mark.parametrize(
    ("share", "value"), [(0, 10.0), (0.25, 20.0), (0.5, 30.0), (0.9, 46.0), (1, 50.0)]
)
def test_quantiles_lie_between_order_statistics(share: float, value: float) -> None:
    """Of 10, 20, 30, 40, 50 the 0.9 quantile is at position 0.9 * 4 = 3.6: 40 + 0.6 * 10."""
    assert quantile([50, 10, 40, 20, 30], share) == pytest.approx(value)


@given(SAMPLES, st.floats(0, 1))
def test_quantiles_are_those_of_numpy(samples: list[float], share: float) -> None:
    assert quantile(samples, share) == pytest.approx(float(np.quantile(samples, share)), rel=1e-9)


@given(SAMPLES)
def test_the_median_is_numpys_and_the_order_of_samples_is_nothing(samples: list[float]) -> None:
    assert median(samples) == pytest.approx(float(np.median(samples)), rel=1e-12)
    assert median(samples) == median(samples[::-1])


@pytest.mark.parametrize("function", [median, lambda none: quantile(none, 0.9)])
def test_nothing_has_no_median(function: object) -> None:
    with pytest.raises(ValueError, match="no samples: a quantile needs at least one"):
        function([])  # type: ignore[operator]


@pytest.mark.parametrize("count", range(8))
def test_fewer_than_eight_samples_have_no_interval(count: int) -> None:
    """The range of 7 samples covers the median with 1 - 2 * 0.5**7 = 98.4 % only."""
    assert interval_of_median([1.0] * count) is None
    assert half_width([1.0] * count) == math.inf


def test_the_interval_of_eight_is_their_range() -> None:
    """1 - 2 * 0.5**8 = 99.2 %."""
    assert interval_of_median([3, 1, 4, 1.5, 9, 2, 6, 5]) == (1, 9)


def test_the_interval_of_twenty_leaves_out_three_on_either_side() -> None:
    """P(X <= 3) = (1 + 20 + 190 + 1140) / 2**20 = 0.13 %; with 4845 more it is 0.59 %."""
    assert interval_of_median(range(1, 21)) == (4, 17)


@pytest.mark.parametrize("count", [8, 9, 10, 15, 20, 37, 100, 999, 1000, 1001, 5000])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_the_interval_covers_what_the_binomial_distribution_says(count: int, level: float) -> None:
    """The narrowest pair of order statistics, the same from both ends, that covers the level."""
    interval = interval_of_median(range(count), level=level)
    assert interval is not None
    rank = int(interval[0])
    assert interval[1] == count - 1 - rank
    covered = 1 - 2 * scipy_stats.binom.cdf(rank, count, 0.5)
    narrower = 1 - 2 * scipy_stats.binom.cdf(rank + 1, count, 0.5)
    assert covered >= level > narrower


@pytest.mark.parametrize("count", [8, 9, 10, 11, 30, 31, 64, 250, 999])
def test_the_interval_is_that_of_scipys_quantile_test(count: int) -> None:
    samples = np.random.default_rng(count).lognormal(size=count)
    theirs = scipy_stats.quantile_test(samples, p=0.5).confidence_interval(confidence_level=0.99)
    assert interval_of_median(samples.tolist()) == (theirs.low, theirs.high)


def test_the_interval_covers_the_median_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        interval = interval_of_median(generator.exponential(size=15).tolist())
        assert interval is not None
        covered += interval[0] <= math.log(2) <= interval[1]
    assert covered / 2000 >= 0.985


def test_equal_samples_have_an_interval_of_no_width() -> None:
    assert interval_of_median([5.0] * 12) == (5.0, 5.0)
    assert half_width([5.0] * 12) == 0


def test_one_outlier_does_not_widen_the_interval_of_many() -> None:
    assert half_width([1.0] * 20 + [1e6]) == 0


def test_half_width_is_relative_to_the_median() -> None:
    """Eight samples from 90 to 110 around 100: (110 - 90) / 2 / 100."""
    assert half_width([90, 95, 99, 100, 100, 101, 105, 110]) == pytest.approx(0.1)


def test_a_median_of_zero_has_no_relative_width() -> None:
    assert half_width([0.0] * 8) == math.inf


@pytest.mark.parametrize(
    ("count", "percent", "is_supported"),
    [
        (0, 50, False), (1, 50, True), (99, 90, False), (100, 90, True), (999, 99, False),
        (1000, 99, True), (9_999, 99.9, False), (10_000, 99.9, True), (999, 1, False),
    ],
)  # fmt: skip
def test_a_percentile_needs_ten_values_beyond_it(
    count: int, percent: float, is_supported: bool
) -> None:
    assert (percentile([1.0] * count, percent) is not None) == is_supported


def test_a_supported_percentile_is_the_quantile() -> None:
    values = [float(i) for i in range(1001)]
    assert percentile(values, 99) == pytest.approx(990)
    assert percentile(values, 50) == 500
