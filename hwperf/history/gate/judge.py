"""The gate. This module leads the series of a suite to findings.

A finding that fails is three things: certain over the whole suite, larger than what matters, and
with some points behind it. What is not all of that is told, and does not fail.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from hwperf.history import fdr
from hwperf.history.attribution import Beside
from hwperf.history.detection.detector import FEWEST
from hwperf.history.gate import alternating, newest, states
from hwperf.history.gate.cause import causes
from hwperf.history.gate.changes import TOLERANCE, Change, Member, changes_of
from hwperf.history.gate.classify import Floors, fails, finding_of, place_in, rerun_of
from hwperf.history.gate.findings import Finding
from hwperf.history.gate.identity import id_of
from hwperf.history.gate.settings import Settings
from hwperf.history.series import Series

__all__ = ["Judged", "judge"]

PlaceOf = Callable[[str], int]


@dataclass(frozen=True, eq=False)
class Judged:
    """What was found, before anything was accepted.

    Attributes:
        findings: all of them, in no order.
        tested: every series that was looked at, and whether it could be judged: it has points
            enough, and one behind the base.
        n_points: their measured points.
        fewest: points that a series needs to be judged.
    """

    findings: Sequence[Finding]
    tested: Sequence[tuple[Series, bool]]
    n_points: int
    fewest: int = FEWEST

    @property
    def n_judged(self) -> int:
        """How many series could be judged."""
        return sum(could for _, could in self.tested)


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A change that may become a finding: how many alike came before, and whose it is."""

    change: Change
    number: int
    cause: tuple[str, str]

    @property
    def name(self) -> str:
        rises_when_worse = self.change.group[0].rises_when_worse
        direction = "worse" if self.change.rises == rises_when_worse else "better"
        kind = direction if self.change.kind == "step" else f"{direction} by drift"
        return id_of(self.change.group, kind, self.number)


def judge(
    everything: Sequence[Series],
    settings: Settings,
    *,
    after: int = -1,
    place_of: PlaceOf = lambda rev: -1,
    floors: Floors | None = None,
) -> Judged:
    """Return what changed in a suite.

    Args:
        everything: its series, in order of their keys.
        settings: what matters.
        after: the place of the base: only changes behind it count.
        place_of: the place of a commit that asv's configuration names.
        floors: what A/A runs found.
    """
    suite = _Suite(everything, settings, after, place_of)
    candidates = [each for group in suite.groups for each in suite.candidates(group)]
    steps = [each for each in candidates if each.change.kind == "step"]
    p_values = [each.change.p_value for each in steps]
    stepped = {id(each.change.group[0]) for each in steps}
    silent = sum(
        id(group[0]) not in stepped and any(suite.has_news(s) for s in group)
        for group in suite.groups
    )
    q_values = fdr.q_values(p_values, len(steps) + silent)
    q_of = {id(each): q for each, q in zip(steps, q_values, strict=True)}
    findings = [
        finding
        for each in candidates
        if (
            finding := finding_of(
                each.change, each.name, each.cause, q_of.get(id(each), 0.0), settings, floors or {}
            )
        )
    ]
    findings += suite.others
    return Judged(
        findings=findings,
        tested=[(series, suite.has_news(series)) for series in suite.series],
        n_points=sum(int(np.isfinite(s.values).sum()) for s in suite.series),
    )


