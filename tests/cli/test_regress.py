"""``hwperf regress``: exit codes, one sentence for misuse, and files where they are asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.history import floor
from tests.cli.conftest import Answer
from tests.history.planted import (
    BANDWIDTH,
    commits_of,
    git,
    one,
    own_cache,
    project,
    series_of,
    store,
)  # fmt: skip

__all__ = ["own_cache"]

Run = Callable[..., Answer]
N = 50


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that makes a project with one change, and goes there."""

    def make(*changes: tuple[int, float], n: int = N) -> list[str]:
        root = tmp_path / "project"
        copy = one("m.Copy.cost", series_of(n, *changes, base=5e-11), definition=BANDWIDTH)
        quiet = [one(f"time_quiet{i}", series_of(n, seed=50 + i)) for i in range(3)]
        commits = project(root, [copy, *quiet])
        monkeypatch.chdir(root)
        return commits

    return make


def test_a_lost_fifth_of_a_bandwidth_ends_with_1(hwperf: Run, planted: Run) -> None:
    planted((30, 1.25))
    answer = hwperf("regress")
    assert (answer.code, answer.err) == (1, "")
    assert re.search(r"bandwidth fell by (19|20)\.\d %", answer.out)


def test_a_gained_fifth_ends_with_0(hwperf: Run, planted: Run) -> None:
    planted((30, 1 / 1.2))
    answer = hwperf("regress")
    assert answer.code == 0
    assert "bandwidth rose by" in answer.out


def test_the_newest_point_ends_with_0_and_says_what_to_run(hwperf: Run, planted: Run) -> None:
    planted((N - 1, 1.5))
    answer = hwperf("regress")
    assert answer.code == 0
    assert "measure again: asv run" in answer.out


@pytest.mark.parametrize("n", [1, 6])
def test_too_little_data_ends_with_3(hwperf: Run, planted: Run, n: int) -> None:
    planted(n=n)
    answer = hwperf("regress")
    assert answer.code == 3
    assert answer.out.startswith("TOO LITTLE DATA")
    assert hwperf("regress", "--on-insufficient", "pass").code == 0


def test_nothing_measured_yet_ends_with_3(hwperf: Run, planted: Run) -> None:
    planted((30, 1.25))
    Path("results").rename("elsewhere")
    answer = hwperf("regress")
    assert (answer.code, answer.err) == (3, "")
    assert "there are no results" in answer.out


def test_failures_alone_end_with_3(hwperf: Run, tmp_path: Path) -> None:
    results = store(tmp_path, [one("time_x", [None] * 20)], commits_of(20))
    answer = hwperf("regress", "--results", str(results))
    assert answer.code == 3
    assert "every point failed" in answer.out


def test_nothing_behind_the_base_ends_with_3(hwperf: Run, planted: Run) -> None:
    planted((30, 1.25))
    assert hwperf("regress", "--since", "HEAD").code == 3


def test_only_what_is_behind_the_base_counts(hwperf: Run, planted: Run) -> None:
    commits = planted((30, 1.25))
    assert hwperf("regress", "--since", commits[20]).code == 1
    assert hwperf("regress", "--since", "HEAD~5").code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--since", "nonsense"], "'nonsense' is no commit of"),
        (["--bench", "["], "'[' is no regular expression"),
        (["--accept", "hp-1"], "belong together"),
        (["--because", "x"], "belong together"),
        (["--accept", "hp-1", "--because", "x"], "'hp-1' is no finding"),
        (["--fail-on", "everything"], "'everything' is none of"),
        (["--format", "xml"], "'xml'"),
        (["--results", "missing"], "missing is not there"),
        (["--config", "missing.json"], "missing.json is not there"),
        (["--repo", "/"], "/ is no git repository"),
        (["--order", "missing.txt"], "missing.txt cannot be read"),
        (["-o", "asv.conf.json/x"], "cannot write"),
    ],
)
def test_misuse_is_one_sentence_and_2(
    hwperf: Run, planted: Run, options: list[str], said: str
) -> None:
    planted((30, 1.25))
    answer = hwperf("regress", *options)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_bad_settings_are_misuse(hwperf: Run, planted: Run) -> None:
    planted((30, 1.25))
    Path("hwperf.toml").write_text("[track]\nfail_chance = 1\n")
    answer = hwperf("regress")
    assert answer.code == 2
    assert "did you mean fail_change?" in answer.err


