"""Workloads without a chart of their own, a plugin's above all: drawn by their parameters."""

from __future__ import annotations

from typing import Any

import pytest

from hwperf.asv.recorded import Measurement
from hwperf.report.pages import more
from hwperf.report.pages.contents import Context, Page, page_of
from hwperf.report.pages.parts import Block, Chart, Code, Table, Words
from hwperf.report.pages.points import Points
from report.made_runs import measured, run_of
from report.synthetic import HOSTILE


def blocks(
    *measurements: Measurement, shown: tuple[Block, ...] = (), **answers: str
) -> list[Block]:
    points = Points(run_of(*measurements))
    ids = list(dict.fromkeys(m.name for m in measurements))
    told = {id: answers.get(id.partition(".")[2], "") for id in ids}
    return list(more.blocks(points, ids, shown, told))


def sweep(name: str = "mine.sum", n: int = 3, **record: Any) -> list[Measurement]:
    return [
        measured(name, 1e9 * (i + 1), params={"nbytes": 1024 * (i + 1), "how": how}, verdict="ok")
        for i in range(n)
        for how in ("a_b", "c")
    ]


def test_a_row_for_each_combination_and_a_colour_for_the_axis_of_fewest_values() -> None:
    (chart,) = blocks(*sweep(), sum="Time of *x* in ``y``")
    assert isinstance(chart, Chart)
    assert [(row["label"], row["series"], round(row["y"], 9)) for row in chart.rows[:3]] == [
        ("nbytes 1 KiB", "a b", 1.0), ("nbytes 1 KiB", "c", 1.0), ("nbytes 2 KiB", "a b", 2.0),
    ]  # fmt: skip
    assert chart.caption == "Time of x in y. Higher is better."
    assert chart.id == "more-mine-sum-gb-s"


def test_a_question_keeps_its_mark() -> None:
    (chart,) = blocks(*sweep(), sum="How fast?")
    assert isinstance(chart, Chart)
    assert chart.caption == "How fast? Higher is better."


def test_what_a_chart_shows_already_is_not_shown_again() -> None:
    first = blocks(*sweep())
    assert blocks(*sweep(), shown=tuple(first)) == []


def test_many_points_are_a_table_that_can_be_saved() -> None:
    (table,) = blocks(*sweep(n=50))
    assert isinstance(table, Table)
    assert len(table.rows) == 100
    assert table.csv == "more-mine-sum-gb-s.csv"


def test_points_without_parameters_stand_in_one_table() -> None:
    (table,) = blocks(measured("mine.a", 1e9), measured("mine.b", 2e9), a="The first")
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["mine.a", "mine.b"]
    assert table.rows[0][2] == "The first."


def test_what_could_not_be_measured_has_a_line_for_each_reason() -> None:
    lost = [
        measured(name, None, params={"n": 1}, verdict="n/a", record={"reason": "no device"})
        for name in ("mine.a", "mine.b")
    ]
    (words,) = blocks(*lost)
    assert isinstance(words, Words)
    assert words.text == "mine.a, mine.b: all points n/a: no device"
    assert blocks(*lost, shown=(Words("Device: all points n/a: no device"),)) == []


@pytest.mark.parametrize(
    "name", [f"mine.{HOSTILE}", "mine.__proto__", f"mine.{'x' * 10_000}", "mine.é"]
)
def test_a_name_makes_no_address_and_no_key(name: str) -> None:
    (chart,) = blocks(*sweep(name))
    assert isinstance(chart, Chart)
    assert len(chart.id) < 100
    assert set(chart.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(chart.title) < 100


def test_two_names_of_another_alphabet_are_two_charts() -> None:
    found = blocks(*sweep("mine.é"), *sweep("mine.è"))
    assert len({chart.id for chart in found if isinstance(chart, Chart)}) == 2


def test_what_is_to_be_typed_again_is_one_word_to_a_shell() -> None:
    """Whoever pastes it runs hwperf and nothing else."""
    page = page_of(run_of(*sweep("mine.x; touch y")), None, Context())
    (code,) = (b for b in of_section(page, "method") if isinstance(b, Code))
    assert code.command == "hwperf measure 'mine.x; touch y'"


def of_section(page: Page, id: str) -> tuple[Block, ...]:
    (section,) = (each for each in page.sections if each.id == id)
    return section.blocks


def test_a_plugins_workload_is_drawn_in_its_own_domain_and_in_one_of_hwperfs() -> None:
    run = run_of(*sweep("mine.sum"), *sweep("memory.mine"), measured("memory.read", 1e9))
    page = page_of(run, None, Context())
    for section, name in (("others", "mine.sum"), ("memory", "memory.mine")):
        assert name in [b.title for b in of_section(page, section) if isinstance(b, Chart)]


def test_a_chart_that_lacks_what_it_is_made_of_is_replaced_by_the_plain_one() -> None:
    """Scaling needs the point of one thread, the matrix of cores its figure."""
    run = run_of(
        measured("multicore.flops", 2e9, metric="throughput", params={"threads": 2}),
        measured("multicore.core_to_core", 4e-8, metric="latency"),
    )
    found = of_section(page_of(run, None, Context()), "multicore")
    assert [b.title for b in found if isinstance(b, Chart)] == ["multicore.flops"]
    assert [b.rows[0][0] for b in found if isinstance(b, Table)] == ["multicore.core_to_core"]
