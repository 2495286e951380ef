"""Series come out of any asv results: hwperf's, a stranger's, damaged ones, ones being written."""

from __future__ import annotations

import json
import math
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwperf.history import order
from hwperf.history.series import Series, SeriesKey, load
from tests.history.planted import (
    BANDWIDTH,
    BEGIN_S,
    DAY_S,
    TIME,
    Bench,
    columns,
    commits_of,
    one,
    own_cache,
    repository,
    row,
    store,
    store_file,
    told,
)  # fmt: skip

__all__ = ["own_cache"]


def only(found: list[Series]) -> Series:
    (series,) = found
    return series


def test_points_are_in_gits_order_and_not_in_that_of_dates(tmp_path: Path) -> None:
    commits = repository(tmp_path, 5)
    dates = [BEGIN_S + i * DAY_S for i in (3, 1, 4, 0, 2)]
    results = store(tmp_path, [one("time_x", [1.0, 2.0, 3.0, 4.0, 5.0])], commits, dates=dates)
    by_git = only(load(results, order=order.from_git(tmp_path)))
    assert by_git.values.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert by_git.commits == tuple(commits)
    assert by_git.places.tolist() == [0, 1, 2, 3, 4]
    by_date = only(load(results))
    assert by_date.values.tolist() == [4.0, 2.0, 5.0, 1.0, 3.0]


def test_what_is_no_value_is_nan_and_a_failure_is_told_from_it(tmp_path: Path) -> None:
    values = [1.0, None, math.nan, math.inf, 1e308, -2.0]
    results = store(tmp_path, [one("track_x", values, definition={"unit": "m"})], commits_of(6))
    series = only(load(results))
    assert np.isnan(series.values).tolist() == [
        False, True, True, True, True, False,
    ]  # fmt: skip
    assert series.failed.tolist() == [False, True, False, False, False, False]
    assert series.values[-1] == -2.0
    assert series.words(series.values[-1]) == "-2 m"
    assert series.words(math.nan) == "n/a"


def test_a_benchmark_that_failed_whole_is_a_failure_at_every_point(tmp_path: Path) -> None:
    bench = Bench("time_x", [[1.0, 2.0], None], ["1", "2"])
    found = load(store(tmp_path, [bench], commits_of(2)))
    assert [series.failed.tolist() for series in found] == [[False, True]] * 2


def test_a_cost_of_zero_or_less_is_none(tmp_path: Path) -> None:
    bench = one("m.Copy.cost", [1e-10, 0.0, -1e-10], definition=BANDWIDTH)
    series = only(load(store(tmp_path, [bench], commits_of(3))))
    assert np.isfinite(series.values).tolist() == [True, False, False]


def test_hwperfs_series_show_the_rate_and_keep_the_cost(tmp_path: Path) -> None:
    bench = Bench("m.Copy.cost", [[5e-11]], ["4096"], BANDWIDTH)
    series = only(load(store(tmp_path, [bench], commits_of(1))))
    assert (series.workload, series.unit, series.higher_is_better) == ("memory.copy", "B/s", True)
    assert series.rises_when_worse
    assert series.values.tolist() == [5e-11]
    assert series.words(5e-11) == "20.0 GB/s"
    assert series.name == "memory.copy(n=4096)"
    assert (series.low[0], series.high[0]) == pytest.approx((4.95e-11, 5.05e-11))
    assert series.key == SeriesKey(
        "box", "virtualenv-py3.11", "m.Copy.cost", (("n", "4096"),), "v1"
    )
    assert series.times.tolist() == [BEGIN_S + 60]


@pytest.mark.parametrize(
    ("definition", "higher", "guessed"),
    [
        (TIME, False, False),
        ({"unit": "MB/s"}, True, True),
        ({"unit": "widgets"}, False, False),
        ({"unit": "widgets", "higher_is_better": True}, True, False),
        ({"unit": "MB/s", "higher_is_better": False}, False, False),
    ],
)
def test_a_strangers_direction_is_its_own_word_or_guessed_from_the_unit(
    tmp_path: Path, definition: dict[str, object], higher: bool, guessed: bool
) -> None:
    bench = one("track_x", [1.0], definition=definition)
    series = only(load(store(tmp_path, [bench], commits_of(1))))
    assert (series.higher_is_better, series.is_guessed) == (higher, guessed)
    assert series.rises_when_worse is not higher


