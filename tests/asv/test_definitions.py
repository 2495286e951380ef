"""Definitions of benchmarks are added to, never cut, and older versions keep a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asv.benchmarks import Benchmarks
from asv.config import Config
from asv.results import Results

from hwperf.asv import definitions, plugin, versions


def definition(name: str, version: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "params": [], "param_names": [], **fields}


@pytest.fixture
def conf(tmp_path: Path) -> Config:
    plugin.setup()
    definitions.set_machine("here")
    return Config.from_json({"repo": ".", "results_dir": str(tmp_path)})


def stored(conf: Config) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Path(conf.results_dir, "benchmarks.json").read_text())
    assert data.pop("version") == 2
    return data


def test_a_smaller_suite_does_not_cut_the_file(conf: Config) -> None:
    Benchmarks(conf, [definition("a"), definition("b")]).save()
    Benchmarks(conf, [definition("b", "v2"), definition("c")]).save()
    assert {name: entry["version"] for name, entry in stored(conf).items()} == {
        "a": "v1",
        "b": "v2",
        "c": "v1",
    }


def test_each_version_is_kept_once_with_the_machine_that_ran_it(conf: Config) -> None:
    for version in ("v1", "v2", "v1"):
        Benchmarks(conf, [definition("a", version)]).save()
    kept = list(versions.all_versions(conf.results_dir))
    assert [entry["version"] for entry in kept] == ["v1", "v2"]
    assert Path(conf.results_dir, "here", versions.FILE).is_file()


def test_a_damaged_file_is_set_aside_and_written_anew(conf: Config) -> None:
    path = Path(conf.results_dir, "benchmarks.json")
    path.write_text('{"a": {')
    Benchmarks(conf, [definition("b")]).save()
    assert set(stored(conf)) == {"b"}
    assert path.with_name("benchmarks.json.broken-1").read_text() == '{"a": {'


def test_what_stands_for_a_missing_workload_is_left_out(conf: Config) -> None:
    found = [definition("a", missing="no workload"), definition("b")]
    assert set(Benchmarks(conf, found)) == {"b"}


def test_a_pattern_matches_ids_as_well_as_names(conf: Config) -> None:
    found = [
        definition("m.Copy.cost", workload="m.copy", params=[["1", "2"]], param_names=["n"]),
        definition("m.Null.cost", workload="m.null"),
        definition("time_x"),
    ]
    assert set(Benchmarks(conf, found, regex=["^m.copy"])) == {"m.Copy.cost"}
    assert set(Benchmarks(conf, found, regex="m.null|time_x")) == {"m.Null.cost", "time_x"}
    selected = Benchmarks(conf, found, regex=[r"m\.copy\(2\)"])
    assert set(selected) == {"m.Copy.cost"}
    assert selected.benchmark_selection["m.Copy.cost"] == [1]
    both = Benchmarks(conf, found, regex=[r"m\.copy\(2\)", r"Copy\.cost\(1\)"])
    assert both.benchmark_selection["m.Copy.cost"] == [0, 1]


def test_results_of_an_older_version_are_renamed_only_for_pages(conf: Config) -> None:
    for version in ("older-version", "newer-version"):
        Benchmarks(conf, [definition("a", version)]).save()
    results = Results({"machine": "here"}, {}, "0" * 40, 0, "3.11", "host-py3.11", {})
    blank: dict[str, Any] = {"a": None}
    for table in ("_results", "_samples", "_stats", "_started_at", "_duration"):
        setattr(results, table, dict(blank))
    results._benchmark_params = {"a": []}
    results._benchmark_version = {"a": "older-version"}
    definitions.show_versions(results)
    assert set(results._results) == {"a"}
    with definitions.older_versions_shown():
        benchmarks = Benchmarks.load(conf)
        definitions.show_versions(results)
    assert set(results._results) == {"a@older-ve"}
    assert benchmarks["a@older-ve"]["pretty_name"] == "a (version older-ve)"
    assert set(results.get_result_keys(benchmarks)) == {"a@older-ve"}
    assert set(Benchmarks.load(conf)) == {"a"}
