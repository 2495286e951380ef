"""What change can be seen: the statistics of the noise floor, against SciPy and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hwperf.history.floor import Floor, detectable, floor_of, power, rounds_needed, student


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 10, 17, 64])
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0, 2.5, -4.0, 30.0])
def test_the_p_value_is_that_of_scipy(df: int, t: float) -> None:
    expected = max(student.LEAST_P, 2.0 * stats.t.sf(abs(t), df))
    assert student.two_sided(t, df) == pytest.approx(expected, rel=1e-6, abs=1e-13)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 10, 17, 64])
@pytest.mark.parametrize("share", [0.025, 0.3, 0.5, 0.8, 0.975, 0.9995])
def test_the_quantile_is_that_of_scipy(df: int, share: float) -> None:
    assert student.quantile(share, df) == pytest.approx(stats.t.ppf(share, df), abs=1e-9, rel=1e-9)


def test_an_infinite_t_has_the_least_p_and_nonsense_is_refused() -> None:
    assert student.two_sided(math.inf, 3) == student.LEAST_P
    for bad in (lambda: student.two_sided(1.0, 0), lambda: student.two_sided(math.nan, 2)):
        with pytest.raises(ValueError, match=r"degree of freedom|NaN"):
            bad()
    for share in (0.0, 1.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            student.quantile(share, 3)


def test_the_change_is_that_of_the_formula_worked_by_hand() -> None:
    """n = 6 on a side, sd 1 %: (2.2281 + 0.8791) * 0.01 * sqrt(2/6) = 0.017940."""
    assert detectable(0.01, 6, 6) == pytest.approx(math.expm1(0.017940), rel=1e-4)


@pytest.mark.parametrize("rounds", [3, 4, 6, 10, 30])
def test_a_change_of_the_floor_is_seen_in_four_cases_of_five(rounds: int) -> None:
    """By the exact distribution, which is the noncentral t; the formula is the usual short cut."""
    shift = math.log1p(detectable(0.02, rounds, rounds))
    df = 2 * rounds - 2
    away = shift / (0.02 * math.sqrt(2.0 / rounds))
    critical = stats.t.ppf(0.975, df)
    seen = stats.nct.sf(critical, df, away) + stats.nct.cdf(-critical, df, away)
    assert seen == pytest.approx(power.POWER, abs=0.015)


def test_noise_alone_is_called_a_change_in_one_case_of_twenty() -> None:
    """Two sets of rounds of the same code, judged by the test that the floor is made for."""
    noise = np.random.default_rng(7).normal(0.0, 0.03, (4000, 2, 6))
    p = stats.ttest_ind(noise[:, 0], noise[:, 1], axis=1).pvalue
    assert 0.04 < np.mean(p < power.ALPHA) < 0.06


@given(st.floats(1e-6, 0.5), st.floats(1e-3, 1.0))
def test_the_rounds_needed_are_the_fewest_that_suffice(sd: float, target: float) -> None:
    needed = rounds_needed(sd, target)
    if needed is None:
        assert detectable(sd, 100_000, 100_000) > target
        return
    assert detectable(sd, needed, needed) <= target
    assert needed == 2 or detectable(sd, needed - 1, needed - 1) > target


def test_what_never_varies_shows_any_change() -> None:
    floor = floor_of([7.0, 7.0, 7.0], measured_at=1.0, version="1")
    assert floor is not None
    assert (floor.change, floor.sd) == (0.0, 0.0)
    assert rounds_needed(0.0, 0.01) == 2


def test_the_unit_of_a_value_makes_no_difference() -> None:
    values = [1.0e-9, 1.1e-9, 1.05e-9, 0.97e-9]
    small = floor_of(values, measured_at=1.0, version="1")
    large = floor_of([value * 1e12 for value in values], measured_at=1.0, version="1")
    rates = floor_of([1.0 / value for value in values], measured_at=1.0, version="1")
    assert small is not None
    assert large is not None
    assert rates is not None
    assert small.change == pytest.approx(large.change)
    assert small.change == pytest.approx(rates.change)


@pytest.mark.parametrize("values", [[1.0, 0.0, 1.0], [1.0, -1.0, 2.0], [1.0, math.inf], []])
def test_values_without_a_ratio_have_no_floor(values: list[float]) -> None:
    assert floor_of(values, measured_at=1.0, version="1") is None


def test_two_rounds_tell_no_noise_but_are_kept() -> None:
    floor = floor_of([1.0, 1.2], measured_at=1.0, version="1")
    assert floor is not None
    assert (floor.change, floor.sd, floor.rounds) == (None, None, 2)
    assert floor.seen(3, 3) is None


def test_noise_without_bounds_is_no_number_that_overflows() -> None:
    floor = floor_of([1e-300, 1e300, 1.0], measured_at=1.0, version="1")
    assert floor is not None
    assert floor.change == math.inf


def test_more_rounds_show_less() -> None:
    floor = Floor(0.05, 5, 0.02, 0.0, "1")
    one, many = floor.seen(1, 20), floor.seen(20, 20)
    assert one is not None
    assert many is not None
    assert many < one
    assert floor.seen(1, 1) is None


@pytest.mark.parametrize("rounds", [3, 6, 20])
def test_the_deviation_is_below_its_bound_in_nine_cases_of_ten(rounds: int) -> None:
    drawn = np.random.default_rng(3).normal(0.0, 1.0, (4000, rounds)).std(axis=1, ddof=1)
    bounds = [power.highest_sd(sd, rounds) for sd in drawn]
    assert np.mean(np.asarray(bounds) > 1.0) == pytest.approx(0.9, abs=0.02)
