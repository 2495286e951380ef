"""Kernels that time themselves may say more than seconds, and may be called only so often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hwperf import CheckFailed, Work, Workload, workload
from hwperf.errors import DeclarationError
from hwperf.measure.affinity import Core
from hwperf.work import Timing

from .virtual import LOST, SHORT, Machine


def telling(machine: Machine, timing: Timing, **options: Any) -> Workload:
    @workload("test.telling", source="a test", metric="rate")
    def telling() -> Iterator[Work]:
        """Let time pass."""
        calls = [0]

        def kernel() -> Timing:
            calls[0] += 1
            machine.advance(timing.seconds)
            return timing

        yield Work(kernel, clock="a clock", latencies=True, ops=10, **options)
        if not calls[0] > 0:
            raise CheckFailed("the kernel did not run")

    return telling


def test_the_rate_is_by_the_seconds_and_the_tail_by_the_latencies() -> None:
    """Ten operations in 1 ms, of 0.5 ms each: five overlapped at any time."""
    machine = Machine()
    result = machine.measure(telling(machine, Timing(1e-3, latencies=[5e-4] * 100)))
    assert result.value == pytest.approx(1e4)
    assert result.percentiles["p50"] == pytest.approx(5e-4)
    assert result.p99_samples[0] == pytest.approx(5e-4)


def test_what_a_kernel_says_disturbed_it_counts_as_the_systems_word_does() -> None:
    machine = Machine()
    timing = Timing(1e-3, latencies=[1e-3], counts={"foreign_io": 7.0}, causes=("foreign_io",))
    result = machine.measure(telling(machine, timing))
    assert result.verdict == "noisy"
    assert result.disturbances == {"foreign_io": result.n_disturbed}
    assert result.tags["interference"]["foreign_io"] == pytest.approx(7 * result.n_disturbed)


@pytest.mark.parametrize("latencies", [[], [float("nan")], [0.0], None])
def test_latencies_that_are_none_are_refused(latencies: Any) -> None:
    machine = Machine()
    result = machine.measure(telling(machine, Timing(1e-3, latencies=latencies)))
    assert result.verdict == "failed"
    assert "expected seconds above zero" in result.reason


def test_samples_suffice_at_the_precision_of_the_workload_where_it_is_coarser() -> None:
    def seconds(precision: float) -> float:
        machine = Machine(stretch=lambda sample: 1 + 0.06 * (sample % 2))

        @workload("test.coarse", source="a test")
        def coarse() -> Iterator[Work]:
            """Let time pass."""
            yield Work(lambda: machine.advance(1e-3), ops=1, precision=precision)

        result = machine.measure(coarse, replace(SHORT, budget_s=1.0))
        return float(result.tags["sampling_s"])

    assert seconds(0.05) < 0.5
    assert seconds(0.0) >= 1.0


@pytest.mark.parametrize("bad", [-0.1, 1.0, "fine"])
def test_a_precision_that_is_none_is_refused(bad: Any) -> None:
    with pytest.raises(DeclarationError, match=r"precision=.* is no part"):
        Work(lambda: None, ops=1, precision=bad)


def counting(
    machine: Machine, most_calls: int, has_other: bool = False
) -> tuple[Workload, list[int]]:
    """Return a workload that may be called so often, and the count of its calls."""
    calls = [0]

    @workload("test.wearing", source="a test")
    def wearing() -> Iterator[Work]:
        """Wear what it measures."""

        def kernel() -> None:
            calls[0] += 1
            machine.advance(1e-3 * calls[0])

        other = {"another": Work(lambda: machine.advance(1e-3), ops=1)} if has_other else None
        yield Work(kernel, most_calls=most_calls, against=other, ops=1)
        if not calls[0] > 0:
            raise CheckFailed("the kernel did not run")

    return wearing, calls


def test_a_kernel_that_may_be_called_once_gives_its_only_call_as_the_sample() -> None:
    machine = Machine()
    wearing, calls = counting(machine, 1)
    result = machine.measure(wearing)
    assert calls == [1]
    assert result.samples == (pytest.approx(1e-3),)
    assert (result.verdict, result.calls_per_sample) == ("noisy", 1)


@pytest.mark.parametrize("has_other", [False, True])
@pytest.mark.parametrize("most_calls", [3, 4, 12])
def test_no_more_calls_are_made_than_may_be(most_calls: int, has_other: bool) -> None:
    """The first is no sample; where another kernel follows, the last is made for the check."""
    machine = Machine(core=Core(0, (0, 1)), taken=lambda sample, core: LOST)
    wearing, calls = counting(machine, most_calls, has_other)
    result = machine.measure(wearing)
    assert calls == [most_calls]
    assert len(result.samples) == most_calls - 1 - has_other


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"most_calls": 0}, "most_calls=0 is no whole number from 1 on"),
        ({"most_calls": 1.5}, "most_calls=1.5 is no whole number from 1 on"),
        ({"most_calls": 2, "against": {"x": Work(print, ops=1)}}, "give at least 3"),
    ],
)
def test_a_number_of_calls_that_cannot_be_is_refused(arguments: dict[str, Any], fault: str) -> None:
    with pytest.raises(DeclarationError, match=fault):
        Work(print, ops=1, **arguments)


@pytest.mark.parametrize(("n_latencies", "most_s"), [(200, 0.16), (1, 0.25)])
def test_a_tail_is_measured_until_it_has_a_p99_or_two_budgets(
    n_latencies: int, most_s: float
) -> None:
    machine = Machine()
    timing = Timing(1e-2, latencies=[1e-2] * n_latencies)
    result = machine.measure(telling(machine, timing, precision=0.05))
    assert (result.percentiles["p99"] is not None) == (n_latencies == 200)
    assert SHORT.budget_s / 5 < result.tags["sampling_s"] <= most_s
