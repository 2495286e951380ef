"""A file that JSON can read and no report can use is named and passed over, whatever reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv.recorded import of_file
from hwperf.report.card.choice import chosen
from hwperf.report.comparison import naming
from hwperf.report.comparison.listing import listed, loaded
from tests.cli.conftest import Answer

from .made_runs import Row, stored

Change = Callable[[dict[str, Any], dict[str, Any]], None]


def result_of(data: dict[str, Any], known: dict[str, Any]) -> None:
    data["results"]["memory.Copy.cost"][0][0] = 10**400


def name_of_a_parameter(data: dict[str, Any], known: dict[str, Any]) -> None:
    known["memory.Copy.cost"]["param_names"] = [[1]]


def names_of_two_kinds(data: dict[str, Any], known: dict[str, Any]) -> None:
    known["memory.Copy.cost"]["param_names"] = [7]


def workload(data: dict[str, Any], known: dict[str, Any]) -> None:
    known["memory.Copy.cost"]["workload"] = ["memory.copy"]


def commit(data: dict[str, Any], known: dict[str, Any]) -> None:
    data["commit_hash"] = 7


def value_of_a_parameter(data: dict[str, Any], known: dict[str, Any]) -> None:
    data["results"]["memory.Copy.cost"][1] = [[8]]


def sample(data: dict[str, Any], known: dict[str, Any]) -> None:
    data["results"]["memory.Copy.cost"][7][0][0] = {}


def spoilt(directory: Path, change: Change) -> Path:
    path = stored(directory, [Row([1e-9], [8])])
    known_at = directory / "benchmarks.json"
    data, known = json.loads(path.read_text()), json.loads(known_at.read_text())
    change(data, known)
    path.write_text(json.dumps(data))
    known_at.write_text(json.dumps(known))
    return path


NONSENSE = [
    result_of, name_of_a_parameter, names_of_two_kinds, workload, commit, value_of_a_parameter,
    sample,
]  # fmt: skip


@pytest.mark.parametrize("change", NONSENSE)
def test_what_no_report_can_use_is_named_and_passed_over(tmp_path: Path, change: Change) -> None:
    path = spoilt(tmp_path, change)
    said: list[str] = []
    assert of_file(path, warn=said.append) is None
    (sentence,) = said
    assert str(path) in sentence
    assert "passed over" in sentence
    assert list(loaded(tmp_path, listed(tmp_path))) == []
    assert chosen(tmp_path) is None
    with pytest.raises(naming.UsageError, match="passed over"):
        naming.of_file(str(path))


@pytest.mark.parametrize("change", NONSENSE)
@pytest.mark.parametrize(
    "arguments",
    [
        ("card",), ("claims",), ("roofline",), ("napkin", "read 1GiB"),
        ("export", "--format", "prometheus"), ("compare", "latest", "latest"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_no_verb_ends_with_a_traceback(
    tmp_path: Path, change: Change, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    from hwperf.cli.main import main

    spoilt(tmp_path, change)
    code = main([*arguments, "--results", str(tmp_path)])
    answer = Answer(code, *capsys.readouterr())
    assert answer.code in (2, 3)
    assert answer.out == ""
    assert "passed over" in answer.err


@pytest.mark.parametrize("reader", [listed, chosen])
def test_brackets_without_end_are_damage(tmp_path: Path, reader: Callable[..., Any]) -> None:
    path = stored(tmp_path, [Row([1e-9], [8])])
    path.write_text("[" * 100_000)
    said: list[str] = []
    assert not reader(tmp_path, warn=said.append)
    assert "is damaged and passed over" in said[0]


def test_a_run_that_is_sound_is_the_one_that_was_recorded(tmp_path: Path) -> None:
    path = stored(tmp_path, [Row([1e-9, None], [8, 16])])
    said: list[str] = []
    run = of_file(path, warn=said.append)
    assert run is not None
    assert [each.value for each in run.measurements] == [pytest.approx(1e9), None]
    assert said == []