def test_accepting_writes_the_file_and_ends_with_0(hwperf: Run, planted: Run) -> None:
    planted((30, 1.25))
    found = json.loads(hwperf("regress", "--format", "json").out)["findings"][0]["id"]
    answer = hwperf("regress", "--accept", found, "--because", "a safer copy")
    assert answer.code == 0
    assert ".hwperf-accept.toml" in answer.err
    assert 'reason = "a safer copy"' in Path(".hwperf-accept.toml").read_text()
    assert hwperf("regress").code == 0
    Path(".hwperf-accept.toml").unlink()
    assert hwperf("regress", "--accept", "all", "--because", "a new machine").code == 0


@pytest.mark.parametrize("format", ["text", "markdown", "json", "junit", "sarif", "github"])
def test_a_file_gets_the_format_and_standard_output_the_text(
    hwperf: Run, planted: Run, format: str
) -> None:
    planted((30, 1.25))
    answer = hwperf("regress", "--format", format, "-o", "out.txt")
    assert answer.code == 1
    assert answer.out.startswith("FAIL: 1 regression")
    assert hwperf("regress", "--format", format).out == Path("out.txt").read_text()


def test_what_fails_can_be_chosen(hwperf: Run, planted: Run) -> None:
    planted((30, 1.25))
    assert hwperf("regress", "--fail-on", "code,machine").code == 0
    assert hwperf("regress", "--warn-only").code == 0


def test_filters_reach_the_series(hwperf: Run, planted: Run) -> None:
    planted((30, 1.25))
    assert hwperf("regress", "--bench", "quiet").code == 0
    assert hwperf("regress", "--machine", "nobody").code == 3
    assert hwperf("regress", "--env", "nothing").code == 3


def test_an_order_file_stands_for_the_repository(hwperf: Run, planted: Run, tmp_path: Path) -> None:
    planted((30, 1.25))
    lines = git(Path.cwd(), "rev-list", "--reverse", "HEAD")
    order = tmp_path / "order.txt"
    order.write_text(lines)
    answer = hwperf("regress", "--order", str(order))
    assert (answer.code, answer.err) == (1, "")
    order.write_text("\n".join(lines.split()[:10]))
    assert "40 of 50 measured commits are not in" in hwperf("regress", "--order", str(order)).err


def test_results_without_a_repository_are_ordered_by_date_and_that_is_said(
    hwperf: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    results = store(tmp_path, [one("time_x", series_of(N, (30, 1.3)))], commits_of(N))
    answer = hwperf("regress", "--results", str(results))
    assert answer.code == 1
    assert "ordered by the dates in the result files" in answer.err


def test_a_workflow_gets_its_summary(
    hwperf: Run, planted: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted((30, 1.25))
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    hwperf("regress")
    assert summary.read_text() == "before\n"
    hwperf("regress", "--format", "github")
    assert summary.read_text().startswith("before\n### Fail: 1 regression")


def test_the_noise_floor_of_the_machine_is_used_and_shown(hwperf: Run, planted: Run) -> None:
    planted((30, 1.08))
    assert hwperf("regress").code == 1

    def keep(spread: float) -> None:
        values = [5e-11 * (1 + spread * sign) for sign in (-1, 1, -1, 1, -1, 1)]
        known = floor.floor_of(values, measured_at=1.0, version="v1")
        assert known is not None
        floor.keep(Path("results"), "box", 1.0, [("m.Copy.cost", (), known)])

    keep(0.005)
    answer = hwperf("regress")
    assert answer.code == 1
    assert "noise floor" in answer.out
    keep(0.1)
    assert hwperf("regress").code == 0
