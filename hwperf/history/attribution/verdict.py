"""Machine or code, over a suite. This module judges what changed between two commits, or ever."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hwperf.canaries.kinds import RESOURCES
from hwperf.errors import UsageError
from hwperf.history import floor
from hwperf.history.attribution import pair
from hwperf.history.attribution.beside import Beside, canaries_beside, is_canary
from hwperf.history.attribution.cause import Attribution, Moved
from hwperf.history.attribution.factor import factors
from hwperf.history.attribution.noise import Contrast, logarithms
from hwperf.history.attribution.residual import detect
from hwperf.history.attribution.sensitivity import Sensitivity, fit
from hwperf.history.attribution.state import Difference, differences, result_file
from hwperf.history.attribution.unquiet import Unquiet, unquiet
from hwperf.history.attribution.unquiet import told as disturbance
from hwperf.history.order import Order
from hwperf.history.series import Series

__all__ = ["Finding", "Verdict", "between", "chosen_machine", "commits_of", "newest", "resolved",
           "throughout"]  # fmt: skip

Floors = Mapping[floor.Key, floor.Floor]

FEWEST_TO_LEARN = 12
"""Points of a series from which on its history says what it depends on."""

FEWEST_IN_HISTORY = 8
"""Points of a series without which its history is not judged."""

_SHORTEST = 4  # Characters of a commit's abbreviation.


@dataclass(frozen=True)
class Finding:
    """One change of one benchmark.

    Attributes:
        series: whose.
        before: the value before, as stored.
        after: the value after.
        commit: the first at the new level.
        attribution: the cause, with its evidence.
        is_worse: whether it is one for the worse.
    """

    series: Series
    before: float
    after: float
    commit: str
    attribution: Attribution
    is_worse: bool


@dataclass(frozen=True)
class Verdict:
    """What was judged.

    Attributes:
        machine: whose results.
        commits: the two that were compared; empty for the whole history.
        findings: the changes, the code's first.
        canaries: how each canary moved between the two, by environment and name.
        differences: what else differs in what was recorded.
        notes: what else the reader has to know, of the runs as a whole.
        n_compared: benchmarks that were measured on both sides, or long enough.
        n_missing: benchmarks that were not, and are not judged.
    """

    machine: str
    commits: tuple[str, ...]
    findings: tuple[Finding, ...]
    canaries: tuple[tuple[str, Moved], ...] = ()
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    n_compared: int = 0
    n_missing: int = 0

    def count(self, *causes: str, worse: bool | None = None) -> int:
        """Return how many findings have one of *causes*."""
        return sum(
            finding.attribution.cause in causes and worse in (None, finding.is_worse)
            for finding in self.findings
        )


def chosen_machine(
    found: Iterable[Series], wanted: str | None, warn: Callable[[str], None] = lambda sentence: None
) -> str | None:
    """Return the machine to judge: *wanted*, or that in whose results a commit was measured last.

    Raises:
        UsageError: if *wanted* has no results.
    """
    last: dict[str, float] = {}
    for series in found:
        known = series.times[np.isfinite(series.times)]
        time = float(known.max()) if len(known) else 0.0
        last[series.key.machine] = max(time, last.get(series.key.machine, 0.0))
    if wanted is not None:
        if wanted not in last:
            there = ", ".join(sorted(last)) or "none"
            raise UsageError(f"{wanted!r} is no machine with results. There are: {there}.")
        return wanted
    if not last:
        return None
    name = max(sorted(last), key=last.__getitem__)
    if len(last) > 1:
        warn(f"of {len(last)} machines {name} was measured last; name another with --machine")
    return name


def commits_of(found: Iterable[Series], order: Order) -> list[str]:
    """Return the measured commits of *found*, the oldest first."""
    measured: dict[str, float] = {}
    ranks: dict[str, int] = {}
    for series in found:
        for rank, (commit, time) in enumerate(zip(series.commits, series.times, strict=True)):
            measured[commit] = max(measured.get(commit, 0.0), float(np.nan_to_num(time)))
            ranks[commit] = max(ranks.get(commit, 0), rank)
    known = {c: place for c in measured if (place := order.index(c)) is not None}
    # Where the order does not know all, the series' own places and the times decide.
    if len(known) == len(measured):
        return sorted(measured, key=lambda commit: known[commit])
    return sorted(measured, key=lambda commit: (ranks[commit], measured[commit], commit))


def newest(commits: Sequence[str]) -> tuple[str, str] | None:
    """Return the last two of *commits*, None where there are fewer."""
    return (commits[-2], commits[-1]) if len(commits) > 1 else None


def resolved(rev: str, commits: Sequence[str], order: Order) -> str | None:
    """Return which of the measured *commits* the revision *rev* is; None where it is not measured.

    Raises:
        UsageError: if it names no commit, or several.
    """
    near = [commit for commit in commits if commit.startswith(rev.lower())]
    if len(rev) >= _SHORTEST and re.fullmatch(r"[0-9a-fA-F]+", rev) and near:
        if len(near) > 1:
            raise UsageError(f"{rev!r} may be {near[0]} or {near[1]}. Write more of it.")
        return near[0]
    full = order.resolve(rev)
    return full if full in commits else None


def between(
    found: Sequence[Series], before: str, after: str, machine: str, results_dir: Path
) -> Verdict:
    """Judge what changed between two commits.

    Args:
        found: every series of *machine*, canaries among them.
        before: the first commit.
        after: the second.
        machine: its name.
        results_dir: asv's directory of results, for what was recorded beside the numbers.
    """
    code = [series for series in found if not is_canary(series)]
    common = [series for series in code if {before, after} <= set(_measured(series))]
    either = [series for series in code if {before, after} & set(_measured(series))]
    findings: list[Finding] = []
    canaries: list[tuple[str, Moved]] = []
    notes: dict[str, None] = {}
    told: dict[tuple[str, str, str], Difference] = {}
    floors = floor.load(results_dir, machine)
    for environment in sorted({series.key.environment for series in common}):
        beside = canaries_beside(found, machine, environment)
        sides = {
            name: _sides(series, before, after, floors)
            for name, series in beside.series.items()
            if {before, after} <= set(_measured(series))
        }
        shifts = {name: pair.change_between(each) for name, each in sides.items()}
        canaries += [(environment, each) for each in pair.moved_of(shifts)]
        here = [series for series in common if series.key.environment == environment]
        disturbed = unquiet(sides)
        if disturbed is not None:
            notes[disturbed.words] = None
        runs = _Runs((before, after), shifts, beside, disturbed, len(common), floors)
        findings += _changes(here, runs)
        files = [result_file(results_dir / machine, c, environment) for c in (before, after)]
        if files[0] is not None and files[1] is not None:
            for each in differences(files[0], files[1]):
                told[each.name, each.before, each.after] = each
    environments = [_environments(either, commit) for commit in (before, after)]
    if either and not set(environments[0]) & set(environments[1]):
        old, new = (", ".join(each) or "n/a" for each in environments)
        told["environment", old, new] = Difference("environment", old, new)
    return Verdict(
        machine=machine,
        commits=(before, after),
        findings=tuple(sorted(findings, key=_rank)),
        canaries=tuple(canaries),
        differences=tuple(told.values()),
        notes=tuple(notes),
        n_compared=len(common),
        n_missing=len({s.key for s in either} - {s.key for s in common}),
    )


def _environments(found: Sequence[Series], commit: str) -> list[str]:
    return sorted({series.key.environment for series in found if commit in _measured(series)})


def throughout(found: Sequence[Series], machine: str) -> Verdict:
    """Judge every change in the history of each series of *machine*."""
    code = [series for series in found if not is_canary(series)]
    besides: dict[str, Beside] = {}
    findings: list[Finding] = []
    n_compared = 0
    for series in code:
        if np.isfinite(series.values).sum() < FEWEST_IN_HISTORY:
            continue
        n_compared += 1
        environment = series.key.environment
        if environment not in besides:
            besides[environment] = canaries_beside(found, machine, environment)
        canaries = besides[environment].along(series.commits, series.times)
        for each in detect(series.values, canaries):
            told = each
            if series.workload is not None:
                told = replace(each, cause="machine", reason=_OF_THE_MACHINE)
            before, after = _levels(series, told.index)
            findings.append(_finding(series, before, after, series.commits[told.index], told))
    return Verdict(
        machine=machine,
        commits=(),
        findings=tuple(sorted(findings, key=_rank)),
        n_compared=n_compared,
        n_missing=len(code) - n_compared,
    )


_OF_THE_MACHINE = "it measures the machine, by code that is the same: its version is"


@dataclass(frozen=True)
class _Runs:
    """Two runs in one environment: what is known of them beside the benchmarks.

    Attributes:
        commits: which two.
        shifts: by canary, how much each changed.
        beside: the canaries.
        disturbed: which of the two was not left alone.
        n: benchmarks that are compared, here and elsewhere.
        floors: what ``hwperf aa`` found.
    """

    commits: tuple[str, str]
    shifts: Mapping[str, Contrast]
    beside: Beside
    disturbed: Unquiet | None
    n: int
    floors: Floors


def _changes(here: Sequence[Series], runs: _Runs) -> list[Finding]:
    """Return the changes of the series *here* between two runs."""
    found = []
    for series in here:
        sides = _sides(series, *runs.commits, runs.floors)
        change = pair.change_between(sides)
        told = _told(series, sides, change, runs)
        if told is not None:
            found.append(_finding(series, sides.before, sides.after, runs.commits[1], told))
    return found


def _told(series: Series, sides: pair.Sides, change: Contrast, runs: _Runs) -> Attribution | None:
    """Return what a change amounts to, None where there is none to tell."""
    at = [series.commits.index(commit) for commit in runs.commits]
    near = runs.beside.along(runs.commits, series.times[at])
    is_same = {n for n, costs in near.items() if np.isfinite(costs).all()}
    shifts = {name: shift for name, shift in runs.shifts.items() if name in is_same}
    if pair.is_change(change, runs.n):
        told = pair.judge(change, shifts, _learned(series, at[1], runs.beside), at[1])
        is_ours = series.workload is not None
        return replace(told, cause="machine", reason=_OF_THE_MACHINE) if is_ours else told
    if change.n < pair.ENOUGH and shifts:
        disturbed = disturbance(sides, change, shifts, runs.disturbed, at[1])
        if disturbed is not None:
            return disturbed
    return pair.undecided(change, shifts, at[1]) if pair.may_be_change(change) else None


def _finding(
    series: Series, before: float, after: float, commit: str, told: Attribution
) -> Finding:
    is_worse = (told.ratio > 1) == series.rises_when_worse
    return Finding(series, before, after, commit, told, is_worse)


def _sides(series: Series, before: str, after: str, floors: Floors) -> pair.Sides:
    at = [series.commits.index(before), series.commits.index(after)]
    ends = [(float(series.low[i]), float(series.high[i])) for i in at]
    key = series.key
    known = floors.get((key.machine, key.benchmark, key.params))
    return pair.Sides(
        before=float(series.values[at[0]]),
        after=float(series.values[at[1]]),
        intervals=(ends[0], ends[1]),
        history=np.delete(logarithms(series.values), at),
        floor=known.sd if known is not None and known.version == key.version else None,
    )


def _learned(series: Series, index: int, beside: Beside) -> dict[str, Sensitivity]:
    """Return what the history of *series* without the point in question says it depends on."""
    logs = logarithms(series.values)
    if np.isfinite(logs).sum() < FEWEST_TO_LEARN:
        return {}
    canaries = {
        name: logarithms(costs)
        for name, costs in beside.along(series.commits, series.times).items()
    }
    fits = [fit(logs, each, without=index) for each in factors(canaries) if each.has_moved]
    return {f.factor.name: f for f in fits if f.is_known and f.factor.name in RESOURCES}


def _levels(series: Series, index: int) -> tuple[float, float]:
    before, after = series.values[max(0, index - 8) : index], series.values[index : index + 8]
    return (
        float(np.nanmedian(before)) if np.isfinite(before).any() else float("nan"),
        float(np.nanmedian(after)) if np.isfinite(after).any() else float("nan"),
    )


def _measured(series: Series) -> list[str]:
    usable = np.isfinite(series.values) & (series.values > 0)
    return [commit for commit, is_there in zip(series.commits, usable, strict=True) if is_there]


def _rank(finding: Finding) -> tuple[int, int, float, str]:
    causes = ("code", "mixed", "unclear", "machine")
    size = -abs(float(np.log(finding.attribution.ratio)))
    return (
        0 if finding.is_worse else 1,
        causes.index(finding.attribution.cause),
        size,
        str(finding.series.key),
    )
