"""The bench of verdicts counts rightly, and by its count the verdicts are right."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from hwperf.history.attribution import told

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "verdict_bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    for name in ("run", "model"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import run  # type: ignore[import-not-found]

    found: ModuleType = run
    assert found.__file__ == str(TOOLS / "run.py")
    return found


def test_blame_of_the_innocent_is_wrong_and_silence_is_not(bench: ModuleType) -> None:
    wrong = [("none", "code"), ("none", "mixed"), ("machine", "code"), ("machine", "mixed"),
             ("code", "machine"), ("code", "mixed")]  # fmt: skip
    neither = [("none", "machine"), ("code", "none"), ("machine", "unclear"), ("code", "unclear")]
    right = [("none", "none"), ("code", "code"), ("machine", "machine")]
    found = Counter(dict.fromkeys((*wrong, *neither, *right), 2))
    assert bench._wrong(found) == 2 * len(wrong)
    assert bench._right(found) == 2 * len(right)


@pytest.mark.parametrize("n_before", [1, 41])
def test_the_innocent_are_hardly_ever_blamed(bench: ModuleType, n_before: int) -> None:
    """At most 2 % wrong of some 500 benchmarks, and slower code is not merely not told."""
    counts = bench._made_up(5, 3, n_before)
    total: Counter[tuple[str, str]] = sum(counts.values(), Counter())
    assert sum(total.values()) == 5 * 3 * len(counts) * 6
    assert bench._wrong(total) <= 0.02 * sum(total.values())
    code = {told: n for (truth, told), n in total.items() if truth == "code"}
    assert code["code"] > 0.4 * sum(code.values())


def test_the_same_seed_gives_the_same_suite(bench: ModuleType) -> None:
    assert bench._made_up(1, 5, 1) == bench._made_up(1, 5, 1)
    assert bench._made_up(1, 5, 1) != bench._made_up(1, 6, 1)


def test_the_recorded_runs_blame_no_code_that_is_innocent(bench: ModuleType) -> None:
    sessions = json.loads(bench.DATA.read_text("utf-8"))
    for counts in (bench._recorded(sessions), bench._recorded_after(sessions)):
        assert set(counts) == {"quiet", "cpu", "memory", "disk", "code"}
        assert sum(map(bench._wrong, counts.values())) == 0
    assert bench._recorded(sessions)["code"]["code", "code"] > 0
    assert bench._recorded(sessions)["cpu"]["machine", "machine"] > 0


def test_a_hog_runs_as_long_as_it_is_wanted_and_leaves_nothing(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "hogs", raising=False)
    import hogs  # type: ignore[import-not-found]

    monkeypatch.setattr(hogs, "_SETTLED_S", 0.3)
    with hogs.running("disk", tmp_path):
        deadline = time.monotonic() + 30
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_real_hog_of_the_cpus_is_named_at_the_top(bench: ModuleType) -> None:
    runs = json.loads(bench.DATA.read_text("utf-8"))[0]
    quiet = next(run for run in runs if run["scenario"] == "quiet")
    hogged = next(run for run in runs if run["scenario"] == "cpu")
    series = [bench._real(name, [quiet, hogged]) for name in hogged["points"]]
    commits = series[0].commits
    verdict = bench.between(series, *commits, bench.MACHINE, bench.NOWHERE)
    note = "something else had the CPUs in the second run"
    assert [each.startswith(note) for each in verdict.notes] == [True]
    assert note in " ".join(told.text(verdict).split())
    assert note in told.markdown(verdict)
    assert told.content(verdict)["notes"] == list(verdict.notes)
    other = bench.between(series, *reversed(commits), bench.MACHINE, bench.NOWHERE)
    assert "in the first run" in other.notes[0]
    assert {finding.attribution.cause for finding in other.findings} == {"machine"}
    assert not any(finding.is_worse for finding in other.findings)
