"""Steps of a series in two modes. This module joins those of the folded series and the others.

What is as large as the gap cannot be seen in the folded series: both modes moved by one, or the
series stays in one mode for longer than its other stays allow.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hwperf.history.detection.candidates import SHORTEST
from hwperf.history.detection.finding import Found, judge_of
from hwperf.history.detection.robust import clipped
from hwperf.history.detection.unfolding import Modes, runs_of

__all__ = ["joined"]

_SAME = 8  # Points: two steps that are closer are one.
_CHANCE = 0.01  # Of one stay among them all that is so long.
_MOVES = 8.0  # Points outside of both modes that a move of both has to explain.
_LEVELS = 6  # Of a stretch that are asked for the lower mode: two, and some moves of both.
_NEAREST = 0.5  # The same for a whole gap of difference at a step of the folded series: of two
# ways to take a stretch in one mode the one that makes the smaller step.


def joined(plain: Found, folded: Found, modes: Modes) -> list[tuple[int, Found]]:
    """Return the steps of a series in two modes, each with the series that shows it.

    Args:
        plain: what was found in the series as it is.
        folded: what was found in :attr:`Modes.folded`.
        modes: how it was folded.
    """
    lower = _lower_modes(folded, modes)
    moves = []
    for b in np.flatnonzero(np.diff(lower)).tolist():
        if b + 1 not in folded.boundaries:
            moves.append(_settled(b + 1, modes.turns, lower, plain.boundaries))
    own = sorted([*folded.boundaries, *(b for b in moves if _is_apart(b, folded.boundaries))])
    stays = [b for b in _ends_of_long_stays(modes.turns) if _is_apart(b, own)]
    x = folded.x + modes.gap * lower
    boundaries = sorted([*own, *stays])
    level = Found(x, boundaries, judge_of(clipped(x), own, plain.judge.floor), boundaries)
    return [(b, plain if b in stays else level) for b in boundaries]


def _settled(b: int, turns: NDArray[np.intp], lower: NDArray[np.intp], known: list[int]) -> int:
    """Return where both modes moved: between two points that tell, at a *known* step if any.

    Points in the mode that both levels share tell nothing; *lower* changes at *b*, and is brought
    in line.
    """
    old, new = int(lower[b - 1]), int(lower[b])
    only_old, only_new = (old, new + 1) if new > old else (old + 1, new)
    first = b
    while first > 0 and lower[first - 1] == old and turns[first - 1] != only_old:
        first -= 1
    last = b
    while last < turns.size - 1 and lower[last] == new and turns[last] != only_new:
        last += 1
    within = [each for each in known if first <= each <= last]
    at = min(within, key=lambda each: abs(2 * each - first - last), default=(first + last) // 2)
    lower[first:at], lower[at : last + 1] = old, new
    return at


def _is_apart(b: int, others: list[int]) -> bool:
    return all(abs(b - other) > _SAME for other in others)


def _lower_modes(folded: Found, modes: Modes) -> NDArray[np.intp]:
    """Return, for each point, how many gaps above the folded series the lower of two modes is.

    That which leaves the fewest points outside of both modes (Viterbi's algorithm): it may change
    where the folded series steps, and elsewhere if enough points say so.
    """
    edges = [0, *folded.boundaries, modes.turns.size]
    jumps = [0.0, *_jumps(folded, modes.gap)]
    stretches: list[tuple[NDArray[np.intp], list[NDArray[np.intp]]]] = []
    total = np.zeros(1)
    before = np.zeros(1, dtype=np.intp)
    for (a, b), jump in zip(pairwise(edges), jumps, strict=True):
        turns = modes.turns[a:b]
        lower = _candidates(turns)
        outside = ((turns[:, None] < lower) | (turns[:, None] > lower + 1)).astype(np.float64)
        costs = total + _NEAREST * np.abs(jump + lower[:, None] - before) * (a > 0)
        origins = [np.argmin(costs, axis=1)]
        total = costs.min(axis=1) + outside[0]
        own = np.arange(lower.size)
        for row in outside[1:]:
            best = int(np.argmin(total))
            stays = total <= total[best] + _MOVES
            origins.append(np.where(stays, own, best))
            total = np.where(stays, total, total[best] + _MOVES) + row
        stretches.append((lower, origins))
        before = lower
    at = int(np.argmin(total))
    path: list[int] = []
    for lower, origins in reversed(stretches):
        for origin in reversed(origins):
            path.append(int(lower[at]))
            at = int(origin[at])
    return np.array(path[::-1], dtype=np.intp)


def _candidates(turns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return what the lower mode may be in a stretch: its commonest levels, or one below."""
    levels, counts = np.unique(turns, return_counts=True)
    common = levels[np.argsort(-counts, kind="stable")[:_LEVELS]]
    return np.unique(np.concatenate((common, common - 1)))


def _jumps(folded: Found, gap: float) -> list[float]:
    """Return by how many gaps the folded series steps at each of its boundaries."""
    edges = [0, *folded.boundaries, folded.x.size]
    levels = [float(np.median(folded.x[a:b])) for a, b in pairwise(edges)]
    return [(new - old) / gap for old, new in pairwise(levels)]


def _ends_of_long_stays(turns: NDArray[np.intp]) -> list[int]:
    """Return where stays begin and end that are far longer than the others in that mode.

    Stays last an exponential time. How likely the next one is to be so long, their mean being known
    from these alone, is the tail of Lomax's distribution; any of them might have been that one.
    """
    lengths, levels = runs_of(turns)
    edges = np.cumsum(lengths)
    found = set()
    for k, (length, level) in enumerate(zip(lengths, levels, strict=True)):
        others = lengths[levels == level]
        n_others, total = others.size - 1, int(others.sum()) - length
        if length < SHORTEST or not n_others:
            continue
        if others.size * (1 + length / total) ** -float(n_others) < _CHANCE:
            found |= {int(edges[k]) - int(length), int(edges[k])}
    return sorted(b for b in found if SHORTEST <= b <= turns.size - SHORTEST)
