"""Somebody's suite, run by stock asv and with hwperf's plugin, in both ways of starting."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hwperf.asv import recorded
from hwperf.canaries.kinds import recognised

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "somebodys-suite"


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, a repository of its own."""
    path = tmp_path_factory.mktemp("somebody") / "suite"
    shutil.copytree(EXAMPLE, path, ignore=shutil.ignore_patterns("results", "__pycache__"))
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
        run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], path)
    asv(path, "machine", "--yes", "--machine", "box")
    return path


def run(command: list[str], cwd: Path, **variables: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def asv(path: Path, *arguments: str) -> str:
    home = path.parent
    return run(
        [sys.executable, "-m", "asv", *arguments], path,
        ASV_PYTHONPATH=str(path), HOME=str(home), XDG_CACHE_HOME=str(home / "cache"),
    )  # fmt: skip


@pytest.mark.parametrize("plugin", [False, True], ids=["stock", "plugin"])
@pytest.mark.parametrize("launch", ["spawn", "forkserver"])
def test_the_canaries_are_measured_beside_the_suite(suite: Path, launch: str, plugin: bool) -> None:
    """One is measured, one is n/a without a failure, and the suite's own are there as before."""
    config = suite / "asv.conf.json"
    text = (EXAMPLE / "asv.conf.json").read_text(encoding="utf-8")
    if plugin:
        text = text.replace('"version": 1,', '"version": 1, "plugins": [".hwperf.asv.plugin"],')
    config.write_text(text.replace('"results"', f'"results-{launch}-{plugin}"'), encoding="utf-8")
    commit = run(["git", "rev-parse", "HEAD"], suite).strip()
    told = asv(
        suite, "run", "-E", f"existing:{sys.executable}", "--set-commit-hash", commit,
        "--machine", "box", "--launch-method", launch, "-b", "CoreClock|HostToDevice|Record",
        "-a", "rounds=1", "--show-stderr",
    )  # fmt: skip
    (found,) = recorded.runs(suite / f"results-{launch}-{plugin}")
    by_name = {each.point.benchmark: each for each in found.measurements}
    clock = by_name["canaries.HwperfCanaryCoreClock.track_cost"]
    assert clock.point.unit == "seconds"
    assert clock.value is not None
    assert 1e-11 < clock.value < 1e-7
    assert clock.interval is not None
    assert recognised(clock.point.version) is not None
    device = by_name["canaries.HwperfCanaryHostToDevice.track_cost"]
    assert device.verdict in ("ok", "n/a"), told
    assert by_name["project.Record.time_record"].value is not None
    assert not list(suite.rglob(".hwperf-scratch-*"))


def test_the_mark_is_in_benchmarks_json(suite: Path) -> None:
    """A program that has nothing of hwperf tells canaries from benchmarks by it."""
    for path in sorted(suite.glob("results-*/benchmarks.json")):
        definitions = json.loads(path.read_text(encoding="utf-8")).values()
        marks = [each.get("hwperf_canary") for each in definitions if isinstance(each, dict)]
        assert "core_clock" in marks
