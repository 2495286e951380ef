"""Two runs are set against each other: what is called a difference is one."""

from __future__ import annotations

import json
import math
import random
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from hwperf.asv.recorded import Measurement
from hwperf.history.fdr import q_values
from hwperf.history.floor import Floor
from hwperf.report.comparison import Compared, compare, markdown, record, text
from hwperf.report.comparison.spread import Z99, log_error, p_value, ratio_interval
from hwperf.report.comparison.wording import change

from .made_runs import measured, run_of

HOSTILE = '<script>alert("1")</script> | `x` \x1b[31m\n| ' + "ü" * 10_000


def only(a: Measurement, b: Measurement, **options: Any) -> Compared:
    (point,) = compare(run_of(a), run_of(b), **options).points
    return point


def test_a_lower_bandwidth_is_worse_and_a_lower_latency_is_better() -> None:
    rate = only(measured(value=10e9), measured(value=5e9))
    assert (rate.kind, rate.ratio, rate.gain) == ("worse", pytest.approx(0.5), pytest.approx(0.5))
    latency = only(measured(metric="latency", value=2e-9), measured(metric="latency", value=1e-9))
    assert (latency.kind, latency.gain) == ("better", pytest.approx(2.0))


def test_a_benchmark_of_somebody_else_is_better_when_lower() -> None:
    point = only(measured("time_parse", 1.0, metric=None), measured("time_parse", 2.0, metric=None))
    assert (point.kind, point.unit, point.group) == ("worse", "seconds", "bench")


def test_swapping_the_runs_mirrors_the_result() -> None:
    a, b = measured(value=10e9), measured(value=8e9)
    there, back = only(a, b), only(b, a)
    assert there.ratio == pytest.approx(1 / (back.ratio or math.nan))
    assert (there.kind, back.kind) == ("worse", "better")
    assert there.p == pytest.approx(back.p)
    assert there.interval == pytest.approx(tuple(1 / end for end in reversed(back.interval or ())))


def test_a_run_against_itself_has_no_difference() -> None:
    run = run_of(*(measured(params={"n": n}, value=1e9 * n) for n in range(1, 9)))
    comparison = compare(run, run)
    assert {point.kind for point in comparison.points} == {"same"}
    assert {point.ratio for point in comparison.points} == {1.0}
    assert comparison.differences == ()


def test_a_difference_within_what_runs_differ_by_is_no_difference() -> None:
    """Samples alone would call 3 % real; two runs differ by that without a cause."""
    a, b = measured(value=100e9), measured(value=97e9)
    assert only(a, b).kind == "same"


def floor_of(sd: float | None, *, rounds: int = 20, version: str = "v1") -> Floor:
    return Floor(0.1, rounds, sd, 1e9, version)


def test_a_measured_floor_takes_the_place_of_the_assumed_one() -> None:
    a, b = measured(value=100e9), measured(value=97e9)
    key = ("here", a.point.benchmark, ())
    quiet = only(a, b, floors={key: floor_of(0.001)})
    assert (quiet.kind, quiet.is_measured_noise) == ("worse", True)
    loud = only(measured(value=100e9), measured(value=80e9), floors={key: floor_of(0.2)})
    assert loud.kind == "same"


@pytest.mark.parametrize("floor", [floor_of(None), floor_of(0.001, version="v0")])
def test_a_floor_of_another_version_or_of_too_few_rounds_is_not_taken(floor: Floor) -> None:
    a, b = measured(value=100e9), measured(value=97e9)
    point = only(a, b, floors={("here", a.point.benchmark, ()): floor})
    assert (point.kind, point.is_measured_noise) == ("same", False)


def test_a_floor_of_few_rounds_says_less() -> None:
    a, b = measured(value=100e9), measured(value=96e9)
    key = ("here", a.point.benchmark, ())
    many, few = (only(a, b, floors={key: floor_of(0.01, rounds=n)}) for n in (50, 3))
    assert (many.kind, few.kind) == ("worse", "same")
    assert (few.interval or (0, 0))[0] < (many.interval or (0, 0))[0]


def test_a_floor_is_found_in_whatever_order_its_parameters_are() -> None:
    a, b = (measured(value=v, params={"z": 1, "a": 2}) for v in (100e9, 97e9))
    key = ("here", a.point.benchmark, (("z", "1"), ("a", "2")))
    assert only(a, b, floors={key: floor_of(0.001)}).is_measured_noise


def test_a_floor_judges_what_has_no_samples() -> None:
    a, b = measured(n_samples=0), measured(value=5e8, n_samples=0)
    assert only(a, b, floors={("here", a.point.benchmark, ()): floor_of(0.01)}).kind == "worse"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"verdict": "noisy"}, "B is noisy"),
        ({"record": {"placement": {"tag": "far"}}}, "its threads lay not known in A, far in B"),
    ],
)
def test_a_difference_with_another_explanation_is_no_finding(
    options: dict[str, Any], why: str
) -> None:
    point = only(measured(), measured(value=1e8, **options))
    assert (point.kind, point.why) == ("untrusted", why)
    close = only(measured(), measured(**options))
    assert close.kind == "same"


