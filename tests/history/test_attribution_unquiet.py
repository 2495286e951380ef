"""A run that was not left alone is told by the spread of its samples."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from hwperf.history.attribution import pair
from hwperf.history.attribution.pair import Sides
from hwperf.history.attribution.unquiet import told, unquiet

QUIET = 0.003
HOGGED = 0.4


def sides(ratio: float, before: float, after: float, *, low: float | None = None) -> Sides:
    """Return two runs: the ratio of their values, and half their intervals in logarithms."""
    first = (math.exp(-before), math.exp(before))
    second = (ratio * math.exp(-after) if low is None else low, ratio * math.exp(after))
    return Sides(1.0, ratio, (first, second))


def canaries(before: float, after: float) -> dict[str, Sides]:
    names = ("core_clock", "system_call", "l2_latency", "memory_latency")
    return {name: sides(1.0, before, after) for name in names}


def shifts(found: Mapping[str, Sides]) -> dict[str, pair.Contrast]:
    return {name: pair.change_between(each) for name, each in found.items()}


def cause(benchmark: Sides, beside: Mapping[str, Sides]) -> str | None:
    change = pair.change_between(benchmark)
    found = told(benchmark, change, shifts(beside), unquiet(beside), 1)
    return found.cause if found else None


def test_a_hog_of_the_cpus_spreads_the_processors_canaries() -> None:
    second = unquiet(canaries(QUIET, HOGGED))
    assert second is not None
    assert second.second
    assert "in the second run" in second.words
    assert "spread by 49 %, by 0.3 % in the other" in second.words
    first = unquiet(canaries(HOGGED, QUIET))
    assert first is not None
    assert not first.second


@pytest.mark.parametrize(
    ("before", "after"),
    [(QUIET, QUIET), (0.02, 0.08), (HOGGED, HOGGED), (math.nan, HOGGED), (0.0, 0.0)],
)
def test_two_runs_alike_or_little_spread_are_quiet(before: float, after: float) -> None:
    assert unquiet(canaries(before, after)) is None


def test_one_canary_alone_says_nothing() -> None:
    assert unquiet({"core_clock": sides(1.0, QUIET, HOGGED)}) is None
    assert unquiet({"memory_latency": sides(1.0, QUIET, HOGGED)}) is None
    assert unquiet({}) is None


def test_a_benchmark_that_was_as_quick_at_times_is_the_machines() -> None:
    assert cause(sides(1.3, 0.03, HOGGED), canaries(QUIET, HOGGED)) == "machine"


def test_in_the_first_run_the_same_makes_it_quicker() -> None:
    benchmark = Sides(1.3, 1.0, ((0.98, 2.3), (0.97, 1.03)))
    assert cause(benchmark, canaries(HOGGED, QUIET)) == "machine"
    assert cause(benchmark, canaries(QUIET, HOGGED)) is None


def test_code_that_was_never_as_quick_again_is_not() -> None:
    assert cause(sides(2.0, 0.03, HOGGED, low=1.9), canaries(QUIET, HOGGED)) is None


def test_without_a_disturbance_nothing_is_told_here() -> None:
    assert cause(sides(1.3, 0.03, HOGGED), canaries(QUIET, QUIET)) is None


def test_a_benchmark_that_spreads_as_ever_is_not_told_here() -> None:
    assert cause(sides(1.3, 0.3, HOGGED), canaries(QUIET, HOGGED)) is None
    assert cause(sides(0.9, 0.03, HOGGED), canaries(QUIET, HOGGED)) is None


def test_a_resource_that_moved_as_much_explains_what_spreads() -> None:
    beside = canaries(QUIET, QUIET)
    beside["memory_latency"] = sides(1.4, 0.01, 0.01)
    benchmark = Sides(1.0, 1.35, ((0.98, 1.02), (1.1, 6.0)))
    assert cause(benchmark, beside) == "machine"
    assert cause(Sides(1.0, 0.7, ((0.98, 1.02), (0.3, 0.9))), beside) is None
