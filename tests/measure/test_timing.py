"""Kernels that time themselves may say more than seconds, and may be called only so often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hwperf import CheckFailed, Work, Workload, workload
from hwperf.errors import DeclarationError
from hwperf.work import Timing

from .virtual import SHORT, Machine


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


@pytest.mark.parametrize("most", [2, 5, 40])
def test_a_kernel_is_called_no_more_often_than_it_allows(most: int) -> None:
    machine, made = Machine(), []

    @workload("test.wearing", source="a test")
    def wearing() -> Iterator[Work]:
        """Let time pass."""

        def kernel() -> None:
            made.append(True)
            machine.advance(1e-4 * (1 + 0.5 * (len(made) % 2)))

        yield Work(kernel, most_calls=most, ops=1)

    result = machine.measure(wearing)
    assert len(made) == most
    assert result.calls_per_sample == 1
    assert len(result.samples) == most - 1


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


@pytest.mark.parametrize("bad", [0, -3, 1.5, "many"])
def test_a_number_of_calls_that_is_none_is_refused(bad: Any) -> None:
    with pytest.raises(DeclarationError, match=r"most_calls=.* is no whole number"):
        Work(lambda: None, ops=1, most_calls=bad)


@pytest.mark.parametrize("bad", [-0.1, 1.0, "fine"])
def test_a_precision_that_is_none_is_refused(bad: Any) -> None:
    with pytest.raises(DeclarationError, match=r"precision=.* is no part"):
        Work(lambda: None, ops=1, precision=bad)