def test_another_version_is_another_series_and_that_is_said(tmp_path: Path) -> None:
    commits = commits_of(4)
    store(tmp_path, [one("time_x", [1.0, 1.0])], commits[:2])
    results = store(tmp_path, [one("time_x", [9.0, 9.0], version="v2")], commits[2:])
    sentences, warn = told()
    found = load(results, warn=warn)
    assert [(s.key.version, s.values.tolist()) for s in found] == [
        ("v1", [1.0, 1.0]), ("v2", [9.0, 9.0]),
    ]  # fmt: skip
    assert ["1 of 1 benchmarks changed their version" in each for each in sentences] == [True]


def test_directories_of_one_machine_name_are_two_machines(tmp_path: Path) -> None:
    commits = commits_of(2)
    store(tmp_path, [one("time_x", [1.0, 1.0])], commits)
    results = store(tmp_path, [one("time_x", [2.0, 2.0])], commits, machine="copy")
    (results / "copy" / "machine.json").write_text('{"machine": "box", "version": 1}')
    assert [series.key.machine for series in load(results)] == ["box", "copy"]
    assert len(load(results, machine="copy")) == 1
    assert len(load(results, machine="box")) == 2, "the name inside counts, too"
    assert load(results, machine="nobody") == []


def test_machines_with_slashes_and_long_names_are_found(tmp_path: Path) -> None:
    long = "x" * 200
    commits = commits_of(1)
    store(tmp_path, [one("time_x", [1.0])], commits, machine=f"lab/{long}")
    results = store(tmp_path, [one(f"time_{long}", [1.0])], commits, machine="box")
    assert [s.key.machine for s in load(results)] == ["box", f"lab/{long}"]


def test_what_other_tools_left_is_passed_over(tmp_path: Path) -> None:
    results = store(tmp_path, [one("time_x", [1.0])], commits_of(1))
    (results / "coverage").mkdir()
    (results / "coverage" / "data.json").write_text("{}")
    (results / "box" / "summary.json").write_text('{"version": 7}')
    (results / "box" / "list.json").write_text("[1, 2]")
    (results / "box" / "notes.txt").write_text("hello")
    (results / "box" / "torn.json").write_text('{"version": 2, "results": {')
    (results / "box" / "deep.json").write_text("[" * 100_000)
    sentences, warn = told()
    assert len(load(results, warn=warn)) == 1
    assert len(sentences) == 4
    assert all(str(results / "box") in sentence for sentence in sentences)


def test_a_file_that_is_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    commits = commits_of(2)
    bench = one("time_x", [1.0, 2.0])
    results = store(tmp_path, [bench], commits)
    path = results / "box" / f"{commits[1][:8]}-virtualenv-py3.11.json"
    whole = path.read_text()
    path.write_text(whole[:100])
    assert only(load(results)).values.tolist() == [1.0]
    path.write_text(whole)
    assert only(load(results)).values.tolist() == [1.0, 2.0]


