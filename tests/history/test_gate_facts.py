"""What is told of a finding beside its size: the direction of its value, and what was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hwperf.history.gate import words
from hwperf.history.gate.judge import judge
from hwperf.history.gate.settings import Settings
from hwperf.history.series import load
from tests.history.planted import commits_of, one, own_cache, series_of, store

__all__ = ["own_cache"]

N = 60


@pytest.mark.parametrize(("factor", "kind"), [(2.0, "improvement"), (0.5, "regression")])
def test_a_value_below_zero_falls_when_its_ratio_rises(
    tmp_path: Path, factor: float, kind: str
) -> None:
    bench = one("track_x", [-value for value in series_of(N, (40, factor), base=1.0)])
    (found,) = judge(load(store(tmp_path, [bench], commits_of(N))), Settings()).findings
    assert found.kind == kind
    verb = "time fell by" if kind == "improvement" else "time rose by"
    assert words.sentence(found).startswith(verb)


def test_what_asv_recorded_otherwise_at_a_change_is_told(tmp_path: Path) -> None:
    """Another processor under the same name doubles everything."""
    results = store(tmp_path, [one("t", series_of(N, (40, 2.0)))], commits_of(N))
    for i, commit in enumerate(commits_of(N)):
        (path,) = (results / "box").glob(f"{commit[:8]}*.json")
        data = json.loads(path.read_text())
        data["params"]["cpu"] = "old" if i < 40 else "new"
        path.write_text(json.dumps(data))
    (found,) = judge(load(results), Settings()).findings
    assert found.evidence == "cpu was 'old' and is 'new'"
    assert (found.cause, found.fails) == ("unclear", True)


def test_small_changes_that_add_up_are_told_with_their_sum(tmp_path: Path) -> None:
    steps = [(40 * k, 1.024) for k in range(1, 5)]
    bench = one("t", series_of(200, *steps, noise=0.003))
    findings = judge(load(store(tmp_path, [bench], commits_of(200))), Settings()).findings
    first = min(findings, key=lambda f: f.rank)
    assert (first.kind, first.fails) == ("regression", False)
    assert first.note.startswith("below the 3.0% that fail; with what followed 1")
    last = max(findings, key=lambda f: f.rank)
    assert last.note == "below the 3.0% that fail"
