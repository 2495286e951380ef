"""A canary is timed as its neighbours are: unpinned, and with what disturbs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hwperf.canaries import measured
from hwperf.canaries.kinds import BY_NAME, Canary
from hwperf.errors import Unsupported
from hwperf.host.storage import DIRECTORY
from hwperf.metrics import LATENCY


def test_a_real_one_gives_samples_of_whole_slices() -> None:
    found = measured.measure(BY_NAME["core_clock"])
    assert found.verdict in ("ok", "noisy")
    assert len(found.samples) >= 8
    calls = found.calls_per_sample * found.amounts["ops"]
    # By the fastest: a sample is long enough for the scheduler to give the core away.
    assert min(found.samples) * calls > measured.PROFILE.sample_s / 4


def test_nothing_is_set_aside_and_nothing_is_pinned() -> None:
    with measured._unguarded() as tools:
        assert tools.core.number is None
        assert tools.core_clock is None
        counters = tools.probes.read()
    assert all(value is None for value in vars(counters).values())
    allowed = os.sched_getaffinity(0)
    found = measured.measure(BY_NAME["core_clock"])
    assert found.n_disturbed == 0
    assert os.sched_getaffinity(0) == allowed


def test_a_workload_that_is_not_there_is_said() -> None:
    unknown = Canary("x", "processor", "core.unheard_of", LATENCY, "x")
    with pytest.raises(Unsupported, match=r"no core\.unheard_of"):
        measured.measure(unknown)


def test_scipy_can_be_imported_afterwards() -> None:
    with measured._without_scipy():
        pass
    assert sys.modules.get("scipy.linalg", "absent") is not None


@pytest.mark.parametrize("told", [DIRECTORY, "ASV_ENV_DIR", None])
def test_storage_is_measured_where_somebody_says_else_beside_the_suite(
    told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DIRECTORY, raising=False)
    monkeypatch.delenv("ASV_ENV_DIR", raising=False)
    suite = tmp_path / "suite"
    suite.mkdir()
    if told is not None:
        monkeypatch.setenv(told, str(tmp_path))
    with measured.place(suite):
        assert os.environ[DIRECTORY] == str(suite if told is None else tmp_path)
    assert os.environ.get(DIRECTORY) == (str(tmp_path) if told == DIRECTORY else None)


def test_a_directory_that_is_gone_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DIRECTORY, raising=False)
    monkeypatch.delenv("ASV_ENV_DIR", raising=False)
    with measured.place(tmp_path / "gone"):
        assert DIRECTORY not in os.environ
