"""What stands in the file: the last block that each thread wrote, and a choice of all others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from hwperf import CheckFailed
from hwperf.domains.storage import content
from hwperf.domains.storage.failure import failed
from hwperf.host import pages
from hwperf.kernels import io
from hwperf.units import MiB

if TYPE_CHECKING:
    from hwperf.checks import Words
    from hwperf.domains.storage.engine import Engine

__all__ = ["require_readable", "require_written"]

_WORDS = content.BLOCK_BYTES // 8
_MOST_BLOCKS = 64  # 4 ms of reading, at 60 µs each.
_MOST_BYTES = 16 * MiB


def require_written(engine: Engine) -> None:
    """See that what *engine* wrote is what stands in the file, and what it had to write.

    Raises:
        CheckFailed: if it is not.
    """
    task = engine.task
    if not task.writes_in_ten:
        return
    for slots in engine.writing:
        blocks = slots.reshape(-1, _WORDS)
        content.require_whole(blocks, engine.size, "what is written", engine.generation)
    room = pages.allocate(task.block, pages="small", dtype=np.int64)
    for thread in range(task.depth):
        told = engine.out[thread]
        offset, slot = int(told[io.LAST_WRITE]), int(told[io.LAST_SLOT])
        if offset >= 0:
            stands = _require_stands(engine, room, offset)
            if not np.array_equal(stands, engine.writing[thread, slot]):
                raise CheckFailed(f"what stands at offset {offset} is not what was written")
    if task.writes_in_ten == 10:
        n = min(int(engine.queue[0]), task.offsets.size)
        count = max(1, min(n, _MOST_BLOCKS, _MOST_BYTES // task.block))
        for place in np.random.default_rng().integers(0, n, count):
            _require_stands(engine, room, int(task.offsets[place]))


def require_readable(engine: Engine) -> None:
    """See that a choice of the blocks that *engine* reads are what was laid out or written there.

    Raises:
        CheckFailed: if one is not.
    """
    task = engine.task
    if task.writes_in_ten or task.is_cached:
        return
    room = pages.allocate(task.block, pages="small", dtype=np.int64)
    count = max(1, min(task.offsets.size, _MOST_BLOCKS, _MOST_BYTES // task.block))
    for offset in np.random.default_rng().choice(task.offsets, count):
        content.require_stamped(_stands(engine, room, int(offset)), int(offset), "what is read")


def _stands(engine: Engine, room: Words, offset: int) -> Words:
    """Return what stands at *offset*."""
    buffer: Any = room.view(np.uint8)
    moved = os.preadv(engine.descriptor, [buffer], offset)
    if moved != engine.task.block:
        raise failed("reading back what was written", io.SHORT)
    return room.reshape(-1, _WORDS)


def _require_stands(engine: Engine, room: Words, offset: int) -> Words:
    """Return what stands at *offset*, which this engine has written."""
    stands = _stands(engine, room, offset)
    content.require_stamped(stands, offset, "what was written", engine.generation)
    return stands
