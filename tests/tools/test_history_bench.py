"""The benchmark of the detector counts as it says, and its sets are what they are called."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parents[2] / "tools" / "history_bench"
sys.path.insert(0, str(HERE))  # As where the script itself runs.

import anchors  # noqa: E402
import labelled  # noqa: E402
import plain  # noqa: E402
from noises import NOISES  # noqa: E402
from score import Score, hits  # noqa: E402
from visible import LEAST_GAP, TRAPS, visible, visible_clean  # noqa: E402

# By its path: other tools have a run.py, too, and tests of theirs in this process.
_FOUND = importlib.util.spec_from_file_location("history_bench_run", HERE / "run.py")
assert _FOUND is not None
assert _FOUND.loader is not None
run = importlib.util.module_from_spec(_FOUND)
sys.modules[_FOUND.name] = run
_FOUND.loader.exec_module(run)


def test_a_hit_is_within_three_points_and_counts_once() -> None:
    assert hits([50], [50]) == hits([47], [50]) == hits([53], [50]) == 1
    assert hits([46], [50]) == hits([54], [50]) == 0
    assert hits([49, 50, 51], [50]) == 1
    assert hits([50], [48, 52]) == 1
    assert hits([49, 52], [50, 53]) == 2


def test_scores_are_those_of_the_textbook() -> None:
    score = Score()
    score.add([10, 30, 70], [10, 50])
    assert (score.precision, score.recall) == (1 / 3, 1 / 2)
    assert score.f1 == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    assert Score().f1 == 1.0


@pytest.mark.parametrize("kind", NOISES)
def test_noise_has_no_step_of_its_own_and_the_scale_asked_for(kind: str) -> None:
    noise = NOISES[kind](np.random.default_rng(0), 4000, 0.01)
    assert noise.shape == (4000,)
    assert np.isfinite(noise).all()
    assert 0.002 < np.quantile(np.abs(noise - np.median(noise)), 0.68) < 0.1


@pytest.mark.parametrize("kind", TRAPS)
def test_traps_have_no_step_of_their_own_and_about_the_scale_asked_for(kind: str) -> None:
    noise = TRAPS[kind](np.random.default_rng(0), 4000, 0.01)
    assert noise.shape == (4000,)
    assert 0.005 < noise.std() < 0.06  # A mode or an outlier is several times the scale away.
    assert abs(noise[:2000].mean() - noise[2000:].mean()) < 0.03


def test_the_same_seed_makes_the_same_series_and_another_others() -> None:
    one, same, other = (list(labelled.synthetic(seed, 1)) for seed in (1, 1, 2))
    assert all(np.array_equal(a.values, b.values) for a, b in zip(one, same, strict=True))
    assert not any(np.array_equal(a.values, b.values) for a, b in zip(one, other, strict=True))
    assert labelled.DEVELOPMENT != labelled.TEST


def test_labels_are_where_the_level_changes() -> None:
    for series in labelled.patterns(1, 10):
        for change in series.changes:
            before, after = series.values[change - 5 : change], series.values[change : change + 5]
            assert abs(np.log(np.median(after) / np.median(before))) > 0.02
    for series in labelled.synthetic(1, 3):
        assert all(0 < change < series.values.size for change in series.changes)
        assert list(series.changes) == sorted(series.changes)
    assert all(series.changes == () for series in labelled.clean(1, 1))


def test_visible_steps_are_labelled_far_enough_apart() -> None:
    for series in visible(1, 8):
        edges = np.array([0, *series.changes, series.values.size])
        assert 1 <= len(series.changes) <= 3
        assert np.diff(edges).min() >= LEAST_GAP
        assert 60 <= series.values.size <= 300
    assert all(series.changes == () for series in visible_clean(1, 1))


def test_visible_steps_are_of_one_to_two_deviations_where_noise_is_loud(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("visible.SCALES", (0.5, 0.5))
    monkeypatch.setattr("visible.SHARES", (1, 0, 0, 0, 0, 0, 0))
    for series in visible(1, 10):
        if series.kind == "white":
            levels = np.split(np.log(series.values), series.changes)
            residual = np.concatenate([level - level.mean() for level in levels])
            assert 0.01 / 2 * 0.7 < residual.std() < 0.01 * 1.3


def exact(prefixes: list[list[float]]) -> tuple[list[list[int]], float]:
    """Find the step of 10 % once it is six points old."""
    return [[75] if len(values) >= 81 else [] for values in prefixes], 0.0


def test_the_delay_is_the_age_at_which_a_step_is_found() -> None:
    assert run.delay(exact, list(labelled.delayed(1, 3))) == (6, 0.0)
    assert run.delay(lambda p: ([[] for _ in p], 0.0), list(labelled.delayed(1, 3))) == (30, 1.0)


def test_false_positives_are_counted_per_thousand_points() -> None:
    clean = list(labelled.clean(1, 1, n=100))
    found = [[5, 9]] + [[]] * (len(clean) - 1)
    per_thousand, flagged = run.false_positives(lambda series: (found, 0.0), clean)
    assert per_thousand == pytest.approx(2 / (0.1 * len(clean)))
    assert flagged == 1 / len(clean)


def test_an_anchor_runs_in_an_interpreter_of_its_own() -> None:
    values = [1.0] * 20 + [2.0] * 20
    found, seconds = run.anchored(sys.executable, "asv continuous 1.1")([values, values[:10]])
    assert found == [[20], []]
    assert seconds >= 0


def test_anchors_that_need_nothing_more_are_listed() -> None:
    told = subprocess.run(
        [sys.executable, str(HERE / "anchors.py"), "--list"], capture_output=True, check=True
    )
    assert {"asv step detection", "Perfherder t-test"} <= set(json.loads(told.stdout))


@pytest.mark.parametrize("name", ["asv step detection", "asv publish at 5 %", "Perfherder t-test"])
def test_anchors_find_what_nobody_could_miss(name: str) -> None:
    values = np.exp(np.random.default_rng(0).normal(0, 0.01, 80))
    values[40:] *= 2
    assert anchors.ANCHORS[name][1](values.tolist()) == [40]


def test_the_plain_moving_sum_finds_steps_and_keeps_silent_about_noise() -> None:
    noise = np.random.default_rng(3).normal(0, 0.01, 200)
    assert plain.moving_sum(np.exp(noise).tolist()) == []
    level = np.repeat([0.0, 0.05, -0.05], [80, 60, 60])
    found = plain.moving_sum(np.exp(noise + level).tolist())
    assert hits(found, [80, 140]) == len(found) == 2
    assert plain.moving_sum([1.0] * 7) == plain.moving_sum([1.0] * 8) == []


def test_the_recorded_noise_is_there() -> None:
    recorded = run.residuals(HERE / "data" / "timing_noise.json")
    assert len(recorded) >= 8
    assert all(residual.size >= 300 and np.isfinite(residual).all() for residual in recorded)


def test_the_table_has_a_line_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--ours", "--per-kind", "1", "--seed", "7"]) == 0
    header, rule, line = capsys.readouterr().out.splitlines()
    assert header.count("|") == rule.count("|") == line.count("|") == 10
    assert line.startswith("| **hwperf steps** |")
