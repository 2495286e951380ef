"""What a number alone does not say. This module finds failures that began, and other placements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from hwperf.history.gate.changes import Member
from hwperf.history.series import Series

__all__ = ["failing", "placement", "recorded"]

_NEAR = 16  # Points on either side whose placement is asked.
_MOST_FACTS = 3  # That are told.
_LONGEST = 60  # Characters of a fact.


def failing(group: Sequence[Series], after: int) -> list[Member]:
    """Return those of *group* that were measured once and fail now.

    Args:
        group: the series of one benchmark.
        after: only failures that begin behind this place count.
    """
    found = []
    for series in group:
        measured = np.flatnonzero(np.isfinite(series.values))
        if len(series) == 0 or not series.failed[-1] or len(measured) == 0:
            continue
        later = np.flatnonzero(series.failed[measured[-1] + 1 :]) + measured[-1] + 1
        if series.places[later[0]] > after:
            level = float(np.median(series.values[measured[-_NEAR:]]))
            nan = float("nan")
            found.append(
                Member(
                    series, int(later[0]), level, nan, (nan, nan), nan, len(measured), len(later)
                )
            )
    return found


def placement(members: Iterable[Member]) -> tuple[str, str] | None:
    """Return how the CPUs of the threads lay before and after, if that alone has changed.

    None where it has not, or where a member changed whose threads lie as before, or which tells
    nothing of them.
    """
    changes = [_placement_of(member) for member in members]
    first = changes[0] if changes else None
    return first if first is not None and None not in changes else None


def _placement_of(member: Member) -> tuple[str, str] | None:
    tags, index = member.series.placements, member.index
    before = _most(tags[max(0, index - _NEAR) : index])
    after = _most(tags[index : index + _NEAR])
    return (before, after) if before and after and before != after else None


def recorded(members: Iterable[Member]) -> str:
    """Return what asv recorded otherwise before and after: ``cpu was 'a' and is 'b'``.

    Another machine under the same name, or another kernel, is seen here at once. It decides
    nothing. Empty where nothing differs.
    """
    found: dict[str, tuple[str, str]] = {}
    for member in members:
        settings, index = member.series.settings, member.index
        if not 0 < index < len(settings) or settings[index - 1] is settings[index]:
            continue
        old, new = settings[index - 1], settings[index]
        for name in sorted({*old, *new}):
            if old.get(name, "") != new.get(name, "") and name != "machine":
                found.setdefault(name, (old.get(name, ""), new.get(name, "")))
    told = [
        f"{name[:_LONGEST]} was {a[:_LONGEST]!r} and is {b[:_LONGEST]!r}"
        for name, (a, b) in found.items()
    ]
    more = [f"{len(told) - _MOST_FACTS} more differ"] if len(told) > _MOST_FACTS else []
    return ", ".join([*told[:_MOST_FACTS], *more])


def _most(tags: Sequence[str]) -> str:
    counts = Counter(tag for tag in tags if tag)
    return min(counts, key=lambda tag: (-counts[tag], tag), default="")
