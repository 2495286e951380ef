"""A suite on a machine that is disturbed, made up. This module draws runs whose truth is known.

A run has a state: by how much the clock, memory and storage are slower than usual, and how much of
the core somebody else takes. Time is made of shares that each wait for one of the three; who has no
core waits longer for all but storage. A canary waits for one of them. Each series has noise of its
own between runs, which a run's interval does not show, and noise within a run, which it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hwperf.canaries.kinds import CANARIES, Canary
from hwperf.history.series import Series, SeriesKey

__all__ = ["HISTORIES", "SCENARIOS", "Case", "History", "draw", "draw_history", "made_series"]

SCENARIOS = ("A/A", "CPU hog", "memory hog", "disk hog", "code", "code, drifting machine")

HISTORIES = ("nothing", "a slower machine", "slower code", "both, at two commits")

MACHINE, ENVIRONMENT = "made-up", "py"
N_SAMPLES = 20  # Ten of each of two rounds, as of a canary.

# Of a second that a benchmark takes: clock, memory, storage.
SHARES: Mapping[str, tuple[float, float, float]] = {
    "project.time_interpreter": (1.0, 0.0, 0.0),
    "project.time_parse": (0.9, 0.1, 0.0),
    "project.time_mixed": (0.6, 0.4, 0.0),
    "project.time_add": (0.1, 0.9, 0.0),
    "project.time_load": (0.4, 0.2, 0.4),
    "project.time_record": (0.05, 0.0, 0.95),
}
RESOURCES = ("processor", "memory", "storage")
CORE = 3  # Column of a state: how much of the core is taken.


@dataclass(frozen=True)
class Case:
    """What one scenario gave.

    Attributes:
        series: of the benchmarks and the canaries.
        truth: for each benchmark what changed it: none, code or machine.
    """

    series: Sequence[Series]
    truth: Mapping[str, str]


def draw(scenario: str, *, n_before: int, noise: float, seed: Sequence[int]) -> Case:
    """Return one suite in which *scenario* happens in the last run.

    Args:
        scenario: one of :data:`SCENARIOS`.
        n_before: runs before it; the last of them is what it is compared with.
        noise: of a run against another, relative; a third to three times that for each series.
        seed: the same gives the same.
    """
    rng = np.random.default_rng(seed)
    states = _states(rng, n_before, noise, drifts=scenario == "code, drifting machine")
    event = np.zeros(4)
    if scenario == "CPU hog":
        event[CORE] = rng.uniform(np.log(1.3), np.log(3))
    elif scenario == "memory hog":
        event[1], event[CORE] = rng.uniform(np.log(1.15), np.log(2)), rng.uniform(0, 0.02)
    elif scenario == "disk hog":
        event[2], event[CORE] = rng.uniform(np.log(1.5), np.log(6)), rng.uniform(0, 0.05)
    states[-1] += event
    slower = dict.fromkeys(SHARES, 0.0)
    if scenario.startswith("code"):
        chosen = rng.choice(list(SHARES), size=rng.integers(1, 3), replace=False)
        slower.update({name: rng.uniform(np.log(1.1), np.log(3)) for name in chosen})
    series = [
        _canary(rng, canary, states, noise) for canary in CANARIES if canary.resource in RESOURCES
    ]
    truth = {}
    for name, shares in SHARES.items():
        logs = _seconds(states, shares)
        logs[-1] += slower[name]
        series.append(_measured(rng, name, "1", logs, noise))
        machine = float(_seconds(event[None, :], shares)[0])
        truth[name] = "code" if slower[name] else "machine" if machine > 0.03 else "none"
    return Case(series, truth)


@dataclass(frozen=True)
class History:
    """A suite over many commits.

    Attributes:
        series: of the benchmarks and the canaries.
        truth: for each benchmark what happened at which commit, code or machine.
    """

    series: Sequence[Series]
    truth: Mapping[str, Mapping[int, str]]


def draw_history(scenario: str, *, n: int, noise: float, seed: Sequence[int]) -> History:
    """Return a history of *n* commits in which *scenario*, one of :data:`HISTORIES`, happens."""
    rng = np.random.default_rng(seed)
    states = rng.normal(0, noise / 3, (n, 4))
    first, second = sorted(rng.choice(np.arange(12, n - 12, 12), 2, replace=False))
    event = np.zeros(4)
    if scenario in (HISTORIES[1], HISTORIES[3]):
        event[rng.integers(0, 4)] = rng.uniform(0.1, 0.5) * rng.choice([-1, 1])
        states[first:] += event
    series = [
        _canary(rng, canary, states, noise) for canary in CANARIES if canary.resource in RESOURCES
    ]
    truth: dict[str, dict[int, str]] = {}
    for name, shares in SHARES.items():
        logs = _seconds(states, shares)
        truth[name] = {}
        if abs(float(_seconds(event[None, :], shares)[0])) > 0.03:
            truth[name][int(first)] = "machine"
        if scenario in HISTORIES[2:] and rng.random() < 0.5:
            logs[second:] += rng.uniform(0.06, 0.5) * rng.choice([-1, 1])
            truth[name][int(second)] = "code"
        series.append(_measured(rng, name, "1", logs, noise))
    return History(series, truth)


def _states(rng: np.random.Generator, n: int, noise: float, *, drifts: bool) -> np.ndarray:
    """Return the state of each run: quiet, but for events of some runs where there are many."""
    states = rng.normal(0, noise / 3, (n + 1, 4))
    for _ in range(n // 15):
        start, length = rng.integers(0, n), rng.integers(1, 8)
        states[start : min(n - 1, start + length), rng.integers(0, 4)] += rng.uniform(0.1, 0.7)
    if drifts:
        states[-1] += rng.normal(0, noise, 4)
    return states


def _seconds(states: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Return the logarithm of the time of what waits in *shares*, against a quiet machine."""
    waits = np.exp(states[:, :CORE]) * np.array(shares)
    core = np.exp(states[:, CORE])
    return np.log((waits[:, 0] + waits[:, 1]) * core + waits[:, 2])


