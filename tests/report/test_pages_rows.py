"""The numbers in the charts: laws, bins, shades and trust, against hand-worked ones."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from hwperf.asv import recorded
from hwperf.history.floor import Floor
from hwperf.report.pages import noise, overview, rows, scaling, spreadsheet
from hwperf.report.pages.contents import Context, page_of
from hwperf.report.pages.parts import Chart, Table, Words
from hwperf.report.pages.points import Points
from report.synthetic import mixed, write_suite


def run_of(results: Path) -> recorded.Run:
    found = recorded.newest(results)
    assert found is not None
    return found


@pytest.mark.parametrize("serial", [0.0, 0.05, 0.5, 1.0])
def test_amdahls_law_is_found_again(serial: float) -> None:
    threads = [1.0, 2.0, 4.0, 8.0]
    speed_ups = [n / (1 + serial * (n - 1)) for n in threads]
    assert scaling.amdahl(threads, speed_ups) == pytest.approx(serial)


def test_the_universal_law_is_found_again() -> None:
    threads = [1.0, 2.0, 4.0, 8.0, 16.0]
    speed_ups = [n / (1 + 0.05 * (n - 1) + 0.002 * n * (n - 1)) for n in threads]
    assert scaling.usl(threads, speed_ups) == (pytest.approx(0.05), pytest.approx(0.002))


def test_no_part_of_a_law_is_negative() -> None:
    """Caches make some loads scale better than their threads."""
    threads, speed_ups = [1.0, 2.0, 4.0], [1.0, 2.2, 4.9]
    assert scaling.amdahl(threads, speed_ups) == 0.0
    assert scaling.usl(threads, speed_ups) == (0.0, 0.0)


def test_two_counts_of_threads_are_no_law() -> None:
    assert scaling.amdahl([1.0, 2.0], [1.0, 1.9]) is None
    assert scaling.usl([1.0, 2.0, 2.0], [1.0, 1.9, 1.8]) is None


def test_a_law_is_told_in_plain_numbers() -> None:
    from hwperf.report.pages.multicore import _fit

    assert _fit("copy", [1.0, 2.0, 4.0], [1.0, 1.0, 1.0], []) == [
        "copy: Amdahl 100 % serial; USL 100 % serial, coherence 0 %."
    ]


def test_shades_go_from_least_to_most_by_factors() -> None:
    cells = [{"kind": "mark", "value": v} for v in (1.0, 10.0, 100.0)]
    assert [row["shade"] for row in rows.shades(cells)] == pytest.approx([0.0, 0.5, 1.0])


def test_cells_that_hardly_differ_have_nearly_one_shade() -> None:
    cells = [{"kind": "mark", "value": v} for v in (1.0, 1.01)]
    assert rows.shades(cells)[1]["shade"] < 0.05


def test_cells_without_a_value_are_not_the_least() -> None:
    cells = [{"kind": "gap"}, {"kind": "mark", "value": 2.0}, {"kind": "mark", "value": 0.0}]
    assert [row["shade"] for row in rows.shades(cells)] == [0.0, 0.0, 0.0]


def test_a_floor_gives_a_histogram_around_each_metrics_own_mean(tmp_path: Path) -> None:
    write_suite(tmp_path, only="core")
    points = Points(run_of(tmp_path))
    floor = Floor(0.1, 3, 0.05, 0.0, "1", values=(1.0, 1.0, 1.1))
    section = noise.section(points, {("here", "b", ()): floor})
    (chart,) = (b for b in section.blocks if isinstance(b, Chart) and b.id == "noise-aa")
    # The geometric mean is 1.0323: twice -3.1 %, once +6.6 %.
    assert [(row["x"], row["x2"], row["y"]) for row in chart.rows] == [(-4, -3, 2), (6, 7, 1)]


def test_without_a_floor_the_verb_that_measures_it_is_named(tmp_path: Path) -> None:
    write_suite(tmp_path, only="core")
    section = noise.section(Points(run_of(tmp_path)), {})
    assert any(isinstance(b, Words) and "hwperf aa" in b.text for b in section.blocks)


def test_the_time_line_places_what_disturbed_where_it_was(tmp_path: Path) -> None:
    write_suite(tmp_path)
    section = noise.section(Points(run_of(tmp_path)), {})
    (chart,) = (b for b in section.blocks if isinstance(b, Chart) and b.id == "noise-timeline")
    assert {row["label"] for row in chart.rows} == {"steal"}
    times = [row["x"] for row in chart.rows]
    assert times == sorted(times)
    assert times[-1] > 1  # Minutes: half a second for each point.
    assert all(0 < row["y"] < 10 for row in chart.rows)


@pytest.mark.parametrize(
    ("ok", "noisy", "failed", "level"),
    [(9, 1, 0, "good"), (8, 2, 0, "fair"), (9, 1, 1, "fair"), (6, 4, 0, "poor"), (0, 0, 3, "poor")],
)
def test_trust_is_the_share_of_points_that_are_ok(
    tmp_path: Path, ok: int, noisy: int, failed: int, level: str
) -> None:
    verdicts = iter(["ok"] * ok + ["noisy"] * noisy + ["failed"] * failed + ["n/a"] * 1000)
    write_suite(tmp_path, only="memory.latency", verdict=lambda id, p: (next(verdicts), ""))
    assert overview.trust(run_of(tmp_path)).level == level


def test_a_text_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    table = Table(("name",), [("=1+1",), ("-2",), ("@x",), ('plain, with "quotes"',)])
    _, *cells = csv.reader(io.StringIO(spreadsheet.of_table(table)))
    assert cells == [["'=1+1"], ["'-2"], ["'@x"], ['plain, with "quotes"']]


def test_the_roofline_has_its_corners_where_bandwidth_meets_arithmetic(tmp_path: Path) -> None:
    write_suite(tmp_path)
    made = page_of(run_of(tmp_path), None, Context.of(tmp_path))
    (chart,) = (
        b
        for s in made.sections
        for b in s.blocks
        if isinstance(b, Chart) and b.id == "cpu-roofline"
    )
    ends = [row for row in chart.rows if row["kind"] == "slope"]
    assert len(ends) % 2 == 0
    for left, right in zip(ends[::2], ends[1::2], strict=True):
        assert right["y"] / left["y"] == pytest.approx(right["x"] / left["x"])
    assert any(row["kind"] == "mark" and row["shape"] == "triad" for row in chart.rows)


def test_a_large_matrix_of_cores_is_drawn_in_groups() -> None:
    from hwperf.report.pages.multicore import _cells

    n = 128
    matrix = [[None if i == j else 1e-8 * (1 + (i // 64 != j // 64)) for j in range(n)]
              for i in range(n)]  # fmt: skip
    cells = _cells(matrix, [str(i) for i in range(n)])
    assert len(cells) <= 32 * 32
    assert {round(cell["value"]) for cell in cells} == {10, 20}


def test_noisy_cells_carry_a_mark(tmp_path: Path) -> None:
    write_suite(tmp_path, verdict=mixed)
    made = page_of(run_of(tmp_path), None, Context.of(tmp_path))
    cells = [
        row
        for section in made.sections
        for block in section.blocks
        if isinstance(block, Chart) and block.id == "cpu-fma"
        for row in block.rows
        if row["kind"] == "mark"
    ]
    assert {row["verdict"] for row in cells} == {"ok", "noisy"}
    assert all(row["text"].endswith(" *") == (row["verdict"] == "noisy") for row in cells)
