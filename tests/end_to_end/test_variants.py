"""Runs with another engine are kept beside the others, and published as another series."""

from __future__ import annotations

import json

from .conftest import Repository


def test_another_engine_makes_a_result_file_and_a_graph_of_its_own(repository: Repository) -> None:
    run = ("run", "-E", "host", "--bench", "quick.sum", "--machine", "here", "HEAD^!")
    repository.asv(*run)
    repository.asv(*run, HWPERF_STORAGE_ENGINE="fio")
    found = {}
    for path in (repository.results / "here").glob("*-host-*.json"):
        held = json.loads(path.read_text())
        found[held["env_name"]] = held["env_vars"]
        assert list(held["results"]) == ["plugins.QuickSum.cost"]
    (plain, other) = sorted(found)
    assert found[plain] == {}
    assert other == f"{plain}-HWPERF_STORAGE_ENGINEfio"
    assert found[other] == {"HWPERF_STORAGE_ENGINE": "fio"}
    sidecars = list((repository.results / "here").glob("*.hwperf.jsonl"))
    assert len(sidecars) == 2
    repository.asv("publish")
    graphs = list((repository.html / "graphs").rglob("plugins.QuickSum.cost.json"))
    assert len([path for path in graphs if "fio" in str(path)]) == 1
    assert len([path for path in graphs if "env-HWPERF_STORAGE_ENGINE-null" in str(path)]) == 1


def test_an_unknown_engine_is_said_before_anything_is_measured(repository: Repository) -> None:
    said = repository.asv("run", "-E", "host", "HEAD^!", rc=1, HWPERF_STORAGE_ENGINE="dd")
    assert "HWPERF_STORAGE_ENGINE='dd' is no engine; there are: hwperf, fio." in said
