"""``hwperf card`` shows a run in the form that is asked for, and says where there is nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hwperf.report.claims import claims

from .conftest import Answer

Hwperf = Callable[..., Answer]
COLUMNS = [
    "result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b",
]  # fmt: skip
NAMES = {
    "memory.Stride.cost": ("memory.stride", "latency", ["nbytes", "stride_bytes"]),
    "multicore.Mutex.cost": ("multicore.mutex", "latency", ["kind", "threads"]),
}


def stored(results: Path, costs: dict[str, dict[tuple[Any, ...], float | None]],
           commit: str = "a" * 40, names: dict[str, Any] = NAMES) -> Path:  # fmt: skip
    """Write a run; *costs* by benchmark and parameters, with an interval of 1 %."""
    folder = results / "here"
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"machine": "here", "cpu": "A CPU", "num_cpu": "2", "ram": "16 GiB", "os": "Linux"}
    (folder / "machine.json").write_text(json.dumps({**facts, "version": 1}))
    known, rows = {}, {}
    for name, by_params in costs.items():
        workload, metric, axes = names[name]
        ours = {"workload": workload, "metric": metric} if workload else {}
        known[name] = {
            "name": name, "unit": "seconds", "version": "1", "param_names": axes, **ours,
        }  # fmt: skip
        values = [sorted({repr(params[i]) for params in by_params}) for i in range(len(axes))]
        by_repr = {tuple(map(repr, params)): cost for params, cost in by_params.items()}
        order: list[tuple[str, ...]] = [()]
        for axis in values:
            order = [(*done, value) for done in order for value in axis]
        found = [by_repr.get(key) for key in order]
        low = [None if each is None else each * 0.99 for each in found]
        high = [None if each is None else each * 1.01 for each in found]
        rows[name] = [found, values, "1", 1_700_000_000_000, 1.0, low, high]
    (results / "benchmarks.json").write_text(json.dumps(known))
    data = {
        "version": 2, "commit_hash": commit, "date": 1, "python": "3.11", "params": {},
        "env_name": "host-py3.11", "requirements": {}, "result_columns": COLUMNS,
        "results": rows, "durations": {},
    }  # fmt: skip
    path = folder / f"{commit[:8]}-host-py3.11.json"
    path.write_text(json.dumps(data))
    return path


def stride(sequential: float | None, strided: float | None) -> dict[str, Any]:
    return {"memory.Stride.cost": {(2**28, 8): sequential, (2**28, 512): strided}}


LOCK = {"multicore.Mutex.cost": {("pthread", 1): 4e-9}}


def test_the_card_is_text_by_default(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, LOCK)
    answer = hwperf("card", "--results", str(tmp_path))
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[0].startswith("A CPU, 2 CPUs, 16 GiB, Linux, 2023-11-14")
    assert "better  multicore.mutex" in answer.out
    assert "\x1b" not in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_the_json_has_all_ids_in_the_textbooks_order(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, LOCK)
    answer = hwperf("card", "--json", "--results", str(tmp_path))
    shown = json.loads(answer.out)
    assert [row["id"] for row in shown["rows"]] == [claim.id for claim in claims()]
    (lock,) = [row for row in shown["rows"] if row["id"] == "multicore.mutex"]
    assert lock["value"] == pytest.approx(4e-9)
    assert lock["interval"] == pytest.approx([3.96e-9, 4.04e-9])
    assert (lock["verdict"], lock["workloads"]) == ("better", ["multicore.mutex"])
    assert hwperf("card", "--format", "json", "--results", str(tmp_path)).out == answer.out


@pytest.mark.parametrize(
    ("name", "begin"),
    [("c.svg", "<svg "), ("c.html", "<!doctype html>"), ("c.md", "```text"), ("c.json", "{"),
     ("c.txt", "A CPU")],
)  # fmt: skip
def test_a_file_has_the_form_of_its_name(
    hwperf: Hwperf, tmp_path: Path, name: str, begin: str
) -> None:
    stored(tmp_path, LOCK)
    target = tmp_path / "new" / name
    answer = hwperf("card", "-o", str(target), "--results", str(tmp_path))
    assert (answer.code, answer.out) == (0, "")
    assert target.read_text("utf-8").startswith(begin)
    assert list(target.parent.iterdir()) == [target]


def test_the_form_that_is_named_wins_over_the_files_name(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, LOCK)
    target = tmp_path / "c.txt"
    assert hwperf(
        "card", "--format", "svg", "-o", str(target), "--results", str(tmp_path)
    ).code == 0  # fmt: skip
    assert target.read_text("utf-8").startswith("<svg ")


def test_nothing_to_show_is_one_sentence_and_code_3(hwperf: Hwperf, tmp_path: Path) -> None:
    config = tmp_path / "asv.conf.json"
    config.write_text(json.dumps({"version": 1, "results_dir": "absent", "repo": "."}))
    absent = hwperf("card", "--config", str(config))
    empty = hwperf("card", "--results", str(tmp_path))
    for answer, words in ((absent, "nothing was measured yet"), (empty, "holds no results")):
        assert (answer.code, answer.out) == (3, "")
        assert len(answer.err.splitlines()) == 1
        assert words in answer.err


@pytest.mark.parametrize("verb", ["card", "claims"])
def test_a_directory_that_was_named_and_is_not_there_is_misuse(
    hwperf: Hwperf, tmp_path: Path, verb: str
) -> None:
    answer = hwperf(verb, "--results", str(tmp_path / "absent"))
    assert (answer.code, answer.out) == (2, "")
    assert "absent is no directory" in answer.err


def test_a_run_of_failures_says_so(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, stride(None, None))
    answer = hwperf("card", "--results", str(tmp_path))
    assert (answer.code, answer.out) == (3, "")
    assert len(answer.err.splitlines()) == 1
    assert "has no value of any workload" in answer.err
    rows = json.loads(hwperf("card", "--json", "--results", str(tmp_path)).out)["rows"]
    assert {row["verdict"] for row in rows} == {"not measurable here"}


def test_an_older_versions_run_says_so(hwperf: Hwperf, tmp_path: Path) -> None:
    """Its workloads are there, and its points are none that the card asks for."""
    stored(tmp_path, {"multicore.Mutex.cost": {("spin", 1): 4e-9}})
    answer = hwperf("card", "--results", str(tmp_path))
    assert (answer.code, answer.out) == (3, "")
    assert "another version of the workload recorded" in answer.err


def test_somebody_elses_suite_says_so(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, {"bench.time_it": {(): 4e-9}}, names={"bench.time_it": ("", "", [])})
    answer = hwperf("card", "--results", str(tmp_path))
    assert answer.code == 3
    assert "another suite's" in answer.err


def test_a_damaged_file_is_named_and_passed_over(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, LOCK)
    damaged = stored(tmp_path, LOCK, commit="b" * 40)
    damaged.write_text("{")
    answer = hwperf("card", "--results", str(tmp_path))
    assert answer.code == 0
    assert str(damaged) in answer.err
    assert "aaaaaaaa" in answer.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--json", "--format", "svg"), "two formats"),
        (("--machine", "elsewhere"), "has no results of it"),
        (("--commit", "ffff"), "no results of it"),
        (("--format", "pdf"), "pdf"),
    ],
)
def test_misuse_is_one_sentence_and_code_2(
    hwperf: Hwperf, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    stored(tmp_path, LOCK)
    answer = hwperf("card", "--results", str(tmp_path), *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_file_in_place_of_a_directory_and_a_missing_configuration(
    hwperf: Hwperf, tmp_path: Path
) -> None:
    path = stored(tmp_path, LOCK)
    assert hwperf("card", "--results", str(path)).code == 2
    missing = hwperf("card", "--config", str(tmp_path / "absent.json"))
    assert missing.code == 2
    assert "absent.json is not there" in missing.err


def test_the_configuration_says_where_results_are(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path / "kept", LOCK)
    config = tmp_path / "asv.conf.json"
    config.write_text(json.dumps({"version": 1, "results_dir": "kept", "repo": "."}))
    assert hwperf("card", "--config", str(config), "--commit", "aaaaaaaa").code == 0


def test_results_are_not_touched(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, LOCK)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert hwperf("card", "--results", str(tmp_path)).code == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_it_loads_no_heavy_library_and_no_workload() -> None:
    """So that it answers at once."""
    import subprocess
    import sys

    code = (
        "import sys, hwperf.cli.card, hwperf.cli.claims, hwperf.report.card, "
        "hwperf.report.card.choice\n"
        "heavy = {'numpy', 'numba', 'torch', 'asv', 'hwperf.plugins', 'hwperf.domains'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
