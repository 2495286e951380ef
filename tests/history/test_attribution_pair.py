"""Two commits, with and without a history: whose a change is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwperf.errors import UsageError
from hwperf.history.attribution import pair, told
from hwperf.history.attribution.between import between
from hwperf.history.attribution.noise import Contrast, contrast, logarithms, noise
from hwperf.history.attribution.verdict import (
    chosen_machine,
    commits_of,
    newest,
    resolved,
)
from hwperf.history.order import BY_DATE, Order
from hwperf.history.series import Series

from .made_suites import LEVELS, MACHINE, canaries_of, made, noisy

NOWHERE = Path("/nonexistent")
QUIET = 0.01


def shifts(**resources: float) -> dict[str, Contrast]:
    """Return how the canaries moved: each by its resource's ratio, known to 1 %."""
    from hwperf.canaries.kinds import BY_NAME

    return {
        name: Contrast(float(np.log(resources.get(BY_NAME[name].resource, 1.0))), QUIET, 1)
        for name in LEVELS
    }


def cause(ratio: float, deviation: float = QUIET, **resources: float) -> str:
    return pair.judge(Contrast(float(np.log(ratio)), deviation, 1), shifts(**resources)).cause


def test_quiet_canaries_mean_the_code() -> None:
    assert cause(1.3) == cause(0.7) == "code"


@pytest.mark.parametrize("resource", ["processor", "memory", "storage"])
def test_a_resource_that_moved_as_much_means_the_machine(resource: str) -> None:
    assert cause(1.5, **{resource: 1.5}) == "machine"
    assert cause(0.7, **{resource: 0.7}) == "machine"


def test_more_than_the_machine_did_is_both() -> None:
    assert cause(4.0, processor=1.5, memory=1.5) == "mixed"


def test_less_than_a_hog_gives_cannot_be_told_without_a_history() -> None:
    assert cause(1.2, memory=2.5) == "unclear"


def test_a_machine_that_moved_the_other_way_does_not_excuse_the_code() -> None:
    assert cause(1.4, processor=0.8, memory=0.8) == "code"


def test_a_machine_that_hardly_moved_does_not_excuse_the_code() -> None:
    assert cause(3.0, memory=1.05) == "code"


def test_noisy_canaries_mean_that_nobody_can_tell() -> None:
    noisy_ones = {name: Contrast(0.0, 0.2, 1) for name in LEVELS}
    told = pair.judge(Contrast(0.2, QUIET, 1), noisy_ones)
    assert told.cause == "unclear"


def test_no_canaries_mean_that_nobody_can_tell() -> None:
    assert pair.judge(Contrast(0.2, QUIET, 1), {}).cause == "unclear"


def test_a_single_run_is_believed_less_than_its_own_samples() -> None:
    """Without a history the interval within a run is widened; with one its own noise counts."""
    alone = pair.change_between(pair.Sides(1.0, 1.1, ((0.99, 1.01), (1.09, 1.11))))
    calm = logarithms(noisy(40, 0.001, 3))
    known = pair.change_between(pair.Sides(1.0, 1.1, ((0.999, 1.001), (1.099, 1.101)), calm))
    wild = pair.change_between(
        pair.Sides(1.0, 1.1, ((0.999, 1.001), (1.099, 1.101)), logarithms(noisy(40, 0.1, 3)))
    )
    assert known.deviation < 0.005 < alone.deviation < 0.05 < wild.deviation


@pytest.mark.parametrize("odd", [np.nan, np.inf, 0.0, -1.0])
def test_what_is_no_number_is_no_change(odd: float) -> None:
    nothing = ((np.nan, np.nan), (np.nan, np.nan))
    assert not pair.change_between(pair.Sides(odd, 1.0, nothing)).is_known
    assert not pair.is_change(pair.change_between(pair.Sides(1.0, odd, nothing)), 1)


def test_of_many_benchmarks_each_must_show_more() -> None:
    assert pair.threshold(1) == 3
    assert 3.5 < pair.threshold(1000) < 4.5


def test_a_large_move_within_wide_intervals_is_not_called_nothing() -> None:
    """One unquiet run hides a factor: of 1.78 times nobody may say that nothing changed."""
    wide = pair.change_between(pair.Sides(5.99, 10.7, ((4.5, 8.0), (10.6, 10.8))))
    assert not pair.is_change(wide, 3)
    assert pair.may_be_change(wide)
    told = pair.undecided(wide, shifts(), 1)
    assert (told.cause, told.ratio) == ("unclear", pytest.approx(10.7 / 5.99))
    assert "may be noise" in told.reason
    small = pair.change_between(pair.Sides(10.0, 11.0, ((9.9, 10.1), (10.9, 11.1))))
    assert not pair.may_be_change(small)  # Below a fifth it is not worth asking.
    history = np.log(np.tile([5.0, 9.0], 10))
    known = pair.change_between(pair.Sides(5.99, 10.7, ((4.5, 8.0), (10.6, 10.8)), history))
    assert not pair.may_be_change(known)  # Whose noise is known is judged by it.


