"""What a change amounts to. This module says of which kind it is, and whether it fails."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hwperf.history.gate import states, visited
from hwperf.history.gate.changes import Change, Member
from hwperf.history.gate.findings import Finding, shown_ratio
from hwperf.history.gate.settings import Settings
from hwperf.history.series import Series

__all__ = ["Floors", "Place", "fails", "finding_of", "place_in", "rerun_of"]

Floors = Mapping[tuple[str, str, tuple[tuple[str, str], ...], str], float]
"""By machine, benchmark, parameters and version: the smallest relative change that is no noise."""

_RECENT = 12  # Points behind a change: with more, one more would settle nothing.
_LEFT = 0.25  # Of a change: what is left of it, at most, when it counts as recovered.


@dataclass(frozen=True)
class Place:
    """Where a change is: see :class:`hwperf.history.gate.findings.Finding`."""

    commit: str
    after_commit: str
    last_commit: str


def finding_of(
    change: Change, name: str, cause: tuple[str, str], q_value: float, settings: Settings,
    floors: Floors,
) -> Finding | None:  # fmt: skip
    """Return what *change* amounts to, None where it is nothing that is told.

    Args:
        change: the change.
        name: the id of the finding.
        cause: whose it is, and what speaks for that.
        q_value: the false discovery rate over the suite at which it is told.
        settings: what matters.
        floors: what A/A runs found.
    """
    first = change.members[0].series
    is_worse = change.rises == first.rises_when_worse
    place = place_in(change.group, change.place, change.earliest, change.latest)
    bounds = [settings.bounds(member.series) for member in change.members]
    known = [f for m in change.members if (f := _floor(m.series, floors)) is not None]
    floor = min(known) if known else None
    found = Finding(
        id=name,
        kind="regression" if is_worse else "improvement",
        members=tuple(change.members),
        commit=place.commit,
        cause=cause[0],
        n_group=len(change.group),
        after_commit=place.after_commit,
        last_commit=place.last_commit,
        ratio=change.ratio,
        interval=change.interval,
        now=change.now,
        since=change.since,
        statistic=change.statistic,
        p_value=change.p_value,
        q_value=q_value,
        floor=floor,
        min_change=max(min(b.min_change for b in bounds), floor or 0.0),
        fail_change=min(b.fail_change for b in bounds),
        evidence="; ".join(filter(None, (cause[1], states.recorded(change.members)))),
        rank=change.place,
    )
    if abs(found.change) < found.min_change:
        return None
    if change.kind == "drift":
        return _ended(_with(found, kind="drift"), settings) if is_worse else None
    lay = states.placement(change.members)
    if lay is not None:
        note = f"the CPUs of its threads lay {lay[0]} before and {lay[1]} after"
        return _with(found, kind="placement", cause="machine", note=note)
    if not is_worse:
        return found if q_value <= settings.fdr else None
    if q_value > settings.fdr:
        note = "not certain enough among all that were tested"
        found = _with(found, kind="possible", note=note)
    elif min(change.n_after, change.n_before) < settings.min_points_after:
        least, side = min((change.n_after, "behind"), (change.n_before, "before"))
        points = "point" if least == 1 else "points"
        note = f"{least} {points} {side} it, {settings.min_points_after} are needed"
        found = _with(found, kind="possible", note=note)
    elif commit := visited.earlier_commit(change.members):
        note = f"it was there at {commit[:8]} too: a state of the machine, or a change undone"
        found = _with(found, kind="possible", note=note)
    return _ended(found, settings)


def _ended(found: Finding, settings: Settings) -> Finding | None:
    """Return *found* with its status, its end and whether it fails."""
    # What came back after it had recovered is a change of its own.
    left = min(_worsening(found, ratio) for ratio in (found.now, found.since))
    if left < max(found.min_change, _LEFT * abs(found.change)):
        # What was never certain has not recovered: it was nothing.
        return _with(found, status="recovered") if found.kind != "possible" else None
    is_recent = max(member.n_after for member in found.members) <= _RECENT
    rerun = rerun_of(found.members) if found.kind == "possible" and is_recent else ""
    found = _with(found, rerun=rerun)
    return _with(found, fails=fails(found, settings), note=found.note or _why_not(found, settings))


def fails(found: Finding, settings: Settings) -> bool:
    """Whether a finding that is neither accepted nor recovered makes the gate fail."""
    if found.kind != "regression":
        return found.kind in settings.fail_on
    return found.cause in settings.fail_on and not _too_small(found)


def _too_small(found: Finding) -> str:
    """Return why a regression is too small to fail, empty where it is not."""
    if min(abs(found.change), _worsening(found, found.now)) < found.fail_change:
        return f"below the {found.fail_change:.1%} that fail"
    low, high = found.change_interval
    if low * high <= 0 or min(abs(low), abs(high)) < found.min_change:
        return f"its interval reaches below {found.min_change:.1%}"
    return ""


def _why_not(found: Finding, settings: Settings) -> str:
    if found.kind != "regression":
        return ""
    if found.cause not in settings.fail_on:
        return f"cause {found.cause} is not among those that fail"
    small, now = _too_small(found), _worsening(found, found.now)
    if small and now >= found.fail_change > abs(found.change):
        return f"{small}; with what followed {now:.1%}"  # Many small ones make a large one.
    return small


def _worsening(found: Finding, ratio: float) -> float:
    """Return by which fraction of what is shown *ratio* is worse, 0 where it is not."""
    is_worse = (ratio > 1) is found.series.rises_when_worse
    return abs(shown_ratio(found.series, ratio) - 1) if is_worse and ratio > 0 else 0.0


def place_in(group: Sequence[Series], place: int, earliest: int, latest: int) -> Place:
    """Return the commits at and around a place."""
    commits: dict[int, str] = {}
    for series in group:
        commits.update(zip(series.places.tolist(), series.commits, strict=True))
    before = max((each for each in commits if each < earliest), default=None)
    return Place(commits[place], "" if before is None else commits[before], commits[latest])


def rerun_of(members: Sequence[Member]) -> str:
    """Return asv's command that measures a benchmark again at its newest commit."""
    series = members[0].series
    regex = rf"^{re.escape(series.key.benchmark)}(\(|$)"
    environment, commit = series.key.environment, series.commits[-1]
    # asv measures what is installed as whatever commit it is told, and no range.
    what = ["--set-commit-hash", commit] if environment.startswith("existing-") else [f"{commit}^!"]
    kind = ["-E", "host"] if environment.startswith("host-") else []
    return shlex.join(["asv", "run", *kind, "--bench", regex, "--append-samples", *what])


def _floor(series: Series, floors: Floors) -> float | None:
    key = series.key
    return floors.get((key.machine, key.benchmark, key.params, key.version))


def _with(found: Finding, **changes: object) -> Finding:
    return replace(found, **changes)  # type: ignore[arg-type]
