"""Series and results of a suite with canaries, made for the tests of verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hwperf.canaries.kinds import BY_NAME
from hwperf.history.series import Series, SeriesKey

__all__ = ["MACHINE", "CanaryCosts", "canaries_of", "made", "noisy", "stored"]

MACHINE = "box"
CanaryCosts = dict[str, np.ndarray]

LEVELS = {
    "core_clock": 2.7e-10, "l2_latency": 4e-9, "system_call": 1.7e-7, "l3_latency": 1.1e-8,
    "memory_latency": 1.2e-7, "memory_bandwidth": 4e-11, "file_sync": 2e-4,
}  # fmt: skip


def noisy(n: int, noise: float, seed: int) -> np.ndarray:
    """Return *n* factors about 1."""
    return np.exp(np.random.default_rng(seed).normal(0, noise, n))


def canaries_of(machine: np.ndarray, *, noise: float = 0.005, feels: Any = None) -> CanaryCosts:
    """Return every canary's costs; those of the resources in *feels* (all) follow *machine*."""
    found = {}
    for seed, (name, level) in enumerate(LEVELS.items()):
        follows = feels is None or BY_NAME[name].resource in feels
        state = machine if follows else np.ones_like(machine)
        found[name] = level * state * noisy(len(machine), noise, 100 + seed)
    return found


def made(
    name: str, values: Sequence[float] | np.ndarray, *, canary: str | None = None,
    spread: float = 0.01, commits: Sequence[str] | None = None, version: str = "1",
) -> Series:  # fmt: skip
    """Return a series of seconds with intervals of *spread* to either side."""
    numbers = np.array(values, float)
    n = len(numbers)
    return Series(
        key=SeriesKey(MACHINE, "py", name, (), BY_NAME[canary].version if canary else version),
        values=numbers,
        low=numbers * (1 - spread),
        high=numbers * (1 + spread),
        commits=tuple(commits or (f"{i:040x}" for i in range(n))),
        times=np.arange(n, dtype=float),
        unit="seconds",
        quantity=None,
        workload=None,
        higher_is_better=False,
        placements=("",) * n,
        n_samples=np.full(n, 20, np.int32),
        failed=np.zeros(n, bool),
        places=np.arange(n),
    )


def stored(
    root: Path,
    runs: Sequence[Mapping[str, tuple[float, float]]],
    *,
    machine: str = MACHINE,
    facts: Sequence[Mapping[str, str]] | None = None,
    unit: str = "seconds",
) -> list[str]:
    """Write results as stock asv does, one commit a run, and return the commits.

    Args:
        root: the directory of results.
        runs: for each benchmark or canary its value and half the width of its 99 % interval.
        machine: its name.
        facts: what asv keeps of the machine in each result file.
        unit: of the benchmarks.
    """
    directory = root / machine
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "machine.json").write_text(json.dumps({"machine": machine, "version": 1}))
    columns = ["result", "params", "version", "started_at", "duration",
               "stats_ci_99_a", "stats_ci_99_b"]  # fmt: skip
    definitions: dict[str, Any] = {"version": 2}
    commits = []
    for number, run in enumerate(runs):
        commit = f"{number + 1:x}" * 40
        commits.append(commit)
        results = {}
        for name, (value, half) in run.items():
            known = BY_NAME.get(name)
            asv_name = f"canaries.HwperfCanary.{name}" if known else name
            version = known.version if known else "1"
            results[asv_name] = [
                [value], [], version, int(1e12) + number * 60_000, 1.0, [value - half],
                [value + half],
            ]  # fmt: skip
            definitions[asv_name] = {
                "name": asv_name, "params": [], "param_names": [], "version": version,
                "unit": "seconds" if known else unit, "type": "track" if known else "time",
            }  # fmt: skip
        data = {
            "commit_hash": commit, "env_name": "py", "date": int(1e12) + number * 60_000,
            "params": {"machine": machine, "os": "Linux", **(facts[number] if facts else {})},
            "python": "3.11", "requirements": {}, "env_vars": {}, "result_columns": columns,
            "results": results, "durations": {}, "version": 2,
        }  # fmt: skip
        (directory / f"{commit[:8]}-py.json").write_text(json.dumps(data))
    (root / "benchmarks.json").write_text(json.dumps(definitions))
    return commits
