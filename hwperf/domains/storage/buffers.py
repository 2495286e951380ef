"""What is read into and written from: memory on pages of a known size, filled beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hwperf.domains.storage import content
from hwperf.host import pages
from hwperf.kernels import io
from hwperf.units import KiB

if TYPE_CHECKING:
    from hwperf.checks import Words
    from hwperf.domains.storage.engine import Task

__all__ = ["to_read", "to_write"]

_WORDS = content.BLOCK_BYTES // 8
_SLOTS_BYTES = 256 * KiB  # What the threads write in turn; more would be out of their caches.
_MOST_SLOTS = 64
_ROWS_APART = 7919  # Between the threads' data: a prime, so that they never go in step.


def to_read(task: Task) -> Words:
    """Return int64 of shape (threads, blocks of 4 KiB, words); empty where nothing is read."""
    if task.writes_in_ten == 10:
        return np.empty((0, 0, _WORDS), np.int64)
    return _blocks(task, 1)[:, 0]


def to_write(task: Task, generation: int) -> Words:
    """Return int64 of shape (threads, slots, blocks of 4 KiB, words), stamped for some place."""
    if not task.writes_in_ten:
        return np.empty((0, 1, 0, _WORDS), np.int64)
    found = _blocks(task, max(1, min(_MOST_SLOTS, _SLOTS_BYTES // (task.block * task.depth))))
    for thread, slots in enumerate(found):
        for number, slot in enumerate(slots):
            row = _ROWS_APART * thread + number * (task.block // content.BLOCK_BYTES)
            content.fill(slot, generation=generation, first_row=row)
            io.stamp(slot.ctypes.data, task.block, 0)
    return found


def _blocks(task: Task, n_slots: int) -> Words:
    whole: Words = pages.allocate(
        task.depth * n_slots * task.block, pages=task.pages, dtype=np.int64
    )
    return whole.reshape(task.depth, n_slots, -1, _WORDS)
