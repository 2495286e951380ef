"""Result files are read as records, without asv."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv import results

COLUMNS = [
    "result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b",
    "stats_q_25", "stats_q_75", "stats_number", "stats_repeat", "samples", "profile",
]  # fmt: skip


def store(directory: Path, machine: str, commit: str, rows: dict[str, Any]) -> Path:
    path = directory / machine / f"{commit[:8]}-host-py3.11.json"
    path.parent.mkdir(exist_ok=True)
    (path.parent / "machine.json").write_text("{}")
    data = {
        "version": 2, "commit_hash": commit, "env_name": "host-py3.11", "date": 1,
        "params": {"machine": machine}, "python": "3.11", "requirements": {}, "env_vars": {},
        "result_columns": COLUMNS, "results": rows, "durations": {},
    }  # fmt: skip
    path.write_text(json.dumps(data))
    return path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    known = {
        "m.Copy.cost": {
            "name": "m.Copy.cost", "workload": "m.copy", "metric": "bandwidth",
            "param_names": ["nbytes", "pages"],
        }
    }  # fmt: skip
    (tmp_path / "benchmarks.json").write_text(json.dumps(known))
    copy = [
        [1e-10, None, math.nan, 2e-10], [["1", "2"], ["'small'", "'huge'"]], "v1", 5000, 1.0,
        [0.9e-10, None, None, -math.inf], [1.1e-10, None, None, math.inf], None, None, None, None,
        [[1e-10, 1e-10], None, None, None],
    ]  # fmt: skip
    store(tmp_path, "here", "a" * 40, {"m.Copy.cost": copy, "time_x": [[1.5], [], "v"]})
    return tmp_path


def test_each_point_is_a_record(directory: Path) -> None:
    points = list(results.read(directory))
    first, failed, skipped, unsure, other = points
    assert (first.machine, first.commit, first.environment) == ("here", "a" * 40, "host-py3.11")
    assert (first.benchmark, first.workload, first.metric) == ("m.Copy.cost", "m.copy", "bandwidth")
    assert dict(first.params) == {"nbytes": "1", "pages": "'small'"}
    assert (first.cost, first.interval) == (1e-10, (0.9e-10, 1.1e-10))
    assert (first.samples, first.version, first.started_at) == ((1e-10, 1e-10), "v1", 5.0)
    assert failed.cost is None
    assert skipped.cost is not None
    assert math.isnan(skipped.cost)
    assert (unsure.cost, unsure.interval) == (2e-10, None)
    assert (other.benchmark, other.workload, other.cost, dict(other.params)) == (
        "time_x", None, 1.5, {},
    )  # fmt: skip


def test_a_damaged_file_is_named_and_passed_over(directory: Path) -> None:
    damaged = directory / "here" / "0badbadb-host-py3.11.json"
    damaged.write_text('{"version": 2')
    told: list[str] = []
    assert len(list(results.read(directory, warn=told.append))) == 5
    assert len(told) == 1
    assert str(damaged) in told[0]


def test_the_latest_run_is_that_of_the_newest_measurement(directory: Path) -> None:
    store(directory, "here", "b" * 40, {"m.Null.cost": [[1.0], [], "v", 9000]})
    store(directory, "there", "c" * 40, {"m.Null.cost": [[1.0], [], "v", 7000]})
    assert [point.commit[0] for point in results.latest(directory)] == ["b"]
    assert [point.commit[0] for point in results.latest(directory, machine="there")] == ["c"]
    assert results.latest(directory, machine="nowhere") == []


def test_a_result_of_an_older_version_has_the_names_of_that_version(directory: Path) -> None:
    older = {"name": "m.Copy.cost", "version": "v1", "params": [], "param_names": ["size", "page"]}
    (directory / "here" / "definitions.jsonl").write_text(json.dumps(older) + "\n")
    assert dict(next(results.read(directory)).params) == {"size": "1", "page": "'small'"}


def test_a_missing_directory_has_no_points(tmp_path: Path) -> None:
    assert list(results.read(tmp_path / "missing")) == []


def test_reading_needs_no_asv() -> None:
    program = "import sys, hwperf.asv.results; print('asv' in sys.modules, 'numpy' in sys.modules)"
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert asked.stdout.split() == ["False", "False"], asked.stderr


@pytest.mark.parametrize("started", [10**400, math.inf, "yesterday", True])
def test_a_time_that_is_none_is_not_known(directory: Path, started: Any) -> None:
    store(directory, "odd", "d" * 40, {"time_y": [[1.5], [], "v", started]})
    (point,) = results.read(directory, machine="odd")
    assert point.started_at is None


def test_json_nested_too_deeply_is_damage(directory: Path) -> None:
    deep = directory / "here" / "dddddddd-host-py3.11.json"
    deep.write_text("[" * 100_000 + "]" * 100_000)
    told: list[str] = []
    assert len(list(results.read(directory, warn=told.append))) == 5
    assert "it is not JSON" in told[0]