def test_a_history_in_which_one_run_in_five_was_disturbed_makes_a_change_unsure() -> None:
    """The middle one of the differences between neighbours would not know of them."""
    history = np.log(np.array([1.0, 1.01, 0.99, 1.6, 1.0, 1.0, 1.01, 1.32, 1.0, 0.99, 1.0, 1.4]))
    runs = pair.Sides(1.0, 1.4, ((0.99, 1.01), (1.2, 1.6)), history)
    change = pair.change_between(runs)
    assert not pair.is_change(change, 3)
    assert not pair.may_be_change(change)
    doubled = pair.change_between(replace(runs, after=2.1, intervals=((0.99, 1.01), (2.0, 2.2))))
    assert not pair.is_change(doubled, 3)
    assert pair.may_be_change(doubled)
    assert "earlier runs differed" in pair.undecided(doubled, shifts(), 1).reason


def test_a_median_over_three_outvotes_one_canary() -> None:
    found = {
        "core_clock": Contrast(0.0, QUIET, 1),
        "l2_latency": Contrast(0.0, QUIET, 1),
        "system_call": Contrast(1.0, QUIET, 1),
    }
    assert pair.resources(found)["processor"].shift == 0


def suite(n: int, *, code: float = 1.0, machine: np.ndarray | None = None) -> list[Series]:
    """Return a benchmark and the canaries over *n* commits; *code* is what the last one does."""
    state = np.ones(n) if machine is None else machine
    values = 1e-3 * state * noisy(n, 0.003, 1)
    values[-1] *= code
    series = [made("suite.time_it", values), made("suite.time_other", values[:1])]
    return series + [made(f"c.{k}", v, canary=k) for k, v in canaries_of(state).items()]


@pytest.mark.parametrize("n", [2, 40])
def test_a_slower_commit_is_found_and_the_codes(n: int) -> None:
    series = suite(n, code=1.4)
    commits = series[0].commits
    verdict = between(series, commits[-2], commits[-1], MACHINE, NOWHERE)
    (finding,) = verdict.findings
    assert (finding.attribution.cause, finding.is_worse) == ("code", True)
    assert finding.commit == commits[-1]
    assert finding.after / finding.before == pytest.approx(1.4, rel=0.05)
    assert {name.name for _, name in verdict.canaries} == set(LEVELS)
    assert (verdict.n_compared, verdict.count("code", worse=True)) == (1, 1)


@pytest.mark.parametrize("n", [2, 40])
def test_a_slower_machine_is_found_and_the_machines(n: int) -> None:
    state = np.ones(n)
    state[-1] = 1.6
    series = suite(n, machine=state)
    commits = series[0].commits
    verdict = between(series, commits[-2], commits[-1], MACHINE, NOWHERE)
    assert [f.attribution.cause for f in verdict.findings] == ["machine"]


def as_rate(series: Series) -> Series:
    return replace(
        series, values=1 / series.values, low=1 / series.high, high=1 / series.low,
        unit="GB/s", higher_is_better=True,
    )  # fmt: skip


@pytest.mark.parametrize("n", [2, 40])
@pytest.mark.parametrize(("code", "machine"), [(1.4, 1.0), (1.0, 1.6), (0.7, 1.0), (1.0, 0.6)])
def test_a_rate_has_the_verdict_of_its_cost(n: int, code: float, machine: float) -> None:
    """A machine that is slower makes a time rise and a rate fall."""
    state = np.ones(n)
    state[-1] = machine
    cost = suite(n, code=code, machine=state)
    rate = [as_rate(cost[0]), *cost[1:]]
    commits = cost[0].commits
    (one,), (other,) = (
        between(series, commits[-2], commits[-1], MACHINE, NOWHERE).findings
        for series in (cost, rate)
    )
    assert one.attribution.cause == other.attribution.cause == ("machine" if code == 1 else "code")
    assert one.is_worse is other.is_worse is (code * machine > 1)
    assert one.attribution.ratio * other.attribution.ratio == pytest.approx(1)
    assert other.after / other.before == pytest.approx(other.attribution.ratio)
    assert other.attribution.interval[0] <= other.attribution.ratio <= other.attribution.interval[1]


@pytest.mark.parametrize("n", [2, 40])
def test_two_equal_runs_have_no_findings(n: int) -> None:
    series = suite(n)
    commits = series[0].commits
    assert not between(series, commits[0], commits[-1], MACHINE, NOWHERE).findings


