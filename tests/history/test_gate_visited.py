"""A regression to a level that the benchmark was at before is possible, and does not fail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hwperf.history.gate.findings import Finding
from hwperf.history.gate.judge import judge
from hwperf.history.gate.settings import Settings
from hwperf.history.gate.words import standing
from hwperf.history.series import load
from tests.history.planted import (
    BANDWIDTH,
    Bench,
    columns,
    commits_of,
    one,
    own_cache,
    series_of,
    store,
)  # fmt: skip

__all__ = ["own_cache"]


def found(tmp_path: Path, *benches: Bench) -> list[Finding]:
    n = max(len(bench.values) for bench in benches)
    everything = load(store(tmp_path, benches, commits_of(n)))
    findings = judge(everything, Settings()).findings
    return sorted(findings, key=lambda f: f.rank)


def levels(*runs: tuple[int, float], seed: int = 0, noise: float = 0.005) -> list[float]:
    """Return a series that sits at each factor for so many points."""
    ends = np.cumsum([0, *(length for length, _ in runs)])
    values = np.array(series_of(int(ends[-1]), seed=seed, noise=noise))
    for start, end, (_, factor) in zip(ends, ends[1:], runs, strict=False):
        values[start:end] *= factor
    return [float(value) for value in values]


def last_worse(findings: Sequence[Finding]) -> Finding:
    return [f for f in findings if f.kind in ("regression", "possible")][-1]


@pytest.mark.parametrize("factor", [1.05, 1.3])
@pytest.mark.parametrize("visit", [8, 20])
def test_what_leads_back_to_a_level_of_late_is_possible(
    tmp_path: Path, factor: float, visit: int
) -> None:
    values = levels((visit, factor), (30, 1.0), (12, factor))
    finding = last_worse(found(tmp_path, one("t", values)))
    assert (finding.kind, finding.status, finding.fails) == ("possible", "new", False)
    assert abs(finding.worst.index - (30 + visit)) <= 3
    there = [f"it was there at {commit[:8]} too" for commit in commits_of(visit)]
    assert any(finding.note.startswith(each) for each in there)


def test_a_rate_has_such_levels_too(tmp_path: Path) -> None:
    runs = (20, 1.25), (30, 1.0), (12, 1.25)
    values = [5e-8 * value for value in levels(*runs)]
    finding = last_worse(found(tmp_path, one("m.Copy.cost", values, definition=BANDWIDTH)))
    assert (finding.kind, finding.fails) == ("possible", False)
    assert finding.change == pytest.approx(-0.2, abs=0.01)


@pytest.mark.parametrize("beyond", [1.2, 1.5])
def test_a_level_beyond_all_before_fails(tmp_path: Path, beyond: float) -> None:
    runs = (30, 1.0), (15, 1.1), (30, 1.0), (20, beyond)
    finding = last_worse(found(tmp_path, one("t", levels(*runs))))
    assert (finding.kind, finding.fails) == ("regression", True)


def test_a_level_between_those_before_is_possible(tmp_path: Path) -> None:
    runs = (20, 1.3), (30, 1.0), (20, 1.15)
    finding = last_worse(found(tmp_path, one("t", levels(*runs))))
    assert (finding.kind, finding.fails) == ("possible", False)


def test_an_improvement_that_lasted_and_was_undone_fails(tmp_path: Path) -> None:
    finding = last_worse(found(tmp_path, one("t", levels((40, 1.2), (80, 1.0), (20, 1.2)))))
    assert (finding.kind, finding.fails) == ("regression", True)


def test_a_level_that_lasts_much_longer_than_its_visits_fails(tmp_path: Path) -> None:
    runs = (30, 1.0), (5, 1.2), (30, 1.0), (60, 1.2)
    finding = last_worse(found(tmp_path, one("t", levels(*runs))))
    assert (finding.kind, finding.fails) == ("regression", True)


def test_single_spikes_and_bursts_excuse_nothing(tmp_path: Path) -> None:
    values = levels((60, 1.0), (20, 1.2))
    for i in (5, 17, 31, 32, 44, 45, 46):
        values[i] *= 2.0
    finding = last_worse(found(tmp_path, one("t", values)))
    assert (finding.kind, finding.fails) == ("regression", True)


def test_one_parameter_that_was_there_excuses_not_the_others(tmp_path: Path) -> None:
    steady = [levels((50, 1.0), (20, 1.2), seed=i) for i in range(2)]
    visitor = levels((20, 1.2), (30, 1.0), (20, 1.2), seed=9)
    bench = Bench("t", columns(*steady, visitor), ["1", "2", "3"])
    finding = last_worse(found(tmp_path, bench))
    assert len(finding.members) == 3
    assert (finding.kind, finding.fails) == ("regression", True)


def test_sticky_modes_fail_no_more_often_than_they_begin(tmp_path: Path) -> None:
    """The first switch to the worse of two modes is a step; a later one is a state."""
    benches, is_first = [], {}
    for i in range(150):
        rng = np.random.default_rng([11, i])
        state = np.cumsum(rng.random(100) < 1 / 20) % 2
        noise = rng.normal(0, 0.01, 100)
        benches.append(one(f"t{i}", [float(v) for v in 1e-3 * np.exp(0.08 * state + noise)]))
        is_first[f"t{i}"] = state
    failing = [f for f in found(tmp_path, *benches) if f.fails]
    repeated = [f for f in failing if _was_there(is_first[f.series.key.benchmark], f.worst.index)]
    assert len(repeated) <= 2
    assert len(failing) <= len(benches) / 10


def _was_there(state: np.ndarray, index: int) -> bool:
    """Whether the worse mode had as many points before as a quarter of what came after."""
    return 4 * int(state[: max(0, index - 6)].sum()) >= len(state) - index


def test_what_recovered_and_came_back_is_two_changes(tmp_path: Path) -> None:
    """The first is listed as recovered; that the level comes back is told at its own commit."""
    runs = (40, 1.0), (70, 1.2), (70, 1.0), (30, 1.2)
    first, second = sorted(
        (f for f in found(tmp_path, one("t", levels(*runs))) if f.kind != "improvement"),
        key=lambda f: f.rank,
    )
    assert (first.status, first.fails) == ("recovered", False)
    assert "then changed again; now +" in standing(first)
    assert abs(second.worst.index - 180) <= 1
    assert second.status == "new"
