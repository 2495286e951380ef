"""``hwperf aa``: a suite against itself. Visits are played, but for one real session."""

from __future__ import annotations

import functools
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.tiny import player, project
from hwperf.asv.ab_setting import Setting
from hwperf.history import floor
from hwperf.history.floor import session

Run = Callable[..., Any]

NOISE = {"1": 1.00, "2": 1.03, "3": 0.99, "4": 1.01, "5": 1.02, "6": 0.98}


def noisy(of: Setting, name: str) -> Mapping[str, float | None]:
    return {
        "s.noisy": NOISE[name] * 2e-3,
        "s.exact": 7.0,
        "s.zero": 0.0,
        "s.absent": math.nan,
        "s.failed": None,
    }


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return project(tmp_path / "tiny")


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that says what visits give."""
    learn = session.learn

    def install(costs: Callable[..., Mapping[str, float | None]], **options: Any) -> None:
        played = functools.partial(learn, visit=player(costs, **options), wait=lambda _: None)
        monkeypatch.setattr(session, "learn", played)

    return install


def test_the_floor_of_each_metric_is_shown_and_kept(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(noisy)
    answer = hwperf("aa", "--config", str(conf), "--target", "1%")
    assert answer.code == 0
    assert "2 metrics, 6 rounds" in answer.out
    assert "s.noisy(n=1)" in answer.out
    assert "1 have values of 0 or below" in answer.out
    assert "hwperf: s.failed(n=1): failed" in answer.err
    assert all(len(line) <= 80 or str(conf.parent) in line for line in answer.out.splitlines())
    found = floor.load(conf.parent / "results")
    assert set(found) == {("here", name, (("n", "1"),)) for name in ("s.noisy", "s.exact")}
    known = found["here", "s.noisy", (("n", "1"),)]
    assert known.rounds == 6
    assert known.version == "v1"
    logs = [math.log(value) for value in NOISE.values()]
    mean = sum(logs) / 6
    assert known.sd == pytest.approx(math.sqrt(sum((y - mean) ** 2 for y in logs) / 5))


def test_the_json_has_everything_and_is_strict(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(noisy)
    answer = hwperf("aa", "--config", str(conf), "--json", "--target", "1%", "--rounds", "4")
    shown = json.loads(answer.out, parse_constant=pytest.fail)
    assert (shown["schema"], shown["rounds"], shown["target"]) == ("hwperf.aa/1", 4, 0.01)
    metrics = {metric["benchmark"]: metric for metric in shown["metrics"]}
    assert metrics["s.exact"]["change"] == 0.0
    assert metrics["s.exact"]["rounds_needed"] == 2
    assert metrics["s.noisy"]["rounds_needed"] > 4
    assert metrics["s.zero"]["reason"] == "a value is 0 or below, which has no ratio"
    assert shown["failed"] == ["s.failed(n=1)"]


def test_an_interrupted_session_keeps_what_is_known(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(noisy, stop_at=4)
    answer = hwperf("aa", "--config", str(conf))
    assert answer.code == 130
    assert "interrupted after 4 rounds" in answer.err
    assert "s.noisy(n=1)" in answer.out
    assert {each.rounds for each in floor.load(conf.parent / "results").values()} == {4}


def test_two_rounds_of_an_interrupted_session_are_kept_without_a_floor(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(noisy, stop_at=2)
    assert hwperf("aa", "--config", str(conf)).code == 130
    path = conf.parent / "results" / "here" / floor.FILE
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    assert {record["benchmark"]: record["rounds"] for record in kept} == {
        "s.noisy": 2,
        "s.exact": 2,
    }
    assert floor.load(conf.parent / "results") == {}


def test_a_suite_without_a_value_is_neither_good_nor_bad(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(lambda of, name: {"s.failed": None, "s.absent": math.nan})
    answer = hwperf("aa", "--config", str(conf))
    assert answer.code == 3
    assert "there is no floor" in answer.err


def test_many_failures_are_summed_up(hwperf: Run, conf: Path, play: Callable[..., None]) -> None:
    play(lambda of, name: {f"s.x{i}": None for i in range(50)})
    answer = hwperf("aa", "--config", str(conf))
    assert answer.err.count(": failed") == 12
    assert "and 38 more failed" in answer.err


def test_a_dry_run_measures_and_writes_nothing(hwperf: Run, conf: Path) -> None:
    answer = hwperf("aa", "--config", str(conf), "--dry-run", "-k", "step")
    assert answer.code == 0
    assert "6 rounds of" in answer.out
    assert "benchmarks: step" in answer.out
    assert not (conf.parent / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rounds", "2"], "3<=x<=1000"),
        (["--target", "fast"], "'fast' is no change: expected a percentage above 0"),
        (["--target", "0%"], "is no change"),
        (["--target", "-1%"], "is no change"),
        (["--pause", "soon"], "'soon' is no time"),
        (["-k", "("], "is no regular expression"),
        (["--config", "nowhere.json"], "nowhere.json is not there"),
    ],
)
def test_misuse_is_one_sentence(hwperf: Run, conf: Path, arguments: list[str], said: str) -> None:
    answer = hwperf("aa", "--config", str(conf), *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_a_results_directory_that_cannot_be_written_is_told_before_measuring(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(lambda of, name: pytest.fail("it was measured"))
    (conf.parent / "results").write_text("a file where the directory should be")
    answer = hwperf("aa", "--config", str(conf))
    assert answer.code == 2
    assert "cannot write" in answer.err


def test_names_that_are_no_names_break_no_line(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    name = "s.\x1b[31m<b>\n|" + "y" * 10_000
    play(lambda of, visit: {name: NOISE[visit]})
    answer = hwperf("aa", "--config", str(conf))
    assert answer.code == 0
    assert "\x1b" not in answer.out
    assert max(map(len, answer.out.splitlines())) < 250
    assert ("here", name, (("n", "1"),)) in floor.load(conf.parent / "results")


def test_a_real_session_leaves_floors_and_no_results(hwperf: Run, conf: Path) -> None:
    """With a stranger's suite, and nothing built: its sources, by this interpreter."""
    answer = hwperf(
        "aa", "--config", str(conf), "--env", "source", "--rounds", "3", "-k", "time_step|track"
    )
    assert answer.code == 0, answer.err
    results = conf.parent / "results"
    found = floor.load(results)
    assert {benchmark for _, benchmark, _ in found} == {"speed.time_step", "speed.track_count"}
    assert {each.rounds for each in found.values()} == {3}
    assert [path.name for path in results.rglob("*") if path.is_file()] == [
        name for name in (".hwperf.lock", floor.FILE) if name
    ]
    step = next(each for (_, name, _), each in found.items() if name == "speed.time_step")
    assert min(step.values) > 0.009