def test_a_history_tells_that_a_benchmark_does_not_feel_the_disk() -> None:
    """Without it a disk that moves as much excuses the code; with it that is no excuse."""
    n = 60
    disk = np.exp(np.random.default_rng(5).normal(0, 0.3, n))
    disk[-2:] = 1.0, 1.5
    values = 1e-3 * noisy(n, 0.003, 1)
    values[-1] *= 1.5
    canaries = canaries_of(disk, feels={"storage"})
    told = {}
    for first in (0, n - 2):
        series = [made("suite.time_it", values[first:])]
        series += [made(f"c.{k}", v[first:], canary=k) for k, v in canaries.items()]
        commits = series[0].commits
        (finding,) = between(series, commits[-2], commits[-1], MACHINE, NOWHERE).findings
        told[first] = finding.attribution.cause
    assert told[n - 2] == "machine"
    assert told[0] in ("code", "unclear", "mixed")


def test_canaries_of_another_day_say_nothing_of_a_change() -> None:
    series = suite(2, code=1.4)
    commits = series[0].commits
    later = [series[0], *(replace(s, times=s.times + 24 * 3600.0) for s in series[1:])]
    (finding,) = between(later, commits[-2], commits[-1], MACHINE, NOWHERE).findings
    assert finding.attribution.cause == "unclear"


def test_what_a_benchmark_depends_on_is_told_where_its_history_says_it() -> None:
    memory = np.exp(np.random.default_rng(5).normal(0, 0.03, 60))
    memory[-2:] = 1.0, 1.0
    values = 1e-3 * memory * noisy(60, 0.003, 1)
    values[-1] *= 1.4
    series = [made("suite.time_it", values)]
    series += [
        made(f"c.{k}", v, canary=k) for k, v in canaries_of(memory, feels={"memory"}).items()
    ]
    verdict = between(series, *series[0].commits[-2:], MACHINE, NOWHERE)
    (finding,) = verdict.findings
    assert (finding.attribution.cause, finding.attribution.factor) == ("code", "memory")
    assert finding.attribution.sensitivity == pytest.approx(1, abs=0.1)
    assert "of what the memory does shows in it" in told.text(verdict)


def test_another_version_is_another_benchmark() -> None:
    commits = [f"{i:040x}" for i in range(2)]
    series = [
        made("suite.time_it", [1.0], commits=commits[:1], version="1"),
        made("suite.time_it", [2.0], commits=commits[1:], version="2"),
    ]
    verdict = between(series, *commits, MACHINE, NOWHERE)
    assert (verdict.n_compared, verdict.n_missing, verdict.findings) == (0, 2, ())


def test_the_machine_measured_last_is_judged_unless_another_is_named() -> None:
    told: list[str] = []
    assert chosen_machine([made("x", [1.0])], None, told.append) == MACHINE
    assert chosen_machine([], None, told.append) is None
    assert not told
    with pytest.raises(
        UsageError, match=f"'other' is no machine with results. There are: {MACHINE}"
    ):
        chosen_machine([made("x", [1.0])], "other")


def test_commits_are_in_gits_order_where_git_knows_them() -> None:
    series = [made("x", [1.0, 2.0], commits=["a" * 40, "b" * 40])]
    assert commits_of(series, BY_DATE) == ["a" * 40, "b" * 40]
    assert commits_of(series, Order(("b" * 40, "a" * 40), "a file")) == ["b" * 40, "a" * 40]
    assert newest(["a"]) is None


def test_a_commit_may_be_abbreviated_and_must_be_one() -> None:
    commits = ["abcd1" + "0" * 35, "abcd2" + "0" * 35]
    assert resolved("abcd1", commits, BY_DATE) == commits[0]
    with pytest.raises(UsageError, match="Write more of it"):
        resolved("abcd", commits, BY_DATE)
    with pytest.raises(UsageError, match="is no commit"):
        resolved("main", commits, BY_DATE)
    assert resolved("f" * 40, commits, Order(("f" * 40,), "a file")) is None


def test_noise_leaves_steps_and_spikes_out() -> None:
    logs = np.log(noisy(400, 0.02, 1))
    stepped = logs + np.where(np.arange(400) >= 200, 0.5, 0.0)
    stepped[::50] += 3
    assert noise(logs) == pytest.approx(0.02, rel=0.15)
    assert noise(stepped) == pytest.approx(0.02, rel=0.15)
    assert noise(np.zeros(50)) > 0
    assert np.isnan(noise(np.zeros(2)))


def test_a_contrast_is_the_difference_of_the_medians() -> None:
    logs = np.array([0.0, 0.0, 9.0, 0.0, 1.0, 1.0, -9.0, 1.0])
    assert contrast(logs, 4).shift == 1
    assert not contrast(logs, 0).is_known
    # Known noise: the error of 3 + 3 medians of white noise is its Allan deviation.
    values = np.log(noisy(200, 0.02, 2))
    assert contrast(values, 100).deviation == pytest.approx(
        0.02 * 1.2533 * np.sqrt(2 / 24), rel=0.6
    )
