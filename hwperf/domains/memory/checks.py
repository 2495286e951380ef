"""Data to work on, and what to make of it. This module fills arrays and compares whole results.

A NaN differs from everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf import CheckFailed
from hwperf.kernels import cycle

if TYPE_CHECKING:
    from hwperf.kernels.cycle import Cycle

__all__ = [
    "POISON",
    "Floats",
    "Words",
    "count_up",
    "require_at",
    "require_each",
    "require_equal",
    "require_value",
]

Floats: TypeAlias = NDArray[np.float64]
Words: TypeAlias = NDArray[np.int64]

POISON = -1.0
"""What outputs hold before a kernel has run: no kernel here computes it."""

_SHOWN = 3  # Differences that a message quotes.
_PART = 2**16  # Elements that are handled at a time: 512 KiB of temporary memory.


def count_up(words: Words) -> None:
    """Write 0, 1, 2 ... into *words*, a part at a time."""
    for start in range(0, words.size, _PART):
        stop = min(start + _PART, words.size)
        words[start:stop] = np.arange(start, stop)


def require_equal(actual: NDArray[Any], expected: NDArray[Any]) -> None:
    """Compare every element.

    Raises:
        CheckFailed: naming the first elements that differ; a NaN differs from everything.
    """
    require_each(actual, lambda part: expected[part])


def require_each(actual: NDArray[Any], expected: Callable[[slice], Any]) -> None:
    """Compare every element with what *expected* gives for each part of the array.

    Raises:
        CheckFailed: naming the first elements that differ; a NaN differs from everything.
    """
    for start in range(0, actual.size, _PART):
        part = slice(start, min(start + _PART, actual.size))
        should = np.broadcast_to(expected(part), actual[part].shape)
        same = actual[part] == should
        if not same.all():
            wrong = np.flatnonzero(~same)
            shown = "; ".join(
                f"element {start + i}: {actual[start + i]!r} (is) != {should[i]!r} (should)"
                for i in wrong[:_SHOWN]
            )
            raise CheckFailed(f"{wrong.size} of elements {start} to {part.stop - 1}: {shown}")


def require_value(actual: Any, expected: Any, what: str) -> None:
    """Compare one value.

    Raises:
        CheckFailed: if they differ; a NaN differs from everything.
    """
    if not actual == expected:
        raise CheckFailed(f"{what}: {actual!r} (is) != {expected!r} (should)")


def require_at(state: Words, path: Cycle, starts: list[int], base: int, line_bytes: int) -> None:
    """Compare where every chase stands with where its steps lead.

    Args:
        state: address and steps done of each chain, shape (n_chains, 2).
        path: the cycle that the chains follow.
        starts: the position on the cycle from which each chain set out.
        base: address of line 0.
        line_bytes: distance of two lines.

    Raises:
        CheckFailed: if a chain has made no step or stands elsewhere.
    """
    for start, (address, steps) in zip(starts, state.reshape(-1, 2), strict=True):
        if not steps > 0:
            raise CheckFailed(f"the chase from {start} made {steps} steps; expected more")
        line = cycle.line_at(path, start + int(steps))
        require_value(int(address), base + line * line_bytes, f"chase after {steps} steps")
