"""What a kernel computed, beside what it should. This module compares whole results, for workloads.

A NaN differs from everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.errors import CheckFailed

__all__ = ["POISON", "Floats", "Words", "require_each", "require_equal", "require_value"]

Floats: TypeAlias = NDArray[np.float64]
Words: TypeAlias = NDArray[np.int64]

POISON = -1.0
"""What outputs hold before a kernel has run: no kernel here computes it."""

_SHOWN = 3  # Differences that a message quotes.
_PART = 2**16  # Elements that are handled at a time: 512 KiB of temporary memory.


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
