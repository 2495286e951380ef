"""One process measures for its neighbours; each outcome is used once, and never an old one."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.canaries.kinds import BY_NAME, Canary
from hwperf.canaries.together import SHARED, Outcome, outcome_of


class Measuring:
    """Counts what is measured; each measurement gives another number."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, canary: Canary) -> Outcome:
        self.names.append(canary.name)
        return "there is none" if canary.name == "l3_latency" else [float(len(self.names))]


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("ASV_COMMIT", raising=False)
    return tmp_path / f"hwperf-canaries-{os.getuid()}"


def round_of(measure: Callable[[Canary], Outcome]) -> list[Outcome]:
    return [outcome_of(canary, measure) for canary in SHARED]


def test_a_round_measures_each_once_and_the_next_round_anew(directory: Path) -> None:
    measure = Measuring()
    first, second = round_of(measure), round_of(measure)
    assert len(measure.names) == 2 * len(SHARED)
    assert len(set(measure.names)) == len(SHARED)
    assert all(a != b for a, b in zip(first, second, strict=True) if isinstance(a, list))
    assert "there is none" in first
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("name", ["file_sync", "host_to_device"])
def test_what_may_hang_is_measured_alone(name: str) -> None:
    measure = Measuring()
    outcome_of(BY_NAME[name], measure)
    assert measure.names == [name]


def test_what_is_old_is_measured_again() -> None:
    measure = Measuring()
    outcome_of(SHARED[0], measure)
    outcome_of(SHARED[1], measure, now=lambda: time.time() + 61)
    assert len(measure.names) == 2 * len(SHARED)


@pytest.mark.parametrize("change", ["ASV_COMMIT", "parent"])
def test_another_commit_and_another_run_share_nothing(
    monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    measure = Measuring()
    outcome_of(SHARED[0], measure)
    if change == "parent":
        monkeypatch.setattr(os, "getppid", lambda: 1)
    else:
        monkeypatch.setenv("ASV_COMMIT", "abc")
    outcome_of(SHARED[1], measure)
    assert len(measure.names) == 2 * len(SHARED)


@pytest.mark.parametrize("damage", ["{", "[]", ""])
def test_a_damaged_file_is_measured_over(directory: Path, damage: str) -> None:
    measure = Measuring()
    outcome_of(SHARED[0], measure)
    (left,) = directory.iterdir()
    left.write_text(damage)
    assert outcome_of(SHARED[1], measure) == [float(len(SHARED) + 2)]


def test_a_directory_that_others_can_write_is_not_believed(directory: Path) -> None:
    measure = Measuring()
    outcome_of(SHARED[0], measure)
    directory.chmod(0o777)
    outcome_of(SHARED[1], measure)
    assert measure.names[-1] == SHARED[1].name
    assert len(measure.names) == len(SHARED) + 1


def test_a_link_in_its_place_is_not_followed(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    directory.symlink_to(tmp_path / "elsewhere")
    measure = Measuring()
    outcome_of(SHARED[0], measure)
    assert measure.names == [SHARED[0].name]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_a_run_left_behind_is_swept(directory: Path) -> None:
    measure = Measuring()
    outcome_of(SHARED[0], measure)
    old = directory / "old.json"
    old.write_text("{}")
    os.utime(old, (0, 0))
    for _ in range(2):
        outcome_of(SHARED[0], measure)
    assert not old.exists()