class _Suite:
    """The series of a suite, in groups, with where their judgement begins."""

    def __init__(
        self, everything: Sequence[Series], settings: Settings, after: int, place_of: PlaceOf
    ) -> None:
        self.everything, self.settings, self.after = everything, settings, after
        self.series: list[Series] = []
        self.others: list[Finding] = []
        self._starts: dict[int, int] = {}
        self._beside: dict[tuple[str, str], Beside] = {}
        for series in everything:
            bounds = settings.bounds(series)
            revs = settings.first_commit(series)
            if bounds.skip or None in revs:
                continue
            if bounds.direction is not None and series.quantity is None:
                is_higher = bounds.direction == "higher"
                series = replace(series, higher_is_better=is_higher, is_guessed=False)
            self.series.append(series)
            self._starts[id(series)] = max([after, *(place_of(rev) for rev in revs if rev)])
        self.groups = [tuple(each) for _, each in groupby(self.series, key=self._of_group)]

    def _of_group(self, series: Series) -> tuple[object, ...]:
        key = series.key
        params = () if self.settings.group_params else key.params
        return key.machine, key.environment, key.benchmark, key.version, params

    def has_news(self, series: Series) -> bool:
        """Whether a series has points enough, and one behind its base."""
        measured = np.isfinite(series.values)
        is_new = series.places > self._starts[id(series)]
        return bool(measured.sum() >= FEWEST and (measured & is_new).any())

    def candidates(self, group: Sequence[Series]) -> Iterator[_Candidate]:
        """Yield the changes of a benchmark that count; keep what else there is to say of it."""
        usable = [s for s in group if np.isfinite(s.values).sum() >= FEWEST]
        changes: list[Change] = []
        if usable:
            least = min(self.settings.bounds(s).min_change for s in usable)
            changes = changes_of(usable, least, self.settings.fdr)
        numbers = _numbers(changes)
        # Before the base, too: what came there is asked, and how many there were is in the id.
        told = causes(changes, self.everything, self._beside)
        for change, number, cause in zip(changes, numbers, told, strict=True):
            members = [m for m in change.members if change.place > self._starts[id(m.series)]]
            if members:
                yield _Candidate(replace(change, members=members), number, cause)
        self.others += self._newest(group, changes)
        self.others += self._alternating(group, changes)
        self.others += self._failing(group)

    def _newest(self, group: Sequence[Series], changes: Sequence[Change]) -> Iterator[Finding]:
        after = min(self._starts[id(s)] for s in group)
        alarms = newest.alarms(group, changes, self.settings, after)
        members = [member for member, _ in alarms if self._is_new(member)]
        worse = [c for c in changes if c.rises == group[0].rises_when_worse]
        first = min(map(_place, members), default=0)
        if members and not any(abs(c.place - first) <= TOLERANCE for c in worse):
            points = max(m.n_after for m in members)
            said = f"the newest {points} points lie" if points > 1 else "the newest point lies"
            # Its number is the one that it will have when it is certain.
            name = id_of(group, "worse", len(worse))
            yield from self._possible(
                group, members, name, f"{said} outside of all before: measure again"
            )

    def _alternating(self, group: Sequence[Series], changes: Sequence[Change]) -> Iterator[Finding]:
        after = min(self._starts[id(s)] for s in group)
        found = alternating.at_the_worse(group, changes, self.settings, after)
        members = [member for member in found if self._is_new(member)]
        if members:
            note = "it goes back and forth between two levels, and is at the worse one"
            yield from self._possible(group, members, id_of(group, "alternating", 0), note)

    def _is_new(self, member: Member) -> bool:
        return _place(member) > self._starts[id(member.series)]

    def _possible(
        self, group: Sequence[Series], members: Sequence[Member], name: str, note: str
    ) -> Iterator[Finding]:
        ordered = sorted(members, key=lambda m: m.series.key)
        first, last = min(map(_place, members)), max(map(_place, members))
        rises = group[0].rises_when_worse
        change = Change(group, "step", rises, first, first, last, ordered, math.nan, 1.0)
        found = finding_of(change, name, ("unclear", ""), 1.0, self.settings, {})
        if found is not None:
            yield replace(found, note=note)

    def _failing(self, group: Sequence[Series]) -> Iterator[Finding]:
        members = [m for s in group for m in states.failing([s], self._starts[id(s)])]
        if members:
            first = min(_place(m) for m in members)
            place = place_in(group, first, first, first)
            found = Finding(
                id=id_of(group, "failing", 0),
                kind="failing",
                members=tuple(members),
                commit=place.commit,
                n_group=len(group),
                after_commit=place.after_commit,
                last_commit=place.last_commit,
                rank=first,
                rerun=rerun_of(members),
            )
            yield replace(found, fails=fails(found, self.settings))


def _numbers(changes: Sequence[Change]) -> list[int]:
    """Return how many changes of its direction and kind come before each."""
    seen: dict[tuple[bool, str], int] = {}
    numbers = []
    for change in changes:
        key = change.rises, change.kind
        numbers.append(seen.get(key, 0))
        seen[key] = numbers[-1] + 1
    return numbers


def _place(member: Member) -> int:
    return int(member.series.places[member.index])
