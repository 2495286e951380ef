"""Machine or code, over a suite. This module holds what is judged, and judges a whole history."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwperf.errors import UsageError
from hwperf.history.attribution.beside import Beside, canaries_beside, is_canary
from hwperf.history.attribution.cause import Attribution, Moved
from hwperf.history.attribution.residual import detect
from hwperf.history.attribution.state import Difference
from hwperf.history.order import Order
from hwperf.history.series import Series

__all__ = [
    "OF_THE_MACHINE", "Finding", "Verdict", "chosen_machine", "commits_of", "finding_of", "newest",
    "rank", "resolved", "throughout",
]  # fmt: skip

FEWEST_IN_HISTORY = 8
"""Points of a series without which its history is not judged."""

OF_THE_MACHINE = "it measures the machine, by code that is the same: its version is"
"""Why a change of one of hwperf's own workloads is the machine's."""

_NEWEST = "a change is seen once four runs show it; the newest are compared by naming two commits"

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
        for each in detect(series.costs, canaries):
            told = each if series.rises_when_worse else each.of_the_rate()
            if series.workload is not None:
                told = replace(told, cause="machine", reason=OF_THE_MACHINE)
            before, after = _levels(series, told.index)
            findings.append(finding_of(series, before, after, series.commits[told.index], told))
    return Verdict(
        machine=machine,
        commits=(),
        findings=tuple(sorted(findings, key=rank)),
        notes=(_NEWEST,) if n_compared else (),
        n_compared=n_compared,
        n_missing=len(code) - n_compared,
    )


def finding_of(
    series: Series, before: float, after: float, commit: str, told: Attribution
) -> Finding:
    """Return what was found of *series*; *commit* is the first at the new level."""
    is_worse = (told.ratio > 1) == series.rises_when_worse
    return Finding(series, before, after, commit, told, is_worse)


def _levels(series: Series, index: int) -> tuple[float, float]:
    before, after = series.values[max(0, index - 8) : index], series.values[index : index + 8]
    return (
        float(np.nanmedian(before)) if np.isfinite(before).any() else float("nan"),
        float(np.nanmedian(after)) if np.isfinite(after).any() else float("nan"),
    )


def rank(finding: Finding) -> tuple[int, int, float, str]:
    """Return where *finding* stands among others: the worse, the code's, the large first."""
    causes = ("code", "mixed", "unclear", "machine")
    size = -abs(float(np.log(finding.attribution.ratio)))
    return (
        0 if finding.is_worse else 1,
        causes.index(finding.attribution.cause),
        size,
        str(finding.series.key),
    )
