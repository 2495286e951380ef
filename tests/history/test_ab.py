"""Two revisions by paired rounds: the estimate, its error rates, and the verdict over a suite."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hwperf.history.ab import Pair, Side, judge, ratio_of, rounds_for
from hwperf.history.fdr import q_values


def pairs(shifts: Sequence[float], *, drift: float = 0.0) -> list[Pair]:
    """Return rounds in alternating order; *drift* is what being second costs, in logarithms."""
    found = []
    for number, shift in enumerate(shifts):
        is_a_first = number % 2 == 0
        late = drift if is_a_first else -drift
        found.append(Pair(1.0, math.exp(shift + late), is_a_first))
    return found


def sides(found: Sequence[Pair]) -> list[tuple[Side, Side, bool]]:
    return [(Side(pair.a), Side(pair.b), pair.is_a_first) for pair in found]


def test_the_estimate_is_least_squares_worked_by_hand() -> None:
    """y = .1 .2 .1 .2, o = + - + -: d = .15, g = -.05, nothing is left over."""
    ratio = ratio_of(pairs([0.1, 0.2, 0.1, 0.2]))
    assert ratio is not None
    assert ratio.shift == pytest.approx(0.15)
    assert ratio.standard_error == pytest.approx(0.0, abs=1e-12)
    assert ratio.df == 2
    assert ratio.p < 1e-12


@pytest.mark.parametrize("count", [4, 5, 6, 9, 12])
def test_the_interval_and_p_are_those_of_a_regression(count: int) -> None:
    shifts = np.random.default_rng(count).normal(0.02, 0.05, count)
    found = pairs([float(shift) for shift in shifts], drift=0.03)
    y = np.asarray([pair.shift for pair in found])
    design = np.column_stack([np.ones(count), [1.0 if p.is_a_first else -1.0 for p in found]])
    best, rest, *_ = np.linalg.lstsq(design, y, rcond=None)
    error = math.sqrt(rest[0] / (count - 2) * np.linalg.inv(design.T @ design)[0, 0])
    ratio = ratio_of(found)
    assert ratio is not None
    assert ratio.shift == pytest.approx(best[0])
    assert ratio.standard_error == pytest.approx(error)
    assert ratio.p == pytest.approx(2 * stats.t.sf(abs(best[0] / error), count - 2))
    low, high = ratio.interval
    reach = stats.t.ppf(0.975, count - 2) * error
    assert (low, high) == pytest.approx((math.exp(best[0] - reach), math.exp(best[0] + reach)))


def test_a_drift_of_the_machine_is_no_difference() -> None:
    """Whoever comes second costs 20 % more, which would hide anything smaller."""
    noise = [0.001, -0.002, 0.0015, -0.0005, 0.0, 0.0005]
    still, drifting = ratio_of(pairs(noise)), ratio_of(pairs(noise, drift=0.2))
    assert still is not None
    assert drifting is not None
    assert drifting.shift == pytest.approx(still.shift)
    assert drifting.standard_error == pytest.approx(still.standard_error)


def test_one_order_only_is_judged_by_the_mean() -> None:
    ratio = ratio_of([Pair(1.0, math.exp(y), True) for y in (0.1, 0.2, 0.3, 0.4)])
    expected = stats.ttest_1samp([0.1, 0.2, 0.3, 0.4], 0.0)
    assert ratio is not None
    assert ratio.shift == pytest.approx(0.25)
    assert ratio.p == pytest.approx(expected.pvalue)


@given(st.lists(st.floats(-0.5, 0.5), min_size=4, max_size=10), st.floats(1e-12, 1e12))
def test_the_unit_does_not_matter_and_swapping_mirrors(shifts: list[float], unit: float) -> None:
    plain = pairs(shifts)
    one = ratio_of(plain)
    scaled = ratio_of([Pair(p.a * unit, p.b * unit, p.is_a_first) for p in plain])
    swapped = ratio_of([Pair(p.b, p.a, not p.is_a_first) for p in plain])
    assert one is not None
    assert scaled is not None
    assert swapped is not None
    assert scaled.shift == pytest.approx(one.shift, abs=1e-9)
    assert swapped.shift == pytest.approx(-one.shift, abs=1e-9)
    assert swapped.standard_error == pytest.approx(one.standard_error, abs=1e-9)


def test_too_few_rounds_judge_nothing() -> None:
    assert ratio_of(pairs([0.1, 0.1, 0.1])) is None


def test_equal_values_differ_by_nothing_and_constant_ones_by_everything() -> None:
    same, other = (
        ratio_of([Pair(7.0, 7.0, i % 2 == 0) for i in range(4)]),
        ratio_of([Pair(7.0, 8.0, i % 2 == 0) for i in range(4)]),
    )
    assert same is not None
    assert other is not None
    assert (same.shift, same.p, same.interval) == (0.0, 1.0, (1.0, 1.0))
    assert other.p < 1e-12


@pytest.mark.parametrize("count", [4, 6, 8, 12])
@pytest.mark.parametrize("kind", ["normal", "exponential", "outliers"])
def test_of_the_same_code_at_most_one_round_in_twenty_differs(count: int, kind: str) -> None:
    """The error rate holds for normal noise, and is not exceeded for heavier tails."""
    rng = np.random.default_rng(11)
    shape = (1000, count)
    noise = {
        "normal": rng.normal(0, 0.02, shape),
        "exponential": 0.02 * (rng.exponential(1, shape) - rng.exponential(1, shape)),
        "outliers": rng.normal(0, 0.02, shape) * np.where(rng.random(shape) < 0.1, 10, 1),
    }[kind]
    found = [ratio_of(pairs([float(y) for y in row])) for row in noise]
    rate = np.mean([ratio is not None and ratio.p < 0.05 for ratio in found])
    assert 0.01 < rate < 0.065


def test_benjamini_and_hochberg_worked_by_hand() -> None:
    assert q_values([0.01, 0.04, 0.03, 0.2]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.2])
    assert q_values([]) == []


def test_the_rate_of_false_discoveries_is_scipys() -> None:
    p = [float(value) for value in np.random.default_rng(5).random(40) ** 3]
    assert q_values(p) == pytest.approx(list(stats.false_discovery_control(p)))


def suite(metrics: int, shift: float, *, noise: float = 0.005, changed: int = 0, seed: int = 0):  # type: ignore[no-untyped-def]
    """Return rounds of a suite in which the first *changed* metrics are slower."""
    rng = np.random.default_rng(seed)
    return {
        f"m{i:03d}": sides(
            pairs([float(y) + (shift if i < changed else 0.0) for y in rng.normal(0, noise, 8)])
        )
        for i in range(metrics)
    }


def test_the_same_code_comes_out_without_a_difference() -> None:
    """A suite of 60 metrics, 50 times: the rate over the suite is held, not that of each metric."""
    codes = [judge(suite(60, 0.0, noise=0.02, seed=seed)).exit_code for seed in range(50)]
    assert set(codes) <= {0, 1}
    assert sum(codes) <= 4  # 3 are expected at 5 % two-sided, one half of them for the worse.


def test_what_is_slower_is_named_worst_first_and_nothing_else_is() -> None:
    comparison = judge(suite(50, 0.1, changed=5))
    assert [row.kind for row in comparison.rows[:5]] == ["regression"] * 5
    assert {row.name for row in comparison.of("regression")} == {f"m{i:03d}" for i in range(5)}
    assert len(comparison.of("same")) == 45
    assert comparison.exit_code == 1
    worst = [row.ratio.shift for row in comparison.of("regression") if row.ratio]
    assert worst == sorted(worst, reverse=True)


def test_what_is_faster_is_no_regression() -> None:
    comparison = judge(suite(50, -0.1, changed=5))
    assert len(comparison.of("improvement")) == 5
    assert comparison.exit_code == 0


def test_a_sure_change_that_is_too_small_to_matter_is_none() -> None:
    rounds = suite(3, 0.004, noise=1e-5, changed=3)
    assert judge(rounds).exit_code == 0
    assert judge(rounds, min_change=0.003).exit_code == 1


def test_a_target_that_was_missed_is_too_little_data() -> None:
    rounds = suite(3, 0.0, noise=0.05, seed=1)
    assert judge(rounds).exit_code == 0
    comparison = judge(rounds, target=0.01)
    assert comparison.exit_code == 3
    assert set(comparison.missed) == set(rounds)


def test_a_change_that_the_machine_explains_is_unclear() -> None:
    canary = {"memory bandwidth": pairs([0.10, 0.11, 0.09, 0.10, 0.1, 0.1, 0.105, 0.095])}
    comparison = judge(suite(4, 0.1, changed=1), canaries=canary)
    assert comparison.moved == ["memory bandwidth"]
    assert [row.kind for row in comparison.rows[:1]] == ["unclear"]
    assert "the machine moved as well: memory bandwidth +10.5%" in comparison.rows[0].reason
    assert comparison.exit_code == 3


def test_a_change_far_beyond_the_machines_is_the_codes() -> None:
    canary = {"clock": pairs([0.02, 0.021, 0.019, 0.02, 0.02, 0.02, 0.021, 0.019])}
    assert judge(suite(4, 0.5, changed=1), canaries=canary).exit_code == 1


def test_a_machine_that_moved_the_other_way_explains_nothing() -> None:
    canary = {"clock": pairs([-0.10, -0.11, -0.09, -0.10, -0.1, -0.1, -0.105, -0.095])}
    assert judge(suite(4, 0.1, changed=1), canaries=canary).exit_code == 1


def test_what_works_at_a_alone_is_broken_and_at_b_alone_mended() -> None:
    good, bad, missing = Side(1.0), Side(None), Side(math.nan)
    comparison = judge(
        {
            "broken": [(good, bad, True)] * 4,
            "mended": [(bad, good, True)] * 4,
            "failed": [(bad, bad, True)] * 4,
            "absent": [(missing, missing, True)] * 4,
            "flaky": [(good, good, True)] * 3 + [(good, bad, False)],
            "once": [(good, bad, True)] + [(bad, bad, True)] * 3,
            "early": [(good, bad, True)] * 3,
        }
    )
    assert {row.name: row.kind for row in comparison.rows} == {
        "broken": "broken", "mended": "mended", "failed": "not judged", "absent": "not judged",
        "flaky": "not judged", "once": "not judged", "early": "not judged",
    }  # fmt: skip
    reasons = {row.name: row.reason for row in comparison.rows}
    assert reasons["failed"] == "it fails"
    assert reasons["absent"] == "n/a here"
    assert reasons["flaky"] == "measured in 3 of the 4 rounds that are needed"
    assert comparison.exit_code == 1
    assert judge({"once": [(good, bad, True)] + [(bad, bad, True)] * 3}).exit_code == 3


def test_nothing_that_could_be_judged_is_neither_good_nor_bad() -> None:
    assert judge({}).exit_code == 3
    assert judge({"absent": [(Side(math.nan), Side(math.nan), True)] * 8}).exit_code == 3


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_values_without_a_ratio_are_judged_only_where_they_are_equal(value: float) -> None:
    same = [(Side(value), Side(value), True)] * 4
    other = [(Side(value), Side(1.0), True)] * 4
    kinds = {row.name: row.kind for row in judge({"same": same, "other": other}).rows}
    assert kinds == {"same": "same", "other": "not judged"}


def test_huge_and_tiny_numbers_do_not_break_the_verdict() -> None:
    comparison = judge({"x": [(Side(1e-308), Side(1e308), i % 2 == 0) for i in range(4)]})
    assert comparison.exit_code == 1
    assert comparison.rows[0].ratio is not None
    assert comparison.rows[0].ratio.value == math.inf


def test_the_second_stage_is_as_long_as_the_first_ones_noise_asks_for() -> None:
    """Stein: with the deviation of the first stage, so many rounds show the target."""
    first = ratio_of(pairs([0.03, -0.02, 0.01, -0.03, 0.02, 0.0]))
    assert first is not None
    needed = rounds_for(first, 0.02)
    assert needed % 2 == 0
    wanted = stats.t.ppf(0.975, first.df) + stats.t.ppf(0.8, first.df)
    per_round = first.standard_error * math.sqrt(first.rounds)
    assert wanted * per_round / math.sqrt(needed) <= math.log1p(0.02)
    assert wanted * per_round / math.sqrt(needed - 2) > math.log1p(0.02)
    assert rounds_for(first, 0.01) > needed
