"""Results of a suite whose changes are known: what the tests of histories read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COLUMNS = [
    "result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b",
]  # fmt: skip
BEGIN_S = 1_700_000_000
DAY_S = 86_400
BANDWIDTH = {"workload": "memory.copy", "metric": "bandwidth", "unit": "seconds"}
LATENCY = {"workload": "memory.latency", "metric": "latency", "unit": "seconds"}
TIME = {"unit": "seconds", "type": "time"}


@dataclass(frozen=True)
class Bench:
    """One benchmark of a made-up suite.

    Attributes:
        name: asv's name.
        values: for each commit the values of its points, as asv stores them.
        params: the ``repr`` of its parameter's values; none where empty.
        definition: what else benchmarks.json says of it.
        version: its version.
    """

    name: str
    values: Sequence[Sequence[float | None] | None]
    params: Sequence[str] = ()
    definition: Mapping[str, Any] = field(default_factory=lambda: TIME)
    version: str = "v1"

    @property
    def axes(self) -> list[list[str]]:
        return [list(self.params)] if self.params else []


def commits_of(n: int) -> list[str]:
    """Return hashes of commits whose order no one could guess."""
    return [f"{(i * 2654435761) % 2**32:08x}{'c' * 32}" for i in range(n)]


def store(
    root: Path,
    benches: Sequence[Bench],
    commits: Sequence[str],
    *,
    machine: str = "box",
    environment: str = "virtualenv-py3.11",
    dates: Sequence[float] | None = None,
) -> Path:
    """Write the results of *benches* at *commits* below *root*; return the results directory."""
    results = root / "results"
    directory = results / machine
    directory.mkdir(parents=True, exist_ok=True)
    told = {"machine": machine, "version": 1}
    (directory / "machine.json").write_text(json.dumps(told))
    known = {
        bench.name: {
            "name": bench.name, "version": bench.version, "params": bench.axes,
            "param_names": ["n"] if bench.params else [], **bench.definition,
        }
        for bench in benches
    }  # fmt: skip
    path = results / "benchmarks.json"
    before = json.loads(path.read_text()) if path.exists() else {"version": 2}
    path.write_text(json.dumps({**before, **known}))
    for i, commit in enumerate(commits):
        date = dates[i] if dates is not None else BEGIN_S + i * DAY_S
        rows = {b.name: row(b, i, date) for b in benches if i < len(b.values)}
        store_file(directory, commit, environment, date, rows)
    return results


def row(bench: Bench, i: int, date: float) -> list[Any]:
    values = bench.values[i]
    bounds = [
        None if values is None else [v if v is None else v * f for v in values]
        for f in (0.99, 1.01)
    ]
    return [values, bench.axes, bench.version, 1000 * (date + 60), 1.0, *bounds]


def store_file(
    directory: Path, commit: str, environment: str, date: float, rows: Mapping[str, Any]
) -> Path:
    path = directory / f"{commit[:8]}-{environment}.json"
    data = {
        "version": 2, "commit_hash": commit, "env_name": environment, "date": 1000 * date,
        "params": {"machine": directory.name}, "python": "3.11", "requirements": {},
        "env_vars": {}, "result_columns": COLUMNS, "results": rows, "durations": {},
    }  # fmt: skip
    path.write_text(json.dumps(data))
    os.utime(path, (BEGIN_S, BEGIN_S))  # Old: the cache does not trust what was just written.
    return path


def series_of(
    n: int, *changes: tuple[int, float], base: float = 1e-3, noise: float = 0.005, seed: int = 0
) -> list[float]:
    """Return *n* values around *base*, times a factor from each index on."""
    values = base * np.exp(noise * np.random.default_rng(seed).standard_normal(n))
    for index, factor in changes:
        values[index:] *= factor
    return [float(value) for value in values]


def columns(*series: Iterable[float | None]) -> list[list[float | None]]:
    """Return the values of each commit from the values of each parameter."""
    return [list(each) for each in zip(*series, strict=True)]


def one(name: str, values: Iterable[float | None], **more: Any) -> Bench:
    """Return a benchmark without parameters."""
    return Bench(name, columns(values), **more)


def repository(root: Path, n: int) -> list[str]:
    """Make a git repository with *n* commits in *root*; return their hashes, oldest first."""
    root.mkdir(parents=True, exist_ok=True)
    lines = "".join(
        f"commit refs/heads/main\ncommitter a <a@b> {BEGIN_S + i * DAY_S} +0000\ndata 1\nx\n"
        for i in range(n)
    )
    git(root, "init", "--quiet")
    git(root, "symbolic-ref", "HEAD", "refs/heads/main")
    git(root, "fast-import", "--quiet", given=lines)
    return git(root, "rev-list", "--reverse", "main").split()


def git(root: Path, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        input=given, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def configure(root: Path, **more: Any) -> Path:
    """Write an asv.conf.json into *root*."""
    told = {
        "version": 1, "project": "made up", "repo": ".", "branches": ["main"],
        "results_dir": "results", "html_dir": "html", **more,
    }  # fmt: skip
    path = root / "asv.conf.json"
    path.write_text(json.dumps(told))
    return path


def project(root: Path, benches: Sequence[Bench], **more: Any) -> list[str]:
    """Make a project with a repository, a configuration and results; return its commits."""
    commits = repository(root, max(len(bench.values) for bench in benches))
    configure(root, **more)
    store(root, benches, commits)
    return commits


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is parsed apart from the user's own cache."""
    monkeypatch.setenv("HWPERF_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def told() -> tuple[list[str], Callable[[str], None]]:
    """Return a list, and the function that adds to it."""
    sentences: list[str] = []
    return sentences, sentences.append
