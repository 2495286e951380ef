"""Code or machine. This module asks the canaries that were measured beside a benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hwperf.history import attribution
from hwperf.history.attribution import Attribution, Beside
from hwperf.history.gate.changes import Change
from hwperf.history.series import Series

__all__ = ["OF_THE_MACHINE", "causes", "combined"]

OF_THE_MACHINE = "it is a canary, whose code never changes"


def causes(
    changes: Sequence[Change], everything: Sequence[Series], known: dict[tuple[str, str], Beside]
) -> list[tuple[str, str]]:
    """Return the cause of each change of one benchmark, and what speaks for it.

    Args:
        changes: all changes of the benchmark.
        everything: all series, among which its canaries are.
        known: the canaries by machine and environment; what is missing is added.
    """
    if not changes:
        return []
    key = changes[0].group[0].key
    if attribution.is_canary(changes[0].group[0]):
        return [("machine", OF_THE_MACHINE)] * len(changes)
    if changes[0].group[0].workload is not None:
        # What measures the machine is its own canary: a machine that lost a fifth has to fail.
        return [("unclear", "")] * len(changes)
    place = key.machine, key.environment
    if place not in known:
        known[place] = attribution.canaries_beside(everything, *place)
    beside = known[place]
    if not beside.values:
        return [("unclear", "")] * len(changes)
    told = _told(changes, beside)
    return [combined([told[id(member)] for member in change.members]) for change in changes]


def _told(changes: Sequence[Change], beside: Beside) -> Mapping[int, Attribution]:
    """Return the attribution of each member, by its identity."""
    of_series: dict[int, list[tuple[int, int]]] = {}
    members = [member for change in changes for member in change.members]
    for i, member in enumerate(members):
        of_series.setdefault(id(member.series), []).append((member.index, i))
    found: dict[int, Attribution] = {}
    for places in of_series.values():
        chosen = [members[i] for _, i in sorted(places)]
        series = chosen[0].series
        judged = attribution.attribute(series.costs, chosen, beside.along(series.commits))
        found.update({id(m): each for m, each in zip(chosen, judged, strict=True)})
    return found


def combined(found: Sequence[Attribution]) -> tuple[str, str]:
    """Return what most of those say that can tell; where they are at odds, that it is mixed."""
    counts = Counter(each.cause for each in found if each.cause != "unclear")
    if not counts:
        return "unclear", found[0].reason if found else ""
    ranked = counts.most_common()
    cause = ranked[0][0] if len(ranked) == 1 or ranked[0][1] > ranked[1][1] else "mixed"
    reason = next((each.reason for each in found if each.cause == cause), "its parameters disagree")
    return cause, reason
