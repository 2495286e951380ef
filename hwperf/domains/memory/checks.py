"""What kernels should have computed. This module compares whole results; NaN is a difference."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf import CheckFailed
from hwperf.kernels import chase

__all__ = ["POISON", "Floats", "Words", "require_at", "require_equal", "require_value"]

Floats: TypeAlias = NDArray[np.float64]
Words: TypeAlias = NDArray[np.int64]

POISON = -1.0
"""What outputs hold before a kernel has run: no kernel here computes it."""

_SHOWN = 3  # Differences that a message quotes.


def require_equal(actual: NDArray[Any], expected: NDArray[Any]) -> None:
    """Compare every element.

    Raises:
        CheckFailed: naming the first elements that differ; a NaN differs from everything.
    """
    same = actual == expected
    if same.all():
        return
    wrong = np.flatnonzero(~same)
    shown = "; ".join(
        f"element {i}: {actual[i]!r} (is) != {expected[i]!r} (should)" for i in wrong[:_SHOWN]
    )
    raise CheckFailed(f"{wrong.size} of {actual.size} elements are wrong: {shown}")


def require_value(actual: Any, expected: Any, what: str) -> None:
    """Compare one value.

    Raises:
        CheckFailed: if they differ; a NaN differs from everything.
    """
    if not actual == expected:
        raise CheckFailed(f"{what}: {actual!r} (is) != {expected!r} (should)")


def require_at(state: Words, order: Words, starts: list[int], base: int, line_bytes: int) -> None:
    """Replay every chase in its order and compare where it stands.

    Args:
        state: address and steps done of each chain, shape (n_chains, 2).
        order: the cyclic order.
        starts: the line from which each chain set out.
        base: address of line 0.
        line_bytes: distance of two lines.

    Raises:
        CheckFailed: if a chain has made no step or stands elsewhere.
    """
    for start, (address, steps) in zip(starts, state.reshape(-1, 2), strict=True):
        if not steps > 0:
            raise CheckFailed(f"the chase from line {start} made {steps} steps; expected more")
        line = chase.position(order, start, int(steps))
        require_value(int(address), base + line * line_bytes, f"chase after {steps} steps")
