"""Data to work on, and where a chase must stand. This module is shared by the memory workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hwperf import CheckFailed
from hwperf.checks import Words, require_value
from hwperf.kernels import cycle

if TYPE_CHECKING:
    from hwperf.kernels.cycle import Cycle

__all__ = ["count_up", "require_at"]

_PART = 2**16  # Elements that are handled at a time: 512 KiB of temporary memory.


def count_up(words: Words) -> None:
    """Write 0, 1, 2 ... into *words*, a part at a time."""
    for start in range(0, words.size, _PART):
        stop = min(start + _PART, words.size)
        words[start:stop] = np.arange(start, stop)


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