def test_a_noisy_point_with_a_measured_floor_is_judged_by_it() -> None:
    a, b = measured(), measured(value=1e8, verdict="noisy")
    key = ("here", a.point.benchmark, ())
    assert only(a, b, floors={key: floor_of(0.05)}).kind == "worse"


def test_arithmetic_is_held_to_less_noise_than_memory() -> None:
    gemm = [measured("simd.gemm", value) for value in (100e9, 91e9)]
    copy = [measured("memory.copy", value) for value in (100e9, 91e9)]
    assert (only(*gemm).kind, only(*copy).kind) == ("worse", "same")


def test_another_version_is_not_compared_and_says_so() -> None:
    point = only(measured(value=10e9), measured(value=5e9, version="v2"))
    assert (point.kind, point.ratio) == ("other_version", None)
    assert "v1 in A, v2 in B" in point.why


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        (measured(), measured(value=None, verdict="failed"), "lost"),
        (measured(value=None, verdict="n/a"), measured(), "gained"),
        (measured(value=None), measured(value=None), "neither"),
    ],
)
def test_what_has_no_value_on_one_side_is_said(a: Measurement, b: Measurement, kind: str) -> None:
    point = only(a, b)
    assert (point.kind, point.ratio) == (kind, None)
    assert point.why


def test_points_of_one_run_alone_are_listed() -> None:
    comparison = compare(run_of(measured(params={"n": 1})), run_of(measured(params={"n": 2})))
    assert [point.kind for point in comparison.points] == ["only_a", "only_b"]
    assert comparison.compared == ()


def test_a_point_without_samples_and_interval_is_compared_and_not_judged() -> None:
    point = only(measured(n_samples=0), measured(value=5e9, n_samples=0))
    assert (point.kind, point.interval) == ("unclear", None)
    assert point.ratio == pytest.approx(5)


def test_zero_and_signs_have_no_ratio() -> None:
    for a, b in ((0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)):
        options = {"metric": None, "unit": "count", "n_samples": 0}
        point = only(measured("t", a, **options), measured("t", b, **options))
        assert (point.kind, point.ratio) == ("unclear", None)
        assert point.why


def test_what_differs_between_the_machines_is_said() -> None:
    slow = {"tags": {"clock_hz": 2e9, "profile": "quick", "kernel": "6.1"}}
    fast = {"tags": {"clock_hz": 3e9, "profile": "full", "kernel": "6.1"}}
    a = run_of(measured(record=slow))
    b = run_of(measured(record=fast), machine="there", facts={"ram": "32 GiB"})
    found = {each.what: (each.a, each.b) for each in compare(a, b).differences}
    assert found == {
        "machine": ("here", "there"),
        "ram": ("16 GiB", "32 GiB"),
        "profile": ("quick", "full"),
        "core clock": ("2.00 GHz", "3.00 GHz"),
    }


def test_false_alarms_are_controlled_over_the_suite() -> None:
    """One small p among a thousand is chance; alone it would be a finding."""
    one = [measured(params={"n": 0}, value=100e9)], [measured(params={"n": 0}, value=86e9)]
    others = [measured(params={"n": n}, value=1e9) for n in range(1, 1001)]
    alone = compare(run_of(*one[0]), run_of(*one[1]))
    among = compare(run_of(*one[0], *others), run_of(*one[1], *others))
    assert [point.kind for point in alone.worse] == ["worse"]
    assert among.worse == ()


@given(st.lists(st.floats(0, 1), max_size=40))
def test_the_adjusted_p_values_are_those_of_scipy(values: list[float]) -> None:
    expected = scipy_stats.false_discovery_control(values) if values else []
    assert q_values(values) == pytest.approx(list(expected))


@pytest.mark.parametrize("count", [5, 8, 30])
@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_the_interval_of_the_ratio_covers_as_it_says(count: int, shape: str) -> None:
    """99 % of the intervals of two equal medians hold 1, to within the error of 2,000 trials."""
    chance = np.random.default_rng(1)
    missed = 0
    for _ in range(2000):
        draw = (
            chance.normal(0, 0.02, (2, count))
            if shape == "normal"
            else chance.exponential(0.02, (2, count))
        )
        first, second = np.exp(draw)
        error = math.hypot(log_error(list(first), None), log_error(list(second), None))  # type: ignore[arg-type]
        low, high = ratio_interval(float(np.median(second) / np.median(first)), error)
        missed += not low <= 1 <= high
    assert missed / 2000 < 0.02


