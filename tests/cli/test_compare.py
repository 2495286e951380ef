"""``hwperf compare`` prints what differs and ends with the code that says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.made_runs import Row, stored

from .conftest import Answer

FIRST, SECOND = "a" * 40, "b" * 40


@pytest.fixture
def results(tmp_path: Path) -> Path:
    rows = [1e-10, 2e-10, 3e-10], [8, 16, 32]
    stored(tmp_path, [Row(*rows)], commit=FIRST, started_at=1e9)
    stored(tmp_path, [Row([1e-10, 4e-10, 3e-10], rows[1])], commit=SECOND, started_at=2e9)
    return tmp_path


def test_what_got_worse_is_a_finding(hwperf: Callable[..., Answer], results: Path) -> None:
    answer = hwperf("compare", "aaaa", "bbbb", "--results", str(results))
    assert answer.code == 1
    assert "1 worse, 2 within the noise" in answer.out
    assert "memory.copy nbytes=16 B" in answer.out
    assert "5.00 GB/s -> 2.50 GB/s  0.5 x" in answer.out
    assert "nbytes=32 B" not in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_the_other_way_round_it_is_none(hwperf: Callable[..., Answer], results: Path) -> None:
    answer = hwperf("compare", "latest", "latest~1", "--results", str(results), "--all")
    assert answer.code == 0
    assert "1 better, 2 within the noise" in answer.out
    assert "nbytes=32 B" in answer.out


def test_the_json_has_every_point(hwperf: Callable[..., Answer], results: Path) -> None:
    answer = hwperf("compare", "aaaa", "bbbb", "--results", str(results), "--format", "json")
    shown = json.loads(answer.out)
    assert (shown["schema"], shown["n_worse"], len(shown["points"])) == ("hwperf.compare/1", 1, 3)
    (worse,) = [point for point in shown["points"] if point["kind"] == "worse"]
    assert worse["params"] == {"nbytes": 16}
    assert worse["ratio"] == pytest.approx(0.5)
    assert worse["interval"][0] < worse["ratio"] < worse["interval"][1] < 1


def test_the_output_goes_to_a_file_whole(hwperf: Callable[..., Answer], results: Path) -> None:
    target = results / "out.md"
    answer = hwperf(
        "compare", "aaaa", "bbbb", "--results", str(results), "--format", "markdown",
        "-o", str(target),
    )  # fmt: skip
    assert (answer.code, answer.out) == (1, "")
    assert "| worse | `memory.copy nbytes=16 B` | 5.00 GB/s | 2.50 GB/s |" in target.read_text()
    assert [path.name for path in results.iterdir() if path.name.startswith(".")] == []


def test_two_files_need_no_configuration(
    hwperf: Callable[..., Answer], results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(results / "here")
    files = [f"{commit[:8]}-host-py3.11.json" for commit in (FIRST, SECOND)]
    assert hwperf("compare", *files).code == 1


def test_nothing_in_common_is_too_little_data(hwperf: Callable[..., Answer], results: Path) -> None:
    stored(results, [Row([1e-10], name="other.X.cost")], commit="c" * 40)
    answer = hwperf("compare", "aaaa", "cccc", "--results", str(results))
    assert answer.code == 3
    assert answer.err == "hwperf: no point was measured in both runs with the same code.\n"


@pytest.mark.parametrize("name", ["nonsense", "a" * 5000, "<b>&'"])
def test_an_unknown_name_is_misuse(hwperf: Callable[..., Answer], results: Path, name: str) -> None:
    answer = hwperf("compare", "aaaa", name, "--results", str(results))
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert "here:aaaaaaaa of 2001-09-09" in answer.err


def test_a_damaged_file_is_named_and_passed_over(
    hwperf: Callable[..., Answer], results: Path
) -> None:
    (results / "here" / "cccccccc-host-py3.11.json").write_text('{"version": 2')
    answer = hwperf("compare", "aaaa", "bbbb", "--results", str(results))
    assert answer.code == 1
    assert "cccccccc-host-py3.11.json is damaged" in answer.err
    assert "damaged" not in answer.out


def test_no_warning_holds_what_a_terminal_obeys(
    hwperf: Callable[..., Answer], results: Path
) -> None:
    (results / "here" / "c\x1b[31mcc-\nhost.json").write_text("{")
    answer = hwperf("compare", "aaaa", "bbbb", "--results", str(results))
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "\x1b" not in answer.err
    assert "is damaged" in answer.err


def test_a_missing_directory_is_misuse(hwperf: Callable[..., Answer], tmp_path: Path) -> None:
    answer = hwperf("compare", "a", "b", "--results", str(tmp_path / "missing"))
    assert answer.code == 2
    assert "missing is no directory" in answer.err


def test_where_nothing_is_recorded_there_is_nothing_to_compare(
    hwperf: Callable[..., Answer], tmp_path: Path
) -> None:
    answer = hwperf("compare", "HEAD~1", "HEAD", "--results", str(tmp_path))
    assert (answer.code, answer.out) == (3, "")
    assert f"nothing is recorded in {tmp_path}" in answer.err
