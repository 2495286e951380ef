"""A pattern selects what ``asv run --bench`` would select, by id or by asv's name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hwperf import UsageError, Work, workload
from hwperf.asv.plan import asv_names, estimate, measurements, plan
from hwperf.measure import FULL, QUICK


@workload("fake.random_read", params={"n": [1, 2], "pages": ["small", "huge"]}, source="a test")
def read(n: int, pages: str) -> Iterator[Work]:
    """Latency of nothing."""
    yield Work(lambda: None, ops=n)


@workload("fake.never", requires=lambda: "no such device", source="a test")
def never() -> Iterator[Work]:
    """Latency of nothing."""
    yield Work(lambda: None, ops=1)


def selected(*patterns: str) -> list[tuple[str, dict[str, object]]]:
    return [(point.id, dict(point.params)) for point in plan([read, never], patterns)]


def test_without_a_pattern_every_point_is_planned() -> None:
    assert len(selected()) == 5


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("fake.random_read", 4),
        (r"^fake\.never$", 1),
        (r"FakeRandomRead\.cost", 4),
        (r"random_read\(2, 'huge'\)", 1),
        ("'small'", 2),
        ("nothing", 0),
    ],
)
def test_patterns_search_ids_names_and_parameters(pattern: str, count: int) -> None:
    assert len(selected(pattern)) == count


def test_several_patterns_add_up() -> None:
    assert len(selected("never", r"\(1,")) == 3


def test_what_is_no_pattern_is_said() -> None:
    with pytest.raises(UsageError, match=r"'\(' is no regular expression"):
        selected("(")


def test_a_point_that_cannot_be_measured_is_planned_with_its_reason_and_costs_no_time() -> None:
    (point,) = plan([never])
    assert point.reason == "no such device"
    assert estimate([point], QUICK) == estimate([], QUICK)


def test_a_requirement_that_exits_does_not_end_the_plan() -> None:
    (point,) = plan([replace(never, requires=(lambda: sys.exit(3),))])
    assert point.reason is None


def test_a_full_run_counts_both_rounds() -> None:
    points = plan([read])
    gain = estimate(points, FULL) - estimate([], FULL)
    assert gain > 2 * len(points) * FULL.budget_s
    assert measurements(points, FULL) == 2 * measurements(points, QUICK) == 2 * len(points)


def test_names_follow_the_suite() -> None:
    assert asv_names(read) == ["plugins.FakeRandomRead.cost"]
    tail = replace(read, has_latencies=True)
    assert asv_names(tail)[1:] == ["plugins.FakeRandomRead.cost_p99"]


def test_the_tail_of_a_point_is_measured_with_its_median() -> None:
    points = plan([replace(read, has_latencies=True)])
    assert len(points) == 2 * len(plan([read]))
    assert measurements(points, QUICK) == measurements(plan([read]), QUICK)
