"""``hwperf report``: one file of one run, or one sentence that says why there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report.synthetic import BEGAN, write_suite

from hwperf.cli.main import main


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs of one machine and one of another."""
    directory = tmp_path / "results"
    write_suite(directory, only="core")
    write_suite(directory, only="core", commit="b" * 40, at=BEGAN + 60)
    write_suite(directory, only="core", machine="there", at=BEGAN + 120)
    return directory


def report(results: Path, *arguments: str) -> int:
    return main(["report", "--results", str(results), *arguments])


def test_the_newest_run_is_drawn_and_where_it_went_is_said(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    assert report(results, "-o", str(out)) == 0
    assert capsys.readouterr().out == f"report: {out}\n"
    assert "<h1>there</h1>" in out.read_text(encoding="utf-8")


def test_a_machine_and_a_commit_choose_the_run(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    assert report(results, "--machine", "here", "-o", str(out)) == 0
    assert "commit bbbbbbbb" in out.read_text(encoding="utf-8")
    assert report(results, "--machine", "here", "--commit", "aaaa", "-o", str(out)) == 0
    assert "commit aaaaaaaa" in out.read_text(encoding="utf-8")


def test_two_points_of_yesterday_do_not_hide_the_whole_run_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, out = tmp_path / "results", tmp_path / "page.html"
    write_suite(results, only="memory")
    write_suite(results, only="core.null", commit="b" * 40, at=BEGAN + 60)
    assert report(results, "-o", str(out)) == 0
    assert "commit aaaaaaaa" in out.read_text(encoding="utf-8")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "has 1 points" not in said
    assert "--commit bbbbbbbb shows the newest" in said
    assert report(results, "--commit", "bbbb", "-o", str(out)) == 0
    assert "commit bbbbbbbb" in out.read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""


def test_definitions_of_nonsense_cost_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    write_suite(results, only="memory.latency")
    known = json.loads((results / "benchmarks.json").read_text())
    known["memory.Latency.cost"]["param_names"] = [{}, "pages", "order"]
    (results / "benchmarks.json").write_text(json.dumps(known))
    assert report(results, "-o", str(tmp_path / "page.html")) == 3
    said = capsys.readouterr().err
    assert "is damaged" in said
    assert "Traceback" not in said


def test_a_dash_is_stdout(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(results, "-o", "-") == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")


def test_an_empty_history_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(tmp_path) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "nothing is recorded" in said.err
    assert "hwperf run" in said.err


@pytest.mark.parametrize("arguments", [("--machine", "elsewhere"), ("--commit", "no-such-commit")])
def test_what_is_not_there_is_named_with_what_there_is(
    results: Path, arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(results, *arguments) == 2
    said = capsys.readouterr().err
    assert arguments[1] in said
    assert "There are" in said
    assert said.count("\n") == 1


def test_no_directory_of_results_is_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(tmp_path / "missing") == 2
    assert "is no directory" in capsys.readouterr().err


def test_a_damaged_file_is_named_and_passed_over(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "there" / "aaaaaaaa-host-py3.11.json").write_text("{")
    out = tmp_path / "page.html"
    assert report(results, "-o", str(out)) == 0
    assert "is damaged and passed over" in capsys.readouterr().err
    assert "<h1>here</h1>" in out.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_costs_one_sentence(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert report(results, "-o", str(tmp_path / "file" / "page.html")) == 2
    said = capsys.readouterr().err
    assert "cannot write" in said
    assert "Traceback" not in said


def test_results_are_not_changed(results: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    report(results, "-o", str(tmp_path / "page.html"))
    assert {path: path.read_bytes() for path in results.rglob("*") if path.is_file()} == before
