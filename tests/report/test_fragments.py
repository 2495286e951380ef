"""Which run is shown where none is named, and which it is compared with: no fragment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hwperf.report import fragments
from hwperf.report.card.choice import chosen
from hwperf.report.comparison import naming
from hwperf.report.comparison.listing import listed
from report.made_runs import Row, stored
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
    assert fragments.shown(counts, itself) == expected


def test_a_whole_run_of_long_ago_is_not_dug_out() -> None:
    assert fragments.shown([2] * fragments.LOOKED_AT + [300], itself) == 2


@pytest.mark.parametrize(
    ("n", "older", "expected"),
    [(300, [2, 290], 290), (300, [2, 3], 2), (2, [300], 300), (300, [], None), (0, [0], 0)],
)
def test_a_run_is_compared_with_the_last_that_can_be_compared(
    n: int, older: list[int], expected: int | None
) -> None:
    assert fragments.before(n, older, itself) == expected


def test_values_are_counted_and_what_has_none_is_not(tmp_path: Path) -> None:
    path = write_suite(tmp_path, only="core")  # Two points.
    assert fragments.points_in(path) == 2
    stored = json.loads(path.read_text())
    stored["results"]["core.Null.cost"][0] = [float("nan")]
    path.write_text(json.dumps(stored))
    assert fragments.points_in(path) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"result_columns": 1}', "[" * 100_000])
def test_a_damaged_file_holds_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert fragments.points_in(path) == 0
    assert fragments.points_in(tmp_path / "missing.json") == 0


def test_a_card_is_of_the_whole_run_unless_the_fragment_is_asked_for(tmp_path: Path) -> None:
    whole, fragment = (f"{n:08d}{'0' * 32}" for n in (1, 2))
    stored(tmp_path, [Row([1e-9] * 40, range(40))], commit=whole, started_at=1e9)
    stored(tmp_path, [Row([1e-9], [1])], commit=fragment, started_at=2e9)
    said: list[str] = []
    found = chosen(tmp_path, warn=said.append)
    assert found is not None
    assert found.commit == whole
    assert "is a fragment (1 value)" in said[0]
    assert "--commit 00000002 shows the newest" in said[0]
    asked: Any
    for asked in ({"commit": fragment[:8]}, {"is_whole": False}):
        found = chosen(tmp_path, **asked)
        assert found is not None
        assert found.commit == fragment


def test_where_none_is_named_every_verb_means_the_whole_run(tmp_path: Path) -> None:
    whole, fragment = (f"{n:08d}{'0' * 32}" for n in (1, 2))
    stored(tmp_path, [Row([1e-9] * 40, range(40))], commit=whole, started_at=1e9)
    stored(tmp_path, [Row([1e-9], [1])], commit=fragment, started_at=2e9)
    index = listed(tmp_path)
    said: list[str] = []
    assert naming.whole(index, warn=said.append).commit == whole
    assert "--commit" not in said[0]
    assert naming.named("latest", index).commit == fragment
