"""Which run is meant. This module turns a word (commit, machine, date, file) into a recorded run.

The order is that of docs/howto/compare-runs.md: the first rule that knows the word decides.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from hwperf.asv import recorded
from hwperf.asv.git import commit_of
from hwperf.asv.recorded import Run, Warn
from hwperf.errors import UsageError
from hwperf.report import fragments
from hwperf.report.comparison.wording import plain

__all__ = ["Named", "described", "named", "of_commit", "of_file", "of_machine", "whole"]

_LATEST = re.compile(r"latest(?:~(\d{1,6}))?")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}))?")
_HASH = re.compile(r"[0-9a-f]{4,40}")
_MOST_TOLD = 6  # Runs that a message lists.
_MOST_OF_A_PATH = 4096
_MOST_QUOTED = 80  # Characters of a name that a message repeats.


class Named(Protocol):
    """What a run is told by; a whole run has these, and one that is only listed."""

    @property
    def path(self) -> Path: ...
    @property
    def machine(self) -> str: ...
    @property
    def commit(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def measured_at(self) -> float | None: ...


N = TypeVar("N", bound=Named)


def named(
    name: str,
    runs: Sequence[N],
    *,
    machine: str | None = None,
    repository: Path | None = None,
) -> N:
    """Return the run that *name* means.

    Args:
        name: ``latest`` or ``latest~N``, a machine, a date, a commit, or ``MACHINE:`` before one of
            them.
        runs: what is recorded.
        machine: only this machine's.
        repository: where git knows branches and tags; None where there is none.

    Raises:
        UsageError: if no run is meant, or several are; the message says what there is.
    """
    pool = of_machine(runs, machine)
    head, colon, rest = name.partition(":")
    if colon and any(run.machine == head for run in runs):
        return named(rest or "latest", pool, machine=head, repository=repository)
    if (found := _LATEST.fullmatch(name)) is not None:
        return _latest(pool, int(found[1] or 0), name)
    if any(run.machine == name for run in pool):
        return _latest([run for run in pool if run.machine == name], 0, name)
    if (dated := _DATE.fullmatch(name)) is not None:
        return _by_date(pool, dated, name)
    matching = of_commit(name, pool, repository=repository)
    if len(matching) > 1:
        raise UsageError(_ambiguous(name, matching))
    return matching[0]


def whole(
    runs: Sequence[N],
    *,
    machine: str | None = None,
    warn: Warn = lambda sentence: None,
    has_commit_option: bool = False,
) -> N:
    """Return the newest run that is no mere fragment of a suite, where none is asked for by name.

    Args:
        runs: what is recorded, at least one.
        machine: only this machine's; by default that of the newest.
        warn: told of a newer fragment that is passed over.
        has_commit_option: whether the user can ask for that with ``--commit``.

    Raises:
        UsageError: if there is no run of *machine*.
    """
    newest_first = _by_time(of_machine(runs, machine))[::-1]
    mine = [run for run in newest_first if run.machine == newest_first[0].machine]
    found = fragments.shown(mine, lambda run: fragments.points_in(run.path))
    if found is not mine[0]:
        commit = mine[0].commit if has_commit_option else None
        newest, shown = described(mine[0]), described(found)
        warn(fragments.passed_over(newest, fragments.points_in(mine[0].path), shown, commit))
    return found


def of_commit(name: str, runs: Sequence[N], *, repository: Path | None = None) -> list[N]:
    """Return every run of the commit that *name* means, on whatever machine.

    Raises:
        UsageError: if there is none; the message says what there is.
    """
    commit = _commit(name, runs, repository)
    matching = [run for run in runs if commit and run.commit.startswith(commit)]
    if not matching:
        raise UsageError(_unknown(name, commit, runs))
    return matching


def described(run: Named) -> str:
    """Return a few words that name a run: ``vm:a4acd84c of 2026-11-29 (host-py3.11)``."""
    machine, environment = plain(run.machine), plain(run.environment)
    return f"{machine}:{plain(run.commit[:8])} of {_date(run.measured_at)} ({environment})"


def of_file(name: str, *, warn: Warn = lambda sentence: None) -> Run | None:
    """Return the run in the result file *name*, None where there is no such file.

    Raises:
        UsageError: if it holds no run; the message says why.
    """
    if not os.path.isfile(name):  # Path.is_file raises where a name is too long.
        return None
    path = Path(name)
    told: list[str] = []
    run = recorded.of_file(path, warn=told.append)
    if run is None:
        why = told[0] if told else f"{path} holds no point"
        raise UsageError(f"{why}. Name a result file of asv, results/MACHINE/COMMIT-ENV.json.")
    for sentence in told:
        warn(sentence)
    return run


def of_machine(runs: Sequence[N], machine: str | None) -> list[N]:
    """Return the runs of *machine*, all where it is None.

    Raises:
        UsageError: if nothing is recorded, or nothing of this machine.
    """
    pool = [run for run in runs if machine is None or run.machine == machine]
    if not runs:
        raise UsageError("Nothing is recorded here. 'hwperf run' records; see --results.")
    if not pool:
        there = ", ".join(plain(name) for name in sorted({run.machine for run in runs}))
        raise UsageError(f"{_quoted(machine or '')} is no machine with results. There are {there}.")
    return pool


def _latest(pool: Sequence[N], back: int, name: str) -> N:
    ordered = _by_time(pool)
    if back >= len(ordered):
        raise UsageError(
            f"{_quoted(name)} goes back further than there are runs: {len(ordered)} are recorded,"
            f" the first is {described(ordered[0])}."
        )
    return ordered[-1 - back]


def _by_date(pool: Sequence[N], found: re.Match[str], name: str) -> N:
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}").replace(tzinfo=UTC)
        moment += timedelta(minutes=1) if found[2] else timedelta(days=1)
    except (ValueError, OverflowError):
        raise UsageError(f"{_quoted(name)} is no date: expected e.g. 2026-11-29.") from None
    ordered = _by_time(pool)
    before = [run for run in ordered if (run.measured_at or -math.inf) < moment.timestamp()]
    if not before:
        raise UsageError(
            f"Nothing was measured by {name}: the first run is {described(ordered[0])}."
        )
    return before[-1]


def _commit(name: str, pool: Sequence[Named], repository: Path | None) -> str | None:
    """Return the hash or a prefix of one, None where neither results nor git know the word."""
    lowered = name.lower()
    if _HASH.fullmatch(lowered) and any(run.commit.startswith(lowered) for run in pool):
        commits = {run.commit for run in pool if run.commit.startswith(lowered)}
        if len(commits) > 1:
            several = ", ".join(sorted(plain(commit[:12]) for commit in commits)[:_MOST_TOLD])
            raise UsageError(
                f"{_quoted(name)} begins {len(commits)} commits with results: {several}."
                " Give more of it."
            )
        return lowered
    return None if repository is None else commit_of(repository, name)


def _by_time(pool: Sequence[N]) -> list[N]:
    return sorted(pool, key=lambda run: (run.measured_at or -math.inf, str(run.path)))


def _unknown(name: str, commit: str | None, pool: Sequence[Named]) -> str:
    said = (
        f"{_quoted(name)} is commit {commit[:12]}, which has no results"
        if commit
        else f"{_quoted(name)} is no result file, machine, date or commit with results"
    )
    return f"{said}. There are {_listed(_by_time(pool)[::-1])}."


def _ambiguous(name: str, matching: Sequence[Named]) -> str:
    machines = {run.machine for run in matching}
    if len(machines) > 1:
        first = plain(sorted(machines)[0])
        advice = f"Write e.g. {first}:{name} or --machine {first}"
    else:
        advice = "Name one of the files: " + ", ".join(
            plain(str(run.path), _MOST_OF_A_PATH) for run in matching[:_MOST_TOLD]
        )
    return f"{_quoted(name)} means {len(matching)} runs: {_listed(matching)}. {advice}."


def _listed(runs: Sequence[Named]) -> str:
    told = ", ".join(described(run) for run in runs[:_MOST_TOLD])
    return told if len(runs) <= _MOST_TOLD else f"{told} and {len(runs) - _MOST_TOLD} more"


def _quoted(name: str) -> str:
    short = name if len(name) <= _MOST_QUOTED else f"{name[:_MOST_QUOTED]}..."
    return repr(short)


def _date(at: float | None) -> str:
    try:
        return "no date" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    except (OverflowError, ValueError, OSError):
        return "no date"
