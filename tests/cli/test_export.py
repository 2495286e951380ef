"""``hwperf export`` writes the runs that are asked for, and says what there is otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.made_runs import Row, stored

from .conftest import Answer


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for machine in ("here", "there"):
        for number, letter in enumerate("ab"):
            stored(
                tmp_path, [Row([1e-10])], machine=machine, commit=letter * 40,
                started_at=1e9 + 1000 * number + (machine == "there"),
            )  # fmt: skip
    return tmp_path


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        ([], ["there b"]),
        (["--machine", "here"], ["here b"]),
        (["--commit", "aaaa"], ["here a", "there a"]),
        (["--machine", "here", "--commit", "aaaa"], ["here a"]),
        (["--all-runs"], ["here a", "here b", "there a", "there b"]),
        (["--all-runs", "--machine", "there"], ["there a", "there b"]),
    ],
)
def test_the_runs_that_are_asked_for(
    hwperf: Callable[..., Answer], results: Path, options: list[str], runs: list[str]
) -> None:
    answer = hwperf("export", "--format", "json", "--results", str(results), *options)
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)["runs"]
    assert [f"{run['machine']} {run['commit'][0]}" for run in found] == runs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--machine", "nowhere"], "'nowhere' is no machine with results. There are here, there."),
        (["--commit", "cccc"], "'cccc' is no result file, machine, date or commit with results."),
        (["--commit", "aaaa", "--all-runs"], "give one of them"),
    ],
)
def test_misuse_gets_a_sentence(
    hwperf: Callable[..., Answer], results: Path, options: list[str], words: str
) -> None:
    answer = hwperf("export", "--format", "csv", "--results", str(results), *options)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err


def test_a_directory_that_no_run_has_made_yet_is_too_little_data(
    hwperf: Callable[..., Answer], tmp_path: Path
) -> None:
    """Where nobody named it: the configuration of a fresh checkout says where it will be."""
    config = tmp_path / "asv.conf.json"
    config.write_text('{"version": 1, "results_dir": "absent", "repo": "."}')
    for verb in (("export", "--format", "csv"), ("roofline",), ("napkin", "launch")):
        answer = hwperf(*verb, "--config", str(config))
        assert (answer.code, answer.out, answer.err.count("\n")) == (3, "", 1)
        assert "nothing is recorded in" in answer.err


def test_nothing_recorded_is_too_little_data(hwperf: Callable[..., Answer], tmp_path: Path) -> None:
    answer = hwperf("export", "--format", "csv", "--results", str(tmp_path))
    assert (answer.code, answer.out) == (3, "")
    assert "'hwperf run' records" in answer.err


def test_a_file_is_whole_and_keeps_the_line_ends(
    hwperf: Callable[..., Answer], results: Path
) -> None:
    target = results / "out.csv"
    answer = hwperf("export", "--format", "csv", "--results", str(results), "-o", str(target))
    assert (answer.code, answer.out) == (0, "")
    assert target.read_bytes().count(b"\r\n") == 2
    assert target.read_bytes().endswith(b"\r\n")
