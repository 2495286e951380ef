"""A tiny project with an asv suite. This module makes it in git, and plays visits of one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from hwperf.asv.ab_setting import Setting
from hwperf.asv.recorded import Measurement, Run
from hwperf.asv.results import Point
from hwperf.asv.rounds import Visit

CONF = """{
    // A stranger's suite: no plugin of hwperf's.
    "version": 1, "project": "tiny", "repo": ".", "branches": ["main"],
    "environment_type": "virtualenv"
}
"""

WORK = """import time


def step():
    time.sleep({seconds})


def other():
    {body}
"""

SUITE = """from tiny import work


def time_step():
    work.step()


def time_other():
    work.other()


def track_count():
    return 7


time_step.repeat = time_other.repeat = 2
time_step.rounds = time_other.rounds = 1
time_step.number = time_other.number = 1
time_step.warmup_time = time_other.warmup_time = 0
"""


def git(path: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", "-C", str(path), *identity, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def project(path: Path, *, seconds: tuple[float, ...] = (0.01,), body: str = "pass") -> Path:
    """Make a project of one commit for each of *seconds* and return its configuration.

    Args:
        path: an empty directory.
        seconds: how long a step takes in each commit.
        body: what ``other`` does in the last commit.
    """
    (path / "tiny").mkdir(parents=True)
    (path / "benchmarks").mkdir()
    (path / "tiny" / "__init__.py").write_text("")
    (path / "benchmarks" / "__init__.py").write_text("")
    (path / "benchmarks" / "speed.py").write_text(SUITE)
    (path / ".gitignore").write_text("env/\nresults/\n__pycache__/\n")
    (path / "asv.conf.json").write_text(CONF)
    git(path, "init", "-q", "-b", "main")
    for number, each in enumerate(seconds, 1):
        is_last = number == len(seconds)
        text = WORK.format(seconds=each, body=body if is_last else "pass")
        (path / "tiny" / "work.py").write_text(text)
        git(path, "add", "-A")
        git(path, "commit", "-q", "--allow-empty", "-m", f"commit {number}")
    return path / "asv.conf.json"


def player(
    costs: Callable[[Setting, str], Mapping[str, float | None]],
    *,
    stop_at: int | None = None,
    versions: Mapping[str, str] = MappingProxyType({}),
) -> Callable[..., Visit]:
    """Return what stands for a visit and gives the costs that *costs* says, by benchmark.

    Args:
        costs: asked with the setting and the name of the visit.
        stop_at: the visit at which the user interrupts.
        versions: of benchmarks whose version is another than "v1".
    """
    count = [0]

    def visit(of: Setting, name: str, *, only_discover: bool = False, **_: object) -> Visit:
        if only_discover:
            return Visit(0, "", (), 0.0, False)
        count[0] += 1
        measurements = tuple(
            Measurement(
                Point(
                    "here", of.commit, "py3", 1.0, benchmark, None, None, {"n": "1"}, cost, None,
                    (), versions.get(benchmark, "v1"),
                )
            )
            for benchmark, cost in costs(of, name).items()
        )  # fmt: skip
        run = Run(Path("x.json"), "here", {}, of.commit, "py3", 1.0, measurements)
        return Visit(0, "", (run,), 0.0, count[0] == stop_at)

    return visit
