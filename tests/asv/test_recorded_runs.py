"""A run is its result file and the sidecar beside it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv import recorded, sidecar

COLUMNS = ["result", "params", "version", "started_at", "stats_ci_99_a", "stats_ci_99_b"]
KNOWN = {
    "m.Copy.cost": {
        "name": "m.Copy.cost", "workload": "m.copy", "metric": "bandwidth", "unit": "seconds",
        "metric_unit": "B/s", "param_names": ["nbytes", "pages"],
    },
    "m.Copy.cost_p99": {"name": "m.Copy.cost_p99", "workload": "m.copy", "unit": "seconds"},
    "time_x": {"name": "time_x", "unit": "seconds"},
}  # fmt: skip
COPY = [
    [1e-10, None, math.nan, 2e-10], [["1", "2"], ["'small'", "'huge'"]], "v1", 5000,
    [0.5e-10, None, None, -math.inf], [2e-10, None, None, math.inf],
]  # fmt: skip


def store(directory: Path, machine: str, commit: str, rows: dict[str, Any]) -> Path:
    path = directory / machine / f"{commit[:8]}-host.json"
    path.parent.mkdir(exist_ok=True)
    (path.parent / "machine.json").write_text('{"cpu": "Zen 9", "version": 1}')
    data = {
        "version": 2, "commit_hash": commit, "env_name": "host", "date": 1, "params": {},
        "python": "3.11", "requirements": {}, "env_vars": {}, "result_columns": COLUMNS,
        "results": rows, "durations": {},
    }  # fmt: skip
    path.write_text(json.dumps(data))
    return path


@pytest.fixture
def results_dir(tmp_path: Path) -> Path:
    (tmp_path / "benchmarks.json").write_text(json.dumps(KNOWN))
    store(tmp_path, "here", "a" * 40, {"m.Copy.cost": COPY, "time_x": [[1.5], [], "v"]})
    return tmp_path


def test_a_value_is_in_the_unit_that_people_read(results_dir: Path) -> None:
    (run,) = recorded.runs(results_dir)
    first, failed, skipped, unsure, foreign = run.measurements
    assert (run.machine, run.commit, run.measured_at) == ("here", "a" * 40, 5.0)
    assert run.facts == {"cpu": "Zen 9"}
    assert (first.name, first.value, first.interval) == ("m.copy", 1e10, (5e9, 2e10))
    assert (first.unit, first.higher_is_better) == ("B/s", True)
    assert dict(first.params) == {"nbytes": 1, "pages": "small"}
    assert [m.verdict for m in (first, failed, skipped)] == ["ok", "failed", "n/a"]
    assert (failed.value, skipped.value, unsure.interval) == (None, None, None)
    assert (foreign.name, foreign.value, foreign.unit) == ("time_x", 1.5, "seconds")
    assert foreign.higher_is_better is False


def test_the_sidecar_says_what_a_number_is_worth(results_dir: Path) -> None:
    path = sidecar.path_beside(results_dir / "here" / f"{'a' * 8}-host.json")
    for verdict, params in (("ok", {"nbytes": 1, "pages": "small"}), ("n/a", {"nbytes": 1})):
        sidecar.append(path, {"benchmark": "m.Copy.cost", "params": params, "verdict": verdict})
    told = {
        "benchmark": "m.Copy.cost", "params": {"nbytes": 1, "pages": "small"}, "verdict": "noisy",
        "reason": "lost its core", "placement": {"tag": "near"},
    }  # fmt: skip
    sidecar.append(path, told)
    (run,) = recorded.runs(results_dir)
    first = run.measurements[0]
    assert (first.verdict, first.reason, first.placement) == ("noisy", "lost its core", "near")
    assert run.measurements[3].record == {}


@pytest.mark.parametrize("record", ["[]", '{"params": 3}', '{"params": {"nbytes": [1, {}]}}', "{"])
def test_a_strange_sidecar_costs_nothing(results_dir: Path, record: str) -> None:
    path = sidecar.path_beside(results_dir / "here" / f"{'a' * 8}-host.json")
    path.write_text(record + "\n")
    (run,) = recorded.runs(results_dir)
    assert run.measurements[0].verdict == "ok"


def test_the_newest_run_is_that_of_the_newest_measurement(results_dir: Path) -> None:
    store(results_dir, "there", "c" * 40, {"time_x": [[1.0], [], "v", 4000]})
    store(results_dir, "here", "b" * 40, {"time_x": [[1.0], [], "v", 9000]})
    newest = recorded.newest(results_dir)
    assert newest is not None
    assert newest.commit == "b" * 40
    assert recorded.newest(results_dir / "nowhere") is None
