"""Machine or code, between two commits. This module judges each benchmark of both runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hwperf.canaries.kinds import RESOURCES
from hwperf.history import floor
from hwperf.history.attribution import pair
from hwperf.history.attribution.beside import Beside, canaries_beside, is_canary
from hwperf.history.attribution.cause import Attribution, Moved
from hwperf.history.attribution.factor import factors
from hwperf.history.attribution.noise import Contrast, logarithms
from hwperf.history.attribution.sensitivity import Sensitivity, fit
from hwperf.history.attribution.state import Difference, differences, result_file
from hwperf.history.attribution.unquiet import Unquiet, unquiet
from hwperf.history.attribution.unquiet import told as disturbance
from hwperf.history.attribution.verdict import OF_THE_MACHINE, Finding, Verdict, finding_of, rank
from hwperf.history.series import Series

__all__ = ["between"]

Floors = Mapping[floor.Key, floor.Floor]

FEWEST_TO_LEARN = 12
"""Points of a series from which on its history says what it depends on."""


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
            notes[f"{disturbed.words}: what is not told may be hidden by that"] = None
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
        findings=tuple(sorted(findings, key=rank)),
        canaries=tuple(canaries),
        differences=tuple(told.values()),
        notes=tuple(notes),
        n_compared=len(common),
        n_missing=len({s.key for s in either} - {s.key for s in common}),
    )


def _environments(found: Sequence[Series], commit: str) -> list[str]:
    return sorted({series.key.environment for series in found if commit in _measured(series)})


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
            before, after = (series.values[series.commits.index(c)] for c in runs.commits)
            told = told if series.rises_when_worse else told.of_the_rate()
            found.append(finding_of(series, float(before), float(after), runs.commits[1], told))
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
        return replace(told, cause="machine", reason=OF_THE_MACHINE) if is_ours else told
    if change.n < pair.ENOUGH and shifts:
        disturbed = disturbance(sides, change, shifts, runs.disturbed, at[1])
        if disturbed is not None:
            return disturbed
    return pair.undecided(change, shifts, at[1]) if pair.may_be_change(change) else None


def _sides(series: Series, before: str, after: str, floors: Floors) -> pair.Sides:
    at = [series.commits.index(before), series.commits.index(after)]
    ends = [(float(series.low[i]), float(series.high[i])) for i in at]
    if not series.rises_when_worse:
        ends = [(1 / high, 1 / low) if low > 0 else (np.nan, np.nan) for low, high in ends]
    costs = series.costs
    key = series.key
    known = floors.get((key.machine, key.benchmark, key.params))
    return pair.Sides(
        before=float(costs[at[0]]),
        after=float(costs[at[1]]),
        intervals=(ends[0], ends[1]),
        history=np.delete(logarithms(costs), at),
        floor=known.sd if known is not None and known.version == key.version else None,
    )


def _learned(series: Series, index: int, beside: Beside) -> dict[str, Sensitivity]:
    """Return what the history of *series* without the point in question says it depends on."""
    logs = logarithms(series.costs)
    if np.isfinite(logs).sum() < FEWEST_TO_LEARN:
        return {}
    canaries = {
        name: logarithms(costs)
        for name, costs in beside.along(series.commits, series.times).items()
    }
    fits = [fit(logs, each, without=index) for each in factors(canaries) if each.has_moved]
    return {f.factor.name: f for f in fits if f.is_known and f.factor.name in RESOURCES}


def _measured(series: Series) -> list[str]:
    usable = np.isfinite(series.values) & (series.values > 0)
    return [commit for commit, is_there in zip(series.commits, usable, strict=True) if is_there]
