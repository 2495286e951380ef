"""The loop takes samples until they suffice, on a machine whose time and interference are ours."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwperf import CheckFailed, Work, workload
from hwperf.measure import FULL, QUICK, affinity
from hwperf.measure.affinity import Core
from hwperf.measure.interference import Disturbance
from hwperf.measure.sample import enough
from hwperf.measure.selection import Sample

from .virtual import LOST, SHORT, Machine


def scattered(sample: int) -> float:
    """Return factors that no number of samples brings within 1 %."""
    return 1 + 0.5 * (sample % 2)


@settings(max_examples=25)
@given(st.floats(1e-6, 5e-2), st.floats(1e-9, 1e-5))
def test_a_sample_lasts_a_tenth_of_a_millisecond_and_a_thousand_ticks(
    seconds: float, tick: float
) -> None:
    machine = Machine(tick_s=tick)
    result = machine.measure(machine.timed(seconds))
    lasted = result.calls_per_sample * seconds
    assert lasted >= max(1e-4, 1000 * tick) * (1 - 1e-9)


def test_the_cost_is_the_time_of_a_call_over_its_amount() -> None:
    machine = Machine()
    result = machine.measure(machine.timed(2e-4, ops=1000))
    assert result.cost_s == pytest.approx(2e-7)
    assert result.samples == pytest.approx([2e-7] * len(result.samples))


def test_equal_samples_end_early_but_never_before_eight_and_a_fifth_of_the_budget() -> None:
    machine = Machine()
    result = machine.measure(machine.timed(1e-4))
    assert len(result.samples) >= 8
    assert SHORT.budget_s / 5 <= result.tags["sampling_s"] < SHORT.budget_s / 2
    assert result.verdict == "ok"


def test_long_calls_still_give_eight_samples() -> None:
    machine = Machine()
    result = machine.measure(machine.timed(0.02))
    assert (len(result.samples), result.verdict) == (8, "ok")
    assert SHORT.budget_s < result.tags["sampling_s"] < 4 * SHORT.budget_s


def test_scattered_samples_are_taken_until_the_budget_ends() -> None:
    machine = Machine(stretch=scattered)
    result = machine.measure(machine.timed(1e-4))
    assert SHORT.budget_s <= result.tags["sampling_s"] <= SHORT.budget_s + 3e-3


def test_a_larger_budget_takes_more_samples() -> None:
    counts = []
    for budget_s in (0.0015, 0.015):
        machine = Machine(stretch=scattered)
        result = machine.measure(machine.timed(1e-4), SHORT.with_budget(budget_s))
        counts.append(len(result.samples))
    assert counts[1] > 5 * counts[0]


def test_a_call_longer_than_the_budget_gives_what_it_can_and_says_so() -> None:
    """Four budgets are the end, but of three samples."""
    machine = Machine()
    result = machine.measure(machine.timed(1.0))
    assert result.verdict == "noisy"
    assert len(result.samples) == 3
    assert result.cost_s == pytest.approx(1.0)
    assert result.reason.startswith("only 3 samples in ")
    assert result.reason.endswith(", wanted 8. Give it a larger --budget.")


def test_disturbed_samples_are_set_aside_counted_and_change_nothing() -> None:
    machine = Machine(
        stretch=lambda sample: 1 if sample % 3 else 4,
        taken=lambda sample, core: {} if sample % 3 else LOST,
    )
    result = machine.measure(machine.timed(1e-4))
    assert (result.verdict, result.reason) == ("ok", "")
    assert result.samples == pytest.approx([1e-4] * len(result.samples))
    assert result.n_disturbed >= len(result.samples) / 3
    assert result.disturbances == {"involuntary_switches": result.n_disturbed}


def test_without_eight_clean_samples_all_are_used_and_the_result_is_not_trusted() -> None:
    machine = Machine(taken=lambda sample, core: LOST)
    result = machine.measure(machine.timed(1e-4))
    assert result.verdict == "noisy"
    assert result.cost_s == pytest.approx(1e-4)
    assert result.n_disturbed >= 8
    assert 2 * SHORT.budget_s <= result.tags["sampling_s"] <= 2 * SHORT.budget_s + 3e-3
    n = result.n_disturbed
    assert result.reason == (
        f"result not trusted: only 0 samples kept their core, wanted 8; {n} of {n} were disturbed "
        f"(involuntary switches {n}). Close other programs; see docs/stability.md."
    )


def test_a_wide_interval_is_not_trusted() -> None:
    machine = Machine(stretch=scattered)
    result = machine.measure(machine.timed(1e-4))
    assert result.verdict == "noisy"
    low, high = result.interval_cost_s or (0.0, 0.0)
    percent = 100 * (high - low) / 2 / (result.cost_s or 1.0)
    assert result.reason == (
        f"result may be unstable: the 99 % interval of the median is ±{percent:.0f} % "
        "(limit ±5 %). Close other programs; see docs/stability.md."
    )


def test_several_causes_are_named_the_most_frequent_first() -> None:
    machine = Machine(
        stretch=scattered,
        taken=lambda sample, core: {
            **({"steal_s": 0.01} if sample % 5 == 0 else {}),
            **(LOST if sample % 3 == 0 else {}),
        },
    )
    result = machine.measure(machine.timed(1e-4))
    assert set(result.disturbances) == {"involuntary_switches", "steal_s"}
    assert "were disturbed (involuntary switches " in result.reason
    assert result.reason.index("involuntary switches") < result.reason.index("steal ")


def test_samples_beside_a_slow_clock_are_set_aside() -> None:
    """A quarter of the time the core runs at two thirds of its clock: the kernel as well."""

    def is_slow(now: float) -> bool:
        return now % 0.02 > 0.015

    machine = Machine(clock_hz=lambda now: 2e9 if is_slow(now) else 3e9)
    machine.stretch = lambda sample: 1.5 if is_slow(machine.now) else 1.0
    result = machine.measure(machine.timed(1e-3))
    assert result.verdict == "ok"
    assert result.cost_s == pytest.approx(1e-3)
    assert result.disturbances["slow_clock"] == result.n_disturbed > 0
    assert result.tags["clock_hz"] == pytest.approx(3e9)
    assert result.tags["clock_low_hz"] < 3e9


def test_without_a_clock_to_read_nothing_is_called_slow() -> None:
    machine = Machine(clock_hz=None)
    result = machine.measure(machine.timed(1e-4))
    assert (result.verdict, result.n_disturbed, result.cycles) == ("ok", 0, None)
    assert "clock_hz" not in result.tags


def test_cycles_are_counted_by_the_clock_measured_beside() -> None:
    machine = Machine(clock_hz=lambda now: 2.5e9)
    assert machine.measure(machine.timed(1e-3, ops=1e6)).cycles == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("settles_s", "waited_s"),
    [
        pytest.param(0.0, (0.0, 0.005), id="at once"),
        pytest.param(0.02, (0.02, 0.03), id="after 20 ms"),
        pytest.param(math.inf, (0.05, 0.06), id="never: the wait is bounded"),
    ],
)
def test_warming_up_waits_until_the_clock_has_settled(
    settles_s: float, waited_s: tuple[float, float]
) -> None:
    def ramp(now: float) -> float:
        return 3e9 if now >= settles_s else 1e9 * (1 + (now * 1e3) % 2)

    machine = Machine(clock_hz=ramp)
    result = machine.measure(machine.timed(1e-3))
    assert waited_s[0] <= result.tags["warm_up_s"] + 2e-3
    assert result.tags["warm_up_s"] <= waited_s[1]


def test_a_core_that_others_keep_taking_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned: list[set[int]] = []
    monkeypatch.setattr(
        affinity.os, "sched_setaffinity", lambda pid, cpus: pinned.append(cpus), raising=False
    )
    machine = Machine(
        core=Core(0, (0, 1)),
        stretch=lambda sample: 2.0 if machine.core.number == 0 else 1.0,
        taken=lambda sample, core: LOST if core == 0 else {},
    )
    result = machine.measure(machine.timed(1e-4))
    assert pinned == [{1}]
    assert (machine.core.number, machine.core.moves, result.tags["core"]) == (1, 1, 1)
    assert (result.verdict, result.n_disturbed) == ("ok", 8)
    assert result.cost_s == pytest.approx(1e-4)


def test_a_core_that_is_lost_now_and_then_is_kept() -> None:
    machine = Machine(
        core=Core(0, (0, 1)), taken=lambda sample, core: LOST if sample % 8 < 3 else {}
    )
    result = machine.measure(machine.timed(1e-4))
    assert (machine.core.moves, result.verdict) == (0, "ok")


def test_a_kernel_that_times_itself_is_believed() -> None:
    """A call waits for a millisecond, of which the device works for a tenth."""
    machine = Machine()

    @workload("test.device", source="a test")
    def device() -> Iterator[Work]:
        """Wait for a device."""

        def kernel() -> float:
            machine.advance(1e-3)
            return 1e-4

        yield Work(kernel, clock="device events", bytes=1000)

    result = machine.measure(device)
    assert result.cost_s == pytest.approx(1e-7)
    assert result.value == pytest.approx(1e7)
    assert 1 <= result.calls_per_sample <= 11


def test_a_kernel_that_claims_to_take_no_time_does_not_run_for_ever() -> None:
    machine = Machine()

    @workload("test.liar", source="a test", limit=1e12)
    def liar() -> Iterator[Work]:
        """Claim a picosecond."""

        def kernel() -> float:
            machine.advance(1e-3)
            return 1e-15

        yield Work(kernel, clock="device events", ops=1)

    result = machine.measure(liar)
    assert machine.now < 2 * SHORT.budget_s
    assert result.verdict == "impossible"


@pytest.mark.parametrize(
    "returned", [math.nan, -1e-3, 0.0, math.inf, None, "fast", [], [1e-3, math.nan], [1e-3]]
)
def test_a_kernel_that_returns_no_time_fails(returned: object) -> None:
    machine = Machine()

    @workload("test.broken", source="a test")
    def broken() -> Iterator[Work]:
        """Return what is no time."""

        def kernel() -> object:
            machine.advance(1e-3)
            return returned

        yield Work(kernel, clock="its own", ops=1)

    result = machine.measure(broken)
    assert (result.verdict, result.cost_s, result.samples) == ("failed", None, ())
    assert result.reason == (
        f"the kernel times itself and returned {[returned]!r}; expected seconds above zero"
    )


def latencies_of(machine: Machine, per_call: int) -> object:
    @workload("test.latencies", source="a test")
    def latencies() -> Iterator[Work]:
        """Do many operations, of which one in a hundred takes ten times longer."""

        def kernel() -> np.ndarray:
            times = np.full(per_call, 1e-4)
            times[99::100] = 1e-3
            machine.advance(float(times.sum()))
            return times

        yield Work(kernel, ops=per_call, latencies=True)

    return latencies


def test_latencies_are_kept_as_a_distribution() -> None:
    machine = Machine()
    result = machine.measure(latencies_of(machine, 1000), SHORT.with_budget(1.0))  # type: ignore[arg-type]
    assert result.cost_s == pytest.approx(1e-4)
    assert result.percentiles["p50"] == pytest.approx(1e-4)
    assert 1e-4 <= (result.percentiles["p99"] or 0) <= 1e-3
    assert result.percentiles["p99.9"] is None or len(result.samples) >= 10
    assert len(result.p99_samples) == len(result.samples)


def test_percentiles_that_the_count_does_not_support_are_none() -> None:
    machine = Machine()
    result = machine.measure(latencies_of(machine, 100))  # type: ignore[arg-type]
    n = 100 * result.calls_per_sample * len(result.samples)
    assert 800 <= n < 10_000
    assert result.percentiles["p50"] == pytest.approx(1e-4)
    assert (result.percentiles["p99"] is None) == (n < 1000)
    assert result.percentiles["p99.9"] is None
    assert len(result.p99_samples) == n // 1000


@pytest.mark.parametrize("returned", [None, 3.0, [], [1e-3, -1e-3], np.array([math.nan])])
def test_latencies_that_are_none_fail(returned: object) -> None:
    machine = Machine()

    @workload("test.broken", source="a test")
    def broken() -> Iterator[Work]:
        """Return no latencies."""

        def kernel() -> object:
            machine.advance(1e-3)
            return returned

        yield Work(kernel, ops=1, latencies=True)

    result = machine.measure(broken)
    assert result.verdict == "failed"
    assert "expected seconds above zero" in result.reason


def test_garbage_is_not_collected_while_sampling() -> None:
    machine = Machine()
    was_on: set[bool] = set()

    @workload("test.collected", source="a test")
    def collected() -> Iterator[Work]:
        """Look whether collection is on."""

        def kernel() -> None:
            machine.advance(1e-3)
            if machine.is_sampling:
                was_on.add(gc.isenabled())

        yield Work(kernel, ops=1)
        if not was_on:
            raise CheckFailed("no sample was taken")

    assert gc.isenabled()
    assert machine.measure(collected).verdict == "ok"
    assert was_on == {False}
    assert gc.isenabled()


def sample(cost_s: float, *causes: str) -> Sample:
    return Sample(cost_s, 1e-3, Disturbance({}, causes), None)


@pytest.mark.parametrize(
    ("samples", "budgets", "is_enough"),
    [
        pytest.param([sample(1.0)] * 7, 0.97, False, id="seven are too few"),
        pytest.param([sample(1.0)] * 8, 0.17, False, id="a fifth of the budget is always spent"),
        pytest.param([sample(1.0)] * 8, 0.23, True, id="eight equal ones are precise"),
        pytest.param([sample(1 + i % 2) for i in range(20)], 0.86, False, id="too wide"),
        pytest.param([sample(1 + i % 2) for i in range(20)], 1.0, True, id="out of budget"),
        pytest.param([sample(1, "steal_s")] * 20, 1.43, False, id="all disturbed: twice as long"),
        pytest.param([sample(1, "steal_s")] * 20, 2.0, True, id="all disturbed, out of budget"),
        pytest.param([sample(1)] * 3, 2.0, False, id="few and slow"),
        pytest.param([sample(1)] * 3, 4.0, True, id="few and slow: four budgets"),
        pytest.param([sample(1)] * 2, 26.0, False, id="three are the least"),
        pytest.param([], 26.0, False, id="none"),
    ],
)
def test_when_to_stop(samples: list[Sample], budgets: float, is_enough: bool) -> None:
    assert enough(samples, budgets * QUICK.budget_s, QUICK) == is_enough


def test_profiles_differ_in_budgets_only() -> None:
    assert QUICK.budget_s < FULL.budget_s
    assert (QUICK.target, QUICK.min_samples) == (FULL.target, FULL.min_samples) == (0.01, 8)
    small = FULL.with_budget(0.2)
    assert (small.budget_s, small.name, small.warm_up_s) == (0.2, "full", 0.05)
