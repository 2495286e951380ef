"""One comparison of two revisions. This module lets them take turns, and has the rounds judged.

In each round either revision is measured once, in an order that alternates, each with an
environment of its own: nothing is installed anew between turns. Results go to a scratch directory.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hwperf.asv import ab_place, ab_revisions, configuration, files, rounds
from hwperf.asv.ab_pace import Pace, Progress
from hwperf.asv.ab_revisions import Revision
from hwperf.asv.ab_setting import Setting, setting
from hwperf.asv.recorded import Measurement
from hwperf.asv.rounds import Visit
from hwperf.asv.scratch import scratch
from hwperf.errors import UsageError
from hwperf.history.ab import machine
from hwperf.history.ab.turns import Turns
from hwperf.history.ab.verdict import Comparison

__all__ = ["FIRST", "Outcome", "Plan", "compare"]

FIRST = 6
"""Rounds of the first stage where a target says how many there are to be."""

Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Plan:
    """What is to be compared, and how.

    Attributes:
        conf_path: asv.conf.json, of any suite.
        a: the revision to compare with.
        b: the revision to judge.
        count: rounds; with a target the most.
        target: relative change that is to be seen, or None.
        min_change: the smallest relative change that matters.
        env: asv's environment as after ``-E``; what the configuration says by default.
        bench: regular expressions over the benchmarks.
        keep: where the results of the rounds are left, or None.
    """

    conf_path: Path
    a: str
    b: str
    count: int = 8
    target: float | None = None
    min_change: float = 0.01
    env: str | None = None
    bench: Sequence[str] = ()
    keep: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What a comparison came to.

    Attributes:
        a: the revision that was compared with.
        b: the revision that was judged.
        comparison: what the rounds say.
        measurements: one measurement of each metric, by its name: its unit and direction.
        machine: name of the machine.
        rounds: rounds that were done.
        wall_s: seconds from start to end.
        is_interrupted: whether the user stopped it.
    """

    a: Revision
    b: Revision
    comparison: Comparison
    measurements: Mapping[str, Measurement]
    machine: str
    rounds: int
    wall_s: float
    is_interrupted: bool = False


def compare(
    plan: Plan,
    *,
    tell: Tell = lambda progress: None,
    warn: Callable[[str], None] = lambda sentence: None,
    visit: Callable[..., Visit] = rounds.visit,
    canaries: Callable[[], Mapping[str, float]] = machine.measure,
) -> Outcome:
    """Measure the two revisions of *plan* in turns, and judge them.

    Ctrl-C ends it early: what whole rounds say by then is judged.

    Args:
        plan: what is compared.
        tell: told how far it is.
        warn: told what the user should know.
        visit: measures one revision once.
        canaries: measures the machine.

    Raises:
        UsageError: if a revision is unknown, or the configuration cannot be used.
        NotMeasured: if a revision cannot be built or its suite not be imported.
    """
    begin = time.monotonic()
    conf = configuration.load(plan.conf_path)
    if plan.keep is not None:
        _require_empty(plan.keep)
    turns, is_interrupted = Turns(), False
    with scratch() as directory, ExitStack() as stack:
        repository = ab_revisions.repository_of(conf, directory)
        a, b = (ab_revisions.resolve(repository, name) for name in (plan.a, plan.b))
        if ab_revisions.WORKING_TREE not in (plan.a, plan.b) and ab_revisions.uncommitted(
            repository
        ):
            warn(
                f"{repository} has uncommitted changes, and only commits are compared;"
                " the revision . is the working tree"
            )
        env = ab_place.environment(conf, plan.env, warn)
        env_dir = stack.enter_context(
            ab_place.environments(conf, directory, lambda said: tell(Progress(said)))
        )
        of = {
            side: setting(
                plan.conf_path, directory / side, revision.commit, label=str(revision),
                repository=repository, env=env, env_dir=env_dir / f"ab-{side}", bench=plan.bench,
            )
            for side, revision in (("a", a), ("b", b))
        }  # fmt: skip
        try:
            for side, each in of.items():
                tell(Progress(f"building {side.upper()}: {each.label}"))
                rounds.prepare(each, measure=visit)
            for number, visits, states in _rounds(plan, of, turns, tell, visit, canaries):
                _keep(plan.keep, of, number)
                turns.add(visits, states)
        except KeyboardInterrupt:
            is_interrupted = True
    comparison = turns.judged(plan.min_change, plan.target)
    seen = {name: turns.seen[key] for key, name in turns.names().items()}
    return Outcome(
        a, b, comparison, seen, turns.machine, turns.count, time.monotonic() - begin,
        is_interrupted,
    )  # fmt: skip


def _rounds(
    plan: Plan,
    of: Mapping[str, Setting],
    turns: Turns,
    tell: Tell,
    visit: Callable[..., Visit],
    canaries: Callable[[], Mapping[str, float]],
) -> Iterator[tuple[int, Mapping[str, Visit], Mapping[str, Mapping[str, float]]]]:
    """Yield the visits of each round, with what the machine was like before either."""
    count = plan.count if plan.target is None else min(FIRST, plan.count)
    pace = Pace(2 * count, tell)
    number = 0
    while number < count:
        number += 1
        visits: dict[str, Visit] = {}
        states = {}
        for side in ("a", "b") if number % 2 else ("b", "a"):
            on_share = pace.start(f"round {number} of {count}: {side.upper()}")
            states[side] = canaries()
            done = visit(of[side], str(number), on_share=on_share)
            if done.is_interrupted:
                raise KeyboardInterrupt
            rounds.require_runs(of[side], done)
            visits[side] = done
            pace.end()
        yield number, visits, states
        if number == count and plan.target is not None and count < plan.count:
            count = max(count, min(plan.count, turns.needed(plan.target)))
            pace.total = 2 * count


def _require_empty(keep: Path) -> None:
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise UsageError(f"--keep {keep}: it is there already. Name a directory that is not.")


def _keep(keep: Path | None, of: Mapping[str, Setting], number: int) -> None:
    if keep is None:
        return
    for side, each in of.items():
        results = each.directory / f"results-{number}"
        target = keep / f"round-{number:02d}" / side
        try:
            shutil.copytree(results, target, ignore=shutil.ignore_patterns(".*"))
        except OSError as error:
            raise files.CannotWrite(files.sentence(target, error)) from error
