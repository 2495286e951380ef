"""Which run a page shows by itself, and which it is compared with: no fragment of a suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hwperf.report.pages import choice
from report.synthetic import write_suite


def itself(n: int) -> int:
    return n


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([300], 300),
        ([2, 300], 300),
        ([60, 300], 60),
        ([2, 3, 300], 300),
        ([0, 0], 0),
        ([30, 300], 30),
    ],
)
def test_the_newest_that_is_no_fragment_is_shown(counts: list[int], expected: int) -> None:
    assert choice.shown(counts, itself) == expected


def test_a_whole_run_of_long_ago_is_not_dug_out() -> None:
    assert choice.shown([2] * choice.LOOKED_AT + [300], itself) == 2


@pytest.mark.parametrize(
    ("n", "older", "expected"),
    [(300, [2, 290], 290), (300, [2, 3], 2), (2, [300], 300), (300, [], None), (0, [0], 0)],
)
def test_a_run_is_compared_with_the_last_that_can_be_compared(
    n: int, older: list[int], expected: int | None
) -> None:
    assert choice.before(n, older, itself) == expected


def test_values_are_counted_and_what_has_none_is_not(tmp_path: Path) -> None:
    path = write_suite(tmp_path, only="core")  # Two points.
    assert choice.points_in(path) == 2
    stored = json.loads(path.read_text())
    stored["results"]["core.Null.cost"][0] = [float("nan")]
    path.write_text(json.dumps(stored))
    assert choice.points_in(path) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"result_columns": 1}', "[" * 100_000])
def test_a_damaged_file_holds_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert choice.points_in(path) == 0
    assert choice.points_in(tmp_path / "missing.json") == 0