def test_the_error_of_a_median_by_hand() -> None:
    """Nine samples: ranks 2 and 8, 1.95 % of a binomial(9, 1/2) below each."""
    samples = [math.exp(0.01 * i) for i in range(9)]
    tail = 10 / 2**9
    z = scipy_stats.norm.ppf(1 - tail)
    assert log_error(samples, None) == pytest.approx(0.06 / (2 * z))
    assert log_error(samples[:4], (1.0, math.e)) == pytest.approx(1 / (2 * Z99))
    assert log_error([], None) is None
    assert log_error([0.0] * 9, (0.0, 1.0)) is None


def test_p_and_interval_agree() -> None:
    """p is below 1 % just where the 99 % interval leaves 1 out."""
    for ratio in (0.9, 0.95, 0.97, 1.02, 1.1):
        low, high = ratio_interval(ratio, 0.02)
        assert (p_value(ratio, 0.02) < 0.01) == (not low <= 1 <= high)
    assert (p_value(1.0, 0.0), p_value(1.1, 0.0)) == (1.0, 0.0)


def test_the_order_of_the_points_changes_no_verdict() -> None:
    chance = random.Random(1)
    points = [measured(params={"n": n}, value=1e9 * n) for n in range(1, 30)]
    changed = [measured(params={"n": n}, value=1e9 * n * (1 + 0.1 * (n % 7))) for n in range(1, 30)]
    shuffled = chance.sample(changed, len(changed))
    there = {repr(p.params): p.kind for p in compare(run_of(*points), run_of(*changed)).points}
    again = {repr(p.params): p.kind for p in compare(run_of(*points), run_of(*shuffled)).points}
    assert there == again
    assert len(set(there.values())) > 1


def test_a_hostile_name_stays_text() -> None:
    hostile = {"params": {HOSTILE: HOSTILE}, "metric": None, "unit": HOSTILE}
    comparison = compare(
        run_of(measured(HOSTILE, 1.0, **hostile), machine="<b>|"),
        run_of(measured(HOSTILE, 2.0, **hostile), facts={"cpu": "`<img>`"}),
    )
    plain = "\n".join(text.lines(comparison, every=True))
    assert "\x1b" not in plain
    assert len(plain) < 5000
    shown = "\n".join(markdown.lines(comparison, every=True))
    cells = [line.replace("\\|", "") for line in shown.splitlines() if line.startswith("| worse")]
    assert [line.count("|") for line in cells] == [7]
    assert "<script>" not in shown.replace(f"`{shown.split('`')[1]}`", "").split("`")[0]
    assert json.loads(json.dumps(record.of(comparison), allow_nan=False))["points"][0]["kind"]


def test_what_a_sidecar_says_stays_text() -> None:
    reason = {"verdict": "n/a", "reason": "\x1b[2J gone\n", "tags": {"kernel": "\x1b]0;x\x07"}}
    comparison = compare(
        run_of(measured()),
        run_of(measured(value=None, record=reason), machine="\x1b[31m", facts={"cpu": "\x1b"}),
    )
    for every in (False, True):
        assert "\x1b" not in "\n".join(text.lines(comparison, every=every))
        assert "\x1b" not in "\n".join(markdown.lines(comparison, every=every))


@pytest.mark.parametrize("clock", [10**400, math.inf, math.nan, -1.0])
def test_a_clock_that_is_none_is_passed_over(clock: Any) -> None:
    first = run_of(measured(record={"tags": {"clock_hz": clock}}))
    second = run_of(measured(record={"tags": {"clock_hz": 3e9}}))
    assert all(each.what != "core clock" for each in compare(first, second).differences)


def test_the_object_is_finite_where_the_interval_is_not() -> None:
    wild = {"spread": 0.999999, "n_samples": 5}
    found = compare(run_of(measured(value=1e-150, **wild)), run_of(measured(value=1e150, **wild)))
    found = replace(
        found, points=tuple(replace(each, interval=(0.0, math.inf)) for each in found.points)
    )
    shown = json.loads(json.dumps(record.of(found), allow_nan=False))
    assert shown["points"][0]["interval"] == [0.0, None]


def test_a_change_reads_in_per_cent_or_as_a_factor() -> None:
    small = only(measured("simd.x", 100e9), measured("simd.x", 80e9))
    large = only(measured("simd.x", 100e9), measured("simd.x", 10e9))
    assert re.fullmatch(r"-20\.0 % \[-\d+\.\d \.\. -\d+\.\d\]", change(small))
    assert re.fullmatch(r"0\.1 x \[0\.0\d+ \.\. 0\.1\d+\]", change(large))


def test_the_text_fits_its_width_and_groups_by_domain() -> None:
    a = run_of(measured(), measured("simd.fma", 1e9, metric="throughput"))
    b = run_of(measured(value=2e9), measured("simd.fma", 5e8, metric="throughput"))
    lines = list(text.lines(compare(a, b), width=60))
    assert max(map(len, lines)) <= 60
    assert "memory: 1 better" in lines
    assert "simd: 1 worse" in lines