def _canary(rng: np.random.Generator, canary: Canary, states: np.ndarray, noise: float) -> Series:
    # Each feels what it is there for somewhat more or less than a benchmark does.
    felt = states.copy()
    felt[:, :CORE] *= rng.uniform(0.8, 1.2)
    at = RESOURCES.index(canary.resource)
    logs = _seconds(felt, [float(at == place) for place in range(CORE)])
    more = 3.0 if canary.resource == "storage" else 1.0
    return _measured(rng, f"canaries.{canary.name}", canary.version, logs, noise * more)


def _measured(
    rng: np.random.Generator, name: str, version: str, logs: np.ndarray, noise: float
) -> Series:
    n = len(logs)
    between = noise * np.exp(rng.uniform(-np.log(3), np.log(3)))
    within = noise * np.exp(rng.uniform(-np.log(3), np.log(3))) * np.sqrt(N_SAMPLES) / 2
    level = rng.uniform(-16, -3) + logs + rng.normal(0, between, n)
    samples = np.exp(level[:, None] + rng.normal(0, within, (n, N_SAMPLES)))
    samples.sort(axis=1)
    # The 5th and the 16th of 20 bound the median with 99 %.
    values, low, high = np.median(samples, axis=1), samples[:, 4], samples[:, 15]
    return made_series(name, version, values, low, high, tuple(f"{i:040x}" for i in range(n)))


def made_series(
    name: str,
    version: str,
    values: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    commits: tuple[str, ...],
) -> Series:
    """Return a series of seconds."""
    n = len(commits)
    return Series(
        key=SeriesKey(MACHINE, ENVIRONMENT, name, (), version),
        values=np.array(values, float),
        low=np.array(low, float),
        high=np.array(high, float),
        commits=commits,
        times=np.arange(n, dtype=float),
        unit="seconds",
        quantity=None,
        workload=None,
        higher_is_better=False,
        placements=("",) * n,
        n_samples=np.full(n, N_SAMPLES, np.int32),
        failed=np.zeros(n, bool),
        places=np.arange(n),
    )