def test_results_are_only_read(tmp_path: Path) -> None:
    results = store(tmp_path, [one("time_x", [1.0, 2.0])], commits_of(2))

    def state() -> list[tuple[str, int, int]]:
        return sorted((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in results.rglob("*"))

    before = state()
    load(results)
    assert state() == before


def test_placements_come_from_the_sidecar(tmp_path: Path) -> None:
    commits = commits_of(2)
    bench = Bench("m.Copy.cost", [[1e-10, 2e-10]] * 2, ["4096", "8192"], BANDWIDTH)
    results = store(tmp_path, [bench], commits)
    beside = results / "box" / f"{commits[0][:8]}-virtualenv-py3.11.hwperf.jsonl"
    lines = [
        {"benchmark": "m.Copy.cost", "params": {"n": 8192}, "placement": {"tag": tag}}
        for tag in ("near", "far")
    ]
    beside.write_text("".join(json.dumps(line) + "\n" for line in lines) + "torn {")
    first, second = load(results)
    assert (first.placements, second.placements) == (("", ""), ("far", ""))


def test_filters_ask_for_environment_name_and_id(tmp_path: Path) -> None:
    commits = commits_of(1)
    copy = Bench("m.Copy.cost", [[1e-10, 1e-10]], ["1", "2"], BANDWIDTH)
    store(tmp_path, [copy, one("time_x", [1.0])], commits)
    results = store(tmp_path, [one("time_x", [1.0])], commits, environment="existing")

    def names(**wanted: str) -> list[str]:
        patterns = {k: re.compile(v) if k == "bench" else v for k, v in wanted.items()}
        return [s.key.label for s in load(results, **patterns)]  # type: ignore[arg-type]

    assert names(environment="existing") == ["time_x"]
    assert names(bench="memory") == ["m.Copy.cost(n=1)", "m.Copy.cost(n=2)"]
    assert names(bench="n=2") == ["m.Copy.cost(n=2)"]


def test_a_file_of_an_unknown_benchmark_has_numbered_parameters(tmp_path: Path) -> None:
    results = store(tmp_path, [one("time_x", [1.0])], [])
    bench = Bench("time_y", [[1.0]], ["'a'"])
    store_file(results / "box", "a" * 40, "e", BEGIN_S, {"time_y": row(bench, 0, BEGIN_S)})
    assert only(load(results)).key.params == (("param1", "'a'"),)


def test_a_million_points_are_columns_and_not_objects(tmp_path: Path) -> None:
    """No claim about seconds: what is kept of a point is some numbers in arrays."""
    bench = Bench("time_x", [[1.0] * 500] * 20, [str(i) for i in range(500)])
    found = load(store(tmp_path, [bench], commits_of(20)))
    assert len(found) == 500
    assert all(series.values.dtype == np.float64 and len(series) == 20 for series in found)


def test_a_missing_directory_has_no_series(tmp_path: Path) -> None:
    assert load(tmp_path / "missing") == []


def test_series_do_not_depend_on_the_order_in_which_files_lie(tmp_path: Path) -> None:
    commits = commits_of(6)
    values = [float(i) for i in range(1, 7)]
    results = store(tmp_path / "a", [one("time_x", values)], commits)
    backwards = store(
        tmp_path / "b", [Bench("time_x", columns(values[::-1]))], commits[::-1],
        dates=[BEGIN_S + i * DAY_S for i in range(5, -1, -1)],
    )  # fmt: skip
    assert only(load(results)).values.tolist() == only(load(backwards)).values.tolist()


def test_results_of_an_old_asv_load_for_ever(tmp_path: Path) -> None:
    """Format 1: a number, nothing, or an object; a failure of all parameters is one null."""
    results = store(tmp_path, [one("time_now", [1.0])], commits_of(1))
    stats = {"ci_99": [0.9, 1.2], "repeat": 7}
    old = {
        "version": 1, "commit_hash": "d" * 40, "date": 1000 * BEGIN_S, "python": "3.6",
        "params": {"arch": "x86_64"}, "requirements": {"six": None},
        "benchmark_version": {"time_plain": "v0"}, "started_at": {"time_plain": 5000},
        "results": {
            "time_plain": 1.5, "time_failed": None,
            "time_rich": {"result": [1.0], "stats": [stats]},
            "time_params": {"result": [1.0, None], "params": [["1", "2"]]},
            "time_none": {"result": None, "params": [["1", "2"]]},
        },
    }  # fmt: skip
    (results / "box" / "dddddddd-py3.6-six.json").write_text(json.dumps(old))
    sentences, warn = told()
    found = {s.key.label: s for s in load(results, environment="py3.6", warn=warn)}
    assert sentences == []
    assert set(found) == {
        "time_plain", "time_failed", "time_rich", "time_params(param1=1)",
        "time_params(param1=2)", "time_none(param1=1)", "time_none(param1=2)",
    }  # fmt: skip
    plain, rich = found["time_plain"], found["time_rich"]
    assert (plain.values[0], plain.times[0], plain.key.version) == (1.5, 5.0, "v0")
    assert (rich.low[0], rich.high[0], rich.n_samples[0]) == (0.9, 1.2, 7)
    assert [name for name, s in found.items() if s.failed[0]] == [
        "time_failed", "time_none(param1=1)", "time_none(param1=2)", "time_params(param1=2)",
    ]  # fmt: skip


def test_of_very_many_damaged_files_the_rest_is_counted(tmp_path: Path) -> None:
    results = store(tmp_path, [one("time_x", [1.0])], commits_of(1))
    for i in range(50):
        (results / "box" / f"torn{i:02}.json").write_text("{")
    sentences, warn = told()
    assert len(load(results, warn=warn)) == 1
    assert len(sentences) == 21
    assert sentences[-1] == "30 more files are passed over"


def test_a_tail_is_told_from_its_median(tmp_path: Path) -> None:
    told_of = {"workload": "storage.random_read", "metric": "latency", "unit": "seconds"}
    benches = [one(f"s.Read.{m}", [1.0], definition=told_of) for m in ("cost", "cost_p99")]
    assert [s.name for s in load(store(tmp_path, benches, commits_of(1)))] == [
        "storage.random_read", "storage.random_read p99",
    ]  # fmt: skip


ODD = [
    None, True, -1, 1e308, math.nan, "", "x", [], {}, [None], [[]], {"a": 1}, "\ud800", 10**400,
    [["1"], ["2"]],
]  # fmt: skip


def test_no_file_of_whatever_form_breaks_the_others(tmp_path: Path) -> None:
    """Any part of any file may be anything: the file is named, or read as far as it goes."""
    bench = Bench("m.Copy.cost", [[1e-10, 2e-10]] * 3, ["1", "2"], BANDWIDTH)
    results = store(tmp_path, [bench], commits_of(3))
    paths = [results / "benchmarks.json", *sorted((results / "box").glob("*.json"))]
    whole = {path: path.read_text() for path in paths}
    chance = random.Random(0)
    for _ in range(150):
        path = chance.choice(paths)
        data = json.loads(whole[path])
        where, key = chance.choice(list(parts(data)))
        where[key] = chance.choice(ODD)
        if chance.random() < 0.3:
            data["version"] = 1
        path.write_text(json.dumps(data))
        found = load(results)
        assert path == paths[0] or sum(len(series) for series in found) >= 4
        path.write_text(whole[path])


def parts(data: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(data) if isinstance(data, dict) else range(len(data)):
        yield data, key
        if isinstance(data[key], (dict, list)):
            yield from parts(data[key])


def test_a_pipe_among_the_results_is_passed_over(tmp_path: Path) -> None:
    """Whoever reads a pipe waits for ever."""
    results = store(tmp_path, [one("t", [1.0, 2.0])], commits_of(2))
    os.mkfifo(results / "box" / "pipe.json")
    sentences, tell = told()
    assert len(only(load(results, warn=tell))) == 2
    assert [sentence.endswith("it cannot be read (it is a pipe)") for sentence in sentences] == [
        True
    ]


def test_a_link_back_into_the_results_doubles_no_series(tmp_path: Path) -> None:
    results = store(tmp_path, [one("t", [1.0, 2.0])], commits_of(2))
    (results / "box" / "again").symlink_to(results / "box")
    (results / "up").symlink_to(results)
    assert only(load(results)).key.machine == "box"


def test_a_linked_machine_is_one_of_the_results(tmp_path: Path) -> None:
    elsewhere = store(tmp_path / "a", [one("t", [1.0, 2.0])], commits_of(2))
    results = store(tmp_path / "b", [one("t", [1.0, 2.0])], commits_of(2), machine="other")
    (results / "linked").symlink_to(elsewhere / "box")
    assert [series.key.machine for series in load(results)] == ["linked", "other"]


def test_a_ratio_of_values_below_zero_is_worse_the_other_way(tmp_path: Path) -> None:
    results = store(tmp_path, [one("t", [-1.0, -2.0]), one("u", [1.0, 2.0])], commits_of(2))
    assert [series.rises_when_worse for series in load(results)] == [False, True]
