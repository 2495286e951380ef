"""One session of A against A. This module measures a suite round after round and keeps its floors.

The unit of replication is the round: one whole ``asv run`` with fresh processes, as each point of a
history is. The spread within a run says little of it.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hwperf.asv import ab_revisions, checkout, configuration, lock, rounds
from hwperf.asv.ab_pace import Pace, Progress
from hwperf.asv.ab_setting import setting
from hwperf.asv.recorded import Measurement
from hwperf.asv.rounds import Key, Visit
from hwperf.asv.scratch import scratch
from hwperf.history.floor import store
from hwperf.history.floor.floors import Floor, floor_of

__all__ = ["Learned", "Session", "default_env", "learn"]

PACKAGE = "hwperf"


@dataclass(frozen=True)
class Learned:
    """What a session learned of one metric.

    Attributes:
        measurement: one of its measurements: what it is called, its unit.
        floor: None where its values have no ratio.
    """

    measurement: Measurement
    floor: Floor | None


@dataclass(frozen=True)
class Session:
    """What a session of rounds came to.

    Attributes:
        machine: name of the machine.
        commit: hash of what was measured.
        began: seconds since 1970.
        wall_s: seconds from start to end.
        rounds: rounds in which something was measured.
        metrics: every metric that has a value in some round, by its key.
        failed: names of metrics that failed in some round.
        path: where the floors are kept, None where there are none.
        is_interrupted: whether the user stopped it.
    """

    machine: str
    commit: str
    began: float
    wall_s: float
    rounds: int
    metrics: Mapping[Key, Learned]
    failed: Sequence[str] = ()
    path: Path | None = None
    is_interrupted: bool = False

    @property
    def floors(self) -> dict[Key, Floor]:
        """The metrics of which there were rounds enough."""
        found = {key: learned.floor for key, learned in self.metrics.items()}
        return {key: f for key, f in found.items() if f is not None and f.change is not None}


@dataclass
class _Rounds:
    """What the rounds so far have told."""

    values: dict[Key, list[float]] = field(default_factory=dict)
    seen: dict[Key, Measurement] = field(default_factory=dict)
    failed: dict[str, None] = field(default_factory=dict)
    machine: str = ""
    ended: float = 0.0
    begun: int = 0

    def add(self, visit: Visit) -> None:
        self.begun += bool(visit.runs)
        self.ended = time.time()
        for run in visit.runs:
            self.machine = run.machine
        for key, measurement in visit.measurements.items():
            cost = measurement.point.cost
            if cost is None:
                self.failed[rounds.name_of(measurement)] = None
            elif math.isfinite(cost):
                self.values.setdefault(key, []).append(cost)
                self.seen[key] = measurement

    def learned(self, commit: str) -> dict[Key, Learned]:
        return {
            key: Learned(
                self.seen[key],
                floor_of(
                    values,
                    measured_at=self.ended,
                    version=self.seen[key].point.version,
                    environment=key[0],
                    commit=commit,
                ),
            )
            for key, values in self.values.items()
        }


def learn(
    conf_path: Path,
    *,
    count: int = 6,
    env: str | None = None,
    bench: Sequence[str] = (),
    profile: str = "quick",
    pause_s: float = 0.0,
    expected_s: float | None = None,
    tell: Callable[[Progress], None] = lambda progress: None,
    visit: Callable[..., Visit] = rounds.visit,
    wait: Callable[[float], None] = time.sleep,
) -> Session:
    """Measure the suite of *conf_path* in *count* rounds and keep the floors that they tell.

    After each round what is known by then is kept; Ctrl-C ends the session and loses none of it.

    Args:
        conf_path: asv.conf.json, of any suite.
        count: rounds.
        env: asv's environment; by default as :func:`default_env` says.
        bench: regular expressions over the benchmarks.
        profile: quick or full.
        pause_s: seconds to wait between rounds.
        expected_s: seconds that a round is expected to take, if that is known.
        tell: told how far it is.
        visit: measures once.
        wait: waits for so many seconds.

    Raises:
        UsageError: if the configuration, the repository or the results directory cannot be used.
        NotMeasured: if the project cannot be built, or no benchmark matches.
    """
    conf = configuration.load(conf_path)
    began, begin = time.time(), time.monotonic()
    known = _Rounds()
    with scratch() as directory, lock.hold(conf.results_dir, lambda said: tell(Progress(said))):
        repository = ab_revisions.repository_of(conf, directory)
        commit = ab_revisions.head(repository).commit
        chosen = env or default_env(repository)
        tell(Progress("building the project"))
        of = setting(
            conf_path, directory / "rounds", commit,
            repository=repository, env=chosen, bench=bench, profile=profile,
        )  # fmt: skip
        path: Path | None = None
        is_interrupted = False
        try:
            rounds.prepare(of, measure=visit)
            pace = Pace(count, tell, expected_s=expected_s)
            for number in range(1, count + 1):
                if number > 1 and pause_s > 0:
                    wait(pause_s)
                on_share = pace.start(f"round {number} of {count}")
                done = visit(of, str(number), on_share=on_share)
                rounds.require_runs(of, done)
                known.add(done)
                pace.end()
                path = _keep(conf.results_dir, known, began, commit)
                if done.is_interrupted:
                    is_interrupted = True
                    break
        except KeyboardInterrupt:
            is_interrupted = True
    return Session(
        known.machine, commit, began, time.monotonic() - begin, known.begun,
        known.learned(commit), tuple(known.failed), path, is_interrupted,
    )  # fmt: skip


def default_env(repository: Path) -> str | None:
    """Return "host" where the project is hwperf itself, else None: what the configuration says."""
    is_ours = checkout.work_tree(repository, PACKAGE) is not None
    return "host" if is_ours else None


def _keep(results_dir: Path, known: _Rounds, began: float, commit: str) -> Path | None:
    kept = [
        (key[1], key[2], learned.floor)
        for key, learned in known.learned(commit).items()
        if learned.floor is not None
    ]
    if not kept or not known.machine or os.sep in known.machine:
        return None
    return store.keep(results_dir, known.machine, began, kept)
