"""What the gate found. This module holds findings and the report that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hwperf.history.gate.changes import Member
from hwperf.history.gate.settings import Settings
from hwperf.history.series import Series

__all__ = ["KINDS", "Finding", "Report", "Stale", "shown_ratio"]

KINDS: Mapping[str, str] = {
    "regression": "worse, certain over the suite, and large enough to matter",
    "failing": "measured before, and failing now",
    "possible": "worse, but too new, not certain enough, or at a level of before: measure again",
    "drift": "slowly worse, without one commit at which",
    "placement": "the threads lie on other CPUs than before: no change of the code",
    "improvement": "better",
}
"""Every kind of finding, in the order in which they are shown."""


def shown_ratio(series: Series, ratio: float) -> float:
    """Return the ratio of what is shown for a ratio of what is stored: a cost's is a rate's."""
    if series.quantity is not None and series.quantity.higher_is_better and ratio > 0:
        return 1 / ratio
    return ratio


@dataclass(frozen=True, eq=False)
class Finding:
    """One cause, as far as it can be told: a change of one benchmark, with its parameters.

    Attributes:
        id: stays while data arrive and the place moves by a few commits.
        kind: one of :data:`KINDS`.
        status: "new", "recovered", "accepted" or "reopened" (it grew since it was accepted).
        cause: "code", "machine", "mixed" or "unclear".
        members: the series that show it; of one benchmark, machine and environment.
        n_group: how many series the benchmark has.
        commit: the first commit at the new level, as far as can be told.
        after_commit: the last commit that was certainly at the old level, "" where there is none.
        last_commit: the last commit that may be the first at the new level.
        ratio: new level over old, as stored; the geometric mean of the members.
        interval: 95 % interval of the ratio.
        now: the level at the end over the old one.
        since: of the levels that followed, the one that undid most, over the old one.
        statistic: size over noise.
        p_value: how often noise shows as much.
        q_value: the false discovery rate over the suite at which it is told.
        floor: smallest change that A/A runs of this machine can tell, None where there are none.
        min_change: smallest change that is told, as a fraction of what is shown.
        fail_change: smallest change that fails.
        fails: whether it makes the gate fail.
        note: what else is to be said.
        rerun: the command that measures it again, "" where it would not help.
        evidence: what speaks for the cause, in words.
        rank: place of its commit among all that were measured.
    """

    id: str
    kind: str
    members: tuple[Member, ...]
    commit: str
    status: str = "new"
    cause: str = "unclear"
    n_group: int = 1
    after_commit: str = ""
    last_commit: str = ""
    ratio: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    now: float = math.nan
    since: float = math.nan
    statistic: float = math.nan
    p_value: float = 1.0
    q_value: float = 1.0
    floor: float | None = None
    min_change: float = 0.01
    fail_change: float = 0.03
    fails: bool = False
    note: str = ""
    rerun: str = ""
    evidence: str = ""
    rank: int = 0

    @property
    def series(self) -> Series:
        """The series of the member that changed most: what is shown as an example."""
        return self.worst.series

    @property
    def worst(self) -> Member:
        """The member that changed most."""
        return max(
            self.members,
            key=lambda m: abs(math.log(m.ratio)) if m.ratio > 0 and math.isfinite(m.ratio) else 0,
        )

    @property
    def change(self) -> float:
        """The change as a fraction of what is shown: -0.2 for a rate that fell by 20 %."""
        return shown_ratio(self.series, self.ratio) - 1

    @property
    def change_interval(self) -> tuple[float, float]:
        """95 % interval of :attr:`change`, lower bound first."""
        low, high = sorted(shown_ratio(self.series, each) - 1 for each in self.interval)
        return low, high

    @property
    def group(self) -> str:
        """What findings at one commit share."""
        return f"g-{self.commit[:8]}"


@dataclass(frozen=True)
class Stale:
    """An entry of the file of accepted changes that has no effect.

    Attributes:
        id: of the entry.
        bench: its benchmark.
        why: what is the matter with it.
    """

    id: str
    bench: str
    why: str


@dataclass(frozen=True, eq=False)
class Report:
    """The gate's answer.

    Attributes:
        findings: the gravest first.
        verdict: "pass", "fail" or "insufficient".
        exit_code: 0, 1 or 3.
        results: where the results are.
        since: the commit after which changes count, "" for all.
        head: the newest measured commit.
        n_series: series that were looked at.
        n_points: their measured points.
        n_judged: series with enough points, some of them after *since*.
        stale: accepted changes without effect.
        warnings: what a reader must know.
        settings: what was asked for.
        why: one clause on the verdict.
        tested: every series that was looked at, and whether it could be judged.
    """

    findings: Sequence[Finding]
    verdict: str
    exit_code: int
    results: str
    since: str
    head: str
    n_series: int
    n_points: int
    n_judged: int
    stale: Sequence[Stale]
    settings: Settings
    warnings: Sequence[str] = field(default_factory=tuple)
    why: str = ""
    tested: Sequence[tuple[Series, bool]] = field(default_factory=tuple)

    def of(self, kind: str, *statuses: str) -> list[Finding]:
        """Return the findings of a kind, with one of *statuses*, or with any."""
        return [
            f for f in self.findings if f.kind == kind and f.status in (statuses or (f.status,))
        ]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are, by kind; recovered and accepted ones count as such."""
        found = {kind: len(self.of(kind, "new", "reopened")) for kind in KINDS}
        for status in ("recovered", "accepted", "reopened"):
            found[status] = sum(finding.status == status for finding in self.findings)
        return found
